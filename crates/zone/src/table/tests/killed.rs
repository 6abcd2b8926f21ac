//! A worker that dies at any instruction of any change: what the next one finds.

use std::collections::BTreeMap;

use super::*;
use crate::stops::Shared;

const SIZE: usize = MIN_SIZE;
const SOON: UnixTime = UnixTime::from_secs(1_005);
const LATER: UnixTime = UnixTime::from_secs(1_900);
const KINDS: [Kind; 6] =
    [SESSION, Kind::Index, Kind::Replay, Kind::Tombstone, Kind::Unproven, Kind::Order];

/// What a worker does in one go.
type Change = (&'static str, fn(&mut Table<'_>));

/// A table with room.
const CHANGES: &[Change] = &[
    ("put, of one block", |t| t.put(SESSION, &key(50), b"new", LATER, NOW).unwrap()),
    ("put, of freed and of fresh blocks", |t| {
        t.put(SESSION, &key(51), &[5; 3000], LATER, NOW).unwrap();
    }),
    ("put over, the same length", |t| t.put(SESSION, &key(2), &[6; 300], LATER, NOW).unwrap()),
    ("put over, longer", |t| t.put(Kind::Index, &key(1), &[6; 900], LATER, NOW).unwrap()),
    ("put over, shorter", |t| t.put(Kind::Replay, &key(1), &[6; 5], LATER, NOW).unwrap()),
    ("put over an order", |t| t.put(Kind::Order, &key(1), b"no", UnixTime::MAX, NOW).unwrap()),
    ("put when something has expired", |t| t.put(SESSION, &key(50), b"new", LATER, SOON).unwrap()),
    ("add", |t| assert_eq!(t.add(Kind::Replay, &key(50), b"1", LATER, NOW), Ok(true))),
    ("add what is there", |t| assert_eq!(t.add(Kind::Replay, &key(1), b"", LATER, NOW), Ok(false))),
    ("update", |t| {
        let version = t.get(Kind::Index, &key(1), NOW, Vec::new()).unwrap().version;
        assert_eq!(t.update(Kind::Index, &key(1), version, &[7; 500], LATER, NOW), Ok(true));
    }),
    ("update by an old version", |t| {
        assert_eq!(t.update(Kind::Index, &key(1), 0, &[7; 500], LATER, NOW), Ok(false));
    }),
    ("fill", |t| {
        let epoch = t.epoch(SESSION, &key(50));
        assert!(t.fill(SESSION, &key(50), epoch, &[8; 700], LATER, NOW).unwrap().is_some());
    }),
    ("fill in the same", |t| {
        let epoch = t.epoch(SESSION, &key(2));
        let later = LATER + Seconds(1);
        assert!(t.fill(SESSION, &key(2), epoch, &value(2, 300), later, NOW).unwrap().is_some());
    }),
    ("get", |t| assert!(t.get(SESSION, &key(2), NOW, Vec::new()).is_some())),
    ("get what has expired", |t| assert!(t.get(SESSION, &key(3), SOON, Vec::new()).is_none())),
    ("touch", |t| assert!(t.touch(SESSION, &key(2), LATER + Seconds(9), NOW))),
    ("touch, to end earlier", |t| assert!(t.touch(SESSION, &key(2), SOON, NOW))),
    ("prolong", |t| t.prolong(SESSION, &key(2), LATER + Seconds(9), NOW)),
    ("renew", |t| assert!(t.renew_entry(SESSION, &key(1), NOW))),
    ("delete", |t| assert!(t.delete(SESSION, &key(4), 9, NOW).is_some())),
    ("delete what is not there", |t| assert!(t.delete(SESSION, &key(50), 9, NOW).is_none())),
    ("forget", |t| t.forget(Kind::Index, &key(2))),
    ("give up", |t| assert_eq!(t.give_up(SESSION, &[key(1), key(4)], 900, NOW).len(), 2)),
    ("sweep", |t| assert_eq!(t.sweep(0, SOON), None)),
    ("is it short", |t| assert!(!t.is_short_of(1, SOON))),
];

/// One without.
const IN_A_FULL_ONE: &[Change] = &[
    ("put, at the cost of others", |t| t.put(SESSION, &key(50), &[5; 1500], LATER, NOW).unwrap()),
    ("put over, at the cost of others", |t| {
        t.put(SESSION, &key(1), &[6; 800], LATER, NOW).unwrap();
    }),
    ("a session set that grows", |t| t.put(Kind::Index, &key(1), &[6; 900], LATER, NOW).unwrap()),
    ("claims that grow", |t| t.put(Kind::Replay, &key(1), &[6; 900], LATER, NOW).unwrap()),
    ("a claim", |t| assert_eq!(t.add(Kind::Replay, &key(50), b"1", LATER, NOW), Ok(true))),
    ("put, refused", |t| assert!(t.put(SESSION, &key(50), &[1; 9000], LATER, NOW).is_err())),
];

