//! What is kept of documents that come again and again: damaged bytes are a miss, whoever wrote them, and
//! nothing is asked for all the time, or never again.
//!
//! The first octet of the input says what the rest is: a schedule, a slot of the board, a copy on the shelf.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use clock::{Monotonic, Msec, Seconds, UnixTime};
use fuzz::sentence::is_sentence;
use http::Validators;
use libfuzzer_sys::fuzz_target;
use refresh::{Board, Copy, SLOT, Schedule, Seal, Shelf, Slot, SlotState, Staleness, Stamp};
use tempfile::TempDir;

const LONGEST: u64 = 4096;
const NAME: &str = "corp";
/// A week.
const LONGEST_WAIT: Msec = Msec(604_800_000);

/// In memory where that can be had: each input writes a few files.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
    TempDir::new_in(parent).expect("a folder")
});

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else { return };
    match kind % 3 {
        0 => schedule(rest),
        1 => slot(rest),
        _ => shelf(rest),
    }
});

/// The wait is never longer than the interval, and never so short that the server would do nothing else.
fn schedule(input: &[u8]) {
    let mut octets = Octets(input);
    // As `metadata_refresh` can be: a second to a week.
    let interval = Seconds(1 + i64::from(octets.u32() % 604_800));
    let at_least = |wait: Seconds| Msec(Msec::from(wait.min(interval)).0 / 5 * 4);
    let schedule = Schedule { interval };
    let keep = octets.is_odd().then(|| Seconds(octets.i64()));
    let until = octets.is_odd().then(|| UnixTime::from_secs(octets.i64()));
    let (now, dice) = (UnixTime::from_secs(octets.i64()), octets.u32());
    let wait = schedule.after_success(Staleness { keep, until }, now, dice);
    assert!((at_least(Seconds(60))..=Msec::from(interval)).contains(&wait), "{wait}");
    if let Some(keep) = keep {
        assert!(wait <= Msec::from(keep.max(Seconds(60))));
    }
    let failures = octets.u32();
    let wait = schedule.after_failure(failures, 0);
    assert!((at_least(Seconds(10))..=Msec::from(interval)).contains(&wait), "{wait}");
    assert!(schedule.after_failure(failures.saturating_add(1), 0) >= wait);
    let sooner = schedule.after_failure(failures, dice);
    assert!(sooner <= wait && sooner.0 >= wait.0 / 5 * 4);
}

/// A slot of shared memory with anything in it works like another from the next fetch on.
fn slot(input: &[u8]) {
    let mut octets = Octets(input);
    let mut bytes = [0; SLOT];
    bytes.fill_with(|| octets.u8());
    // SAFETY: a slot is made of atomic integers alone (repr(C), no padding but its alignment's), which have any bits.
    let slot: Slot = unsafe { std::mem::transmute(bytes) };
    let mut now = Monotonic::from_msec(u64::from(octets.u32()));
    check_state(&slot.state(now));
    let other = [Slot::default(), slot];
    let name = [octets.u8(); 32];
    let found = Board(&other).slot(&name).expect("the first one is free");
    assert!(std::ptr::eq(found, Board(&other).slot(&name).expect("it has one")));
    let [_, slot] = &other;
    while !octets.0.is_empty() {
        now = now + Msec(u64::from(octets.u32()));
        let (span, wait) = (Msec(u64::from(octets.u32())), Msec(u64::from(octets.u32())));
        let Some(lease) = slot.lease(now, LONGEST_WAIT, span) else { continue };
        assert!(
            slot.lease(now, LONGEST_WAIT, Msec(0)).is_none() || span == Msec(0),
            "one at a time"
        );
        let (before, failed) = (slot.generation(), slot.failures());
        if octets.is_odd() {
            let is_new = octets.is_odd();
            let after = slot.succeed(lease, is_new, now, wait);
            assert_eq!((after != before, after), (is_new, slot.generation()));
            let state = slot.state(now);
            let expected = SlotState { age: Some(Msec(0)), next: wait, failures: 0, error: None };
            assert!(state == expected || now.as_msec() == 0, "{state:?}");
        } else {
            let why = String::from_utf8_lossy(octets.0).into_owned();
            slot.fail(lease, &why, now, wait);
            let state = slot.state(now);
            assert_eq!((state.next, slot.generation()), (wait, before));
            assert!(slot.failures() >= failed);
            let error = state.error.clone().expect("it has failed");
            let told = why.split('\0').next().unwrap_or_default();
            assert!(told.starts_with(error.trim_end_matches('\u{fffd}')), "{error}");
            check_state(&state);
        }
        assert_eq!(slot.is_due(now, LONGEST_WAIT), wait == Msec(0) || wait > LONGEST_WAIT);
        assert!(slot.is_due(now + wait, LONGEST_WAIT));
    }
}

fn check_state(state: &SlotState) {
    assert_eq!(state.error.is_some(), state.failures > 0);
    // Octets that are no text become three each.
    assert!(state.error.as_ref().is_none_or(|error| error.len() <= 3 * 256));
}

/// What is loaded is what was saved, or nothing: by whomever it was changed.
fn shelf(input: &[u8]) {
    let mut octets = Octets(input);
    let shelf = Shelf::new(FOLDER.path(), LONGEST, Seal::by([b"of this host".as_slice()]));
    let path = shelf.path(NAME);
    let (at, mask) = (usize::from(octets.u8()) << 8 | usize::from(octets.u8()), octets.u8());
    let mut parts = octets.0.splitn(3, |byte| *byte == b'\n');
    let mut text = || {
        let part = parts.next().filter(|part| !part.is_empty())?;
        Some(String::from_utf8_lossy(part).into_owned())
    };
    let validators = Validators { etag: text(), last_modified: text() };
    let document = parts.next().unwrap_or_default().to_vec();
    let copy = Copy { document, validators };
    let fits = copy.document.len() as u64 <= LONGEST;
    if let Err(error) = shelf.save(NAME, &copy) {
        // JSON's escapes make it six times longer at the most.
        let Validators { etag, last_modified } = &copy.validators;
        let said = [etag, last_modified].map(|text| text.as_ref().map_or(0, String::len));
        return assert!(said.iter().sum::<usize>() > 2048, "{error}");
    }
    let loaded = shelf.load(NAME);
    match loaded {
        Ok(loaded) => assert_eq!(loaded.as_ref(), Some(&copy)),
        // A document may take the room that its note leaves.
        Err(error) => assert!(!fits && is_sentence(&error.to_string()), "{error}"),
    }
    assert!(copy.known().is_same(&copy));
    let mut bytes = std::fs::read(&path).expect("it is there");
    let stamp = Stamp::of(&path).expect("it is there");
    assert_eq!(Stamp::of(&path).expect("it is there"), stamp);
    let at = at % bytes.len();
    std::fs::write(&path, &bytes[..at]).expect("room");
    assert_ne!(Stamp::of(&path).expect("it is there"), stamp);
    is_copy_or_miss(&shelf, &copy);
    bytes[at] ^= mask;
    std::fs::write(&path, &bytes).expect("room");
    is_copy_or_miss(&shelf, &copy);
    // What is no copy of ours at all.
    std::fs::write(&path, input).expect("room");
    is_copy_or_miss(&shelf, &copy);
}

fn is_copy_or_miss(shelf: &Shelf, copy: &Copy) {
    match shelf.load(NAME) {
        Ok(loaded) => assert_eq!(loaded.as_ref(), Some(copy)),
        Err(error) => assert!(is_sentence(&error.to_string()), "{error}"),
    }
}

/// What is left of the input; zeroes behind its end.
struct Octets<'a>(&'a [u8]);

impl Octets<'_> {
    fn u8(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or_default()
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes([(); 4].map(|()| self.u8()))
    }

    fn i64(&mut self) -> i64 {
        i64::from_le_bytes([(); 8].map(|()| self.u8()))
    }

    fn is_odd(&mut self) -> bool {
        self.u8() % 2 == 1
    }
}