fn fill_some(table: &mut Table<'_>) {
    for (kind, n, len, expires) in [
        (SESSION, 3, 900, SOON),
        (SESSION, 1, 100, LATER),
        (SESSION, 60, 800, LATER),
        (SESSION, 2, 300, LATER),
        (Kind::Index, 1, 400, LATER),
        (Kind::Index, 2, 0, LATER),
        (Kind::Replay, 2, 10, SOON),
        (Kind::Replay, 1, 200, LATER),
        (Kind::Tombstone, 1, 10, LATER),
        (Kind::Unproven, 1, 10, LATER),
        (Kind::Order, 1, 20, UnixTime::MAX),
        (SESSION, 4, 1000, LATER),
    ] {
        table.put(kind, &key(n), &value(n, len), expires, NOW).unwrap();
    }
    table.forget(SESSION, &key(60));
}

fn fill_all(table: &mut Table<'_>) {
    fill_some(table);
    let mut n = 100;
    while table.free_blocks() > 0 {
        table.put(SESSION, &key(n), &value(n, 170), LATER, NOW).unwrap();
        n += 1;
    }
    assert!(read(table, SESSION, 1, NOW).is_some());
}

/// All that somebody may find, but when it was touched.
type Content = BTreeMap<(u8, u32), (Vec<u8>, UnixTime)>;

fn number(key: &[u8; 32]) -> u32 {
    u32::from_le_bytes([key[28], key[29], key[30], key[31]])
}

fn content(table: &Table<'_>) -> Content {
    let mut all = Content::new();
    for kind in KINDS {
        // In one step: there are few buckets.
        for one in table.walk(kind, 0, NOW).entries {
            all.insert((kind.byte(), number(&one.key)), (one.value, one.expires));
        }
    }
    all
}

/// The evictable entries, the next to go first.
fn queue(table: &Table<'_>) -> Vec<(u8, u32)> {
    let (mut all, mut at) = (Vec::new(), table.header.evictable.oldest);
    while let Some(head) = table.head(at) {
        all.push((head.kind, number(&head.key)));
        at = head.newer;
    }
    all
}

/// Those of both that have not moved to the end meanwhile.
fn unmoved(old: &[(u8, u32)], new: &[(u8, u32)]) -> Vec<(u8, u32)> {
    let old: Vec<_> = old.iter().copied().filter(|one| new.contains(one)).collect();
    let mut new: Vec<_> = new.iter().copied().filter(|one| old.contains(one)).collect();
    loop {
        let left: Vec<_> = old.iter().copied().filter(|one| new.contains(one)).collect();
        if left == new {
            return left;
        }
        new.pop();
    }
}

fn epochs(table: &Table<'_>) -> Vec<u64> {
    table.epochs.iter().map(|epoch| epoch.load(Ordering::Relaxed)).collect()
}

/// While its bucket's epoch stands still, what a worker has made of an entry holds.
fn assert_told(name: &str, before: &Table<'_>, after: &Table<'_>) {
    let (then, now) = (epochs(before), epochs(after));
    let found = content(after);
    for ((kind, n), (value, expires)) in content(before) {
        let bucket = before.layout.bucket(kind, &key(n));
        let stands = |(new, later): &(Vec<u8>, UnixTime)| *new == value && *later >= expires;
        let is_same = found.get(&(kind, n)).is_some_and(stands);
        assert!(is_same || then[bucket] != now[bucket], "{name}: {kind} {n}");
    }
}

/// A zone as it was when somebody died.
fn left(bytes: &[u8]) -> Zone {
    let zone = Zone::new(SIZE);
    // SAFETY: of that size, and nobody else's.
    unsafe { zone.base.as_ptr().copy_from(bytes.as_ptr(), SIZE) };
    zone
}

fn opened(shared: &Shared) -> Memory {
    // SAFETY: mapped as long as any test uses it, and of that size.
    unsafe { Memory::adopt(shared.base(), SIZE) }.unwrap()
}

/// Shared memory with such a table in it.
fn made(fill: fn(&mut Table<'_>)) -> Shared {
    let mut zone = Zone::new(SIZE);
    fill(&mut zone.table());
    zone.table().check();
    let mut shared = Shared::new(SIZE);
    shared.set(&bytes(&zone));
    shared
}

fn bytes(zone: &Zone) -> Vec<u8> {
    // SAFETY: of that size, and nobody writes to it.
    unsafe { std::slice::from_raw_parts(zone.base.as_ptr(), SIZE) }.to_vec()
}

/// Everybody may go on with what is there: until it is full, and until it is empty.
fn use_on(table: &mut Table<'_>) {
    let claims: Vec<_> = content(table).into_keys().filter(|(kind, _)| *kind == 4).collect();
    for n in 1000..1100 {
        table.put(SESSION, &key(n), &value(n, 500), LATER, NOW).unwrap();
        assert_eq!(read(table, SESSION, n, NOW), Some(value(n, 500)));
    }
    table.check();
    for (_, n) in claims {
        assert_eq!(table.add(Kind::Replay, &key(n), b"", LATER, NOW), Ok(false));
    }
    // One that shall never end does not.
    let lasting: Vec<_> =
        content(table).into_keys().filter(|(kind, _)| *kind == Kind::Order.byte()).collect();
    for (_, n) in lasting {
        table.delete(Kind::Order, &key(n), 0, NOW);
    }
    table.set_clock(Monotonic::from_msec(u64::MAX));
    assert_eq!(table.sweep(0, UnixTime::MAX), None);
    assert_eq!((table.stats().entries, table.stats().free_blocks), (0, table.stats().blocks));
    table.check();
}

/// Compares what is left at each stop with what was before and after.
fn assert_every_stop(name: &str, stops: &[Vec<u8>]) {
    let [first, .., last] = stops else { panic!("{name}: nothing changes") };
    let (mut before, mut after) = (left(first), left(last));
    let (before, after) = (before.table(), after.table());
    assert_eq!((before.repaired(), after.repaired()), (None, None), "{name}");
    let (old, new) = (content(&before), content(&after));
    let unmoved = unmoved(&queue(&before), &queue(&after));
    assert_told(name, &before, &after);
    for (at, stop) in stops.iter().enumerate() {
        let name = format!("{name}, stop {at} of {}", stops.len());
        let mut zone = left(stop);
        let mut table = zone.table();
        let is_whole = at == 0 || at + 1 == stops.len();
        assert_eq!(table.repaired().is_none(), is_whole, "{name}");
        table.check();
        let found = content(&table);
        for one in old.keys().chain(new.keys()).chain(found.keys()) {
            let found = found.get(one);
            assert!(found == old.get(one) || found == new.get(one), "{name}: {one:?}");
        }
        assert_eq!(table.repaired().map_or(0, |repair| repair.dropped), 0, "{name}");
        let all_told = epochs(&table).iter().zip(epochs(&before)).all(|(now, then)| *now > then);
        assert!(is_whole || all_told, "{name}: caches hear of it");
        let mut order = queue(&table);
        order.retain(|one| unmoved.contains(one));
        assert_eq!(order, unmoved, "{name}: the order of eviction");
        use_on(&mut table);
    }
}

fn assert_all(fill: fn(&mut Table<'_>), changes: &[Change]) {
    let mut shared = made(fill);
    let start = shared.copy();
    for (name, change) in changes {
        shared.set(&start);
        let memory = opened(&shared);
        // SAFETY: the child is alone with it.
        let stops = shared.stops(|| change(&mut unsafe { memory.table() }));
        assert_every_stop(name, &stops);
    }
}

#[test]
fn whoever_dies_at_a_change_leaves_each_entry_as_before_or_after_it() {
    assert_all(fill_some, CHANGES);
}

#[test]
fn whoever_dies_when_room_is_made_leaves_each_entry_as_before_or_after_it() {
    assert_all(fill_all, IN_A_FULL_ONE);
}

#[test]
fn whoever_dies_at_a_repair_leaves_what_the_next_one_repairs() {
    let mut shared = made(fill_all);
    let memory = opened(&shared);
    // SAFETY: the child is alone with it.
    let stops = shared.stops(|| (IN_A_FULL_ONE[1].1)(&mut unsafe { memory.table() }));
    for stop in stops.iter().skip(1).step_by(stops.len() / 3) {
        shared.set(stop);
        // SAFETY: as above.
        let again = shared.stops(|| drop(unsafe { memory.table() }));
        let mut first = left(stop);
        let expected = content(&first.table());
        for (at, stop) in again.iter().enumerate() {
            let mut zone = left(stop);
            let mut table = zone.table();
            table.check();
            assert_eq!(content(&table), expected, "stop {at} of {}", again.len());
            use_on(&mut table);
        }
    }
}
