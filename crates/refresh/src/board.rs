//! What the processes of a host tell each other in shared memory: who fetches a document, how often it
//! has changed, when it is due.

use std::sync::atomic::{AtomicU64, Ordering};

use clock::{Monotonic, Msec};

/// Bytes of a [`Slot`].
pub const SLOT: usize = size_of::<Slot>();

/// How often a failure that goes on is told.
const DAILY: Msec = Msec(24 * 3600 * 1000);

/// One document. All zeroes is a free one.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Slot {
    /// Which one it is; 0 = free.
    name: AtomicU64,
    /// How many copies have been put on the shelf.
    generation: AtomicU64,
    /// When it is fetched again, on the monotonic clock.
    due: AtomicU64,
    /// Until when somebody fetches it.
    leased: AtomicU64,
    /// How many times in a row that failed.
    failures: AtomicU64,
    /// When a failure was last told.
    told: AtomicU64,
    /// When it was last fetched, or found to be the same; 0 = never.
    seen: AtomicU64,
    /// Why it could not be fetched, its end filled up with zeroes.
    why: [AtomicU64; WHY],
}

/// How the document of a slot is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotState {
    /// Since it was last fetched, or found to be the same; `None` = never.
    pub age: Option<Msec>,
    /// Until it is fetched again.
    pub next: Msec,
    /// How many times in a row that failed.
    pub failures: u64,
    /// Why, up to 256 bytes of it.
    pub error: Option<String>,
}

/// Words of eight bytes.
const WHY: usize = 32;

/// The slots that all processes see.
#[derive(Clone, Copy, Debug)]
pub struct Board<'a>(pub &'a [Slot]);

/// The right to fetch, for one at a time. Given back by [`Slot::succeed`] or [`Slot::fail`]; whoever dies
/// with it loses it when its time is over.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Lease(());

impl<'a> Board<'a> {
    /// The slot of the document called `name`, which is new when nobody has had it before. `None` when
    /// all are in use.
    pub fn slot(self, name: &[u8; 32]) -> Option<&'a Slot> {
        let [a, b, c, d, e, f, g, h, ..] = *name;
        // Never 0, which is free.
        let name = u64::from_le_bytes([a, b, c, d, e, f, g, h]) | 1;
        self.0.iter().find(|slot| {
            let free = slot.name.compare_exchange(0, name, Ordering::AcqRel, Ordering::Acquire);
            free.map_or_else(|taken| taken == name, |_| true)
        })
    }
}

impl Slot {
    /// How many copies there have been: another number than before says that there is a new one.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Is it time to fetch? No wait is longer than `longest`: a slot that says so has it from a configuration before a
    /// reload, and what is wanted now goes before that.
    pub fn is_due(&self, now: Monotonic, longest: Msec) -> bool {
        let due = Monotonic::from_msec(self.due.load(Ordering::Acquire));
        due <= now || now + longest < due
    }

    /// Takes the right to fetch for the time of `span`, when it is due and nobody has it.
    pub fn lease(&self, now: Monotonic, longest: Msec, span: Msec) -> Option<Lease> {
        let leased = self.leased.load(Ordering::Acquire);
        if !self.is_due(now, longest) || now.as_msec() < leased {
            return None;
        }
        let until = (now + span).as_msec();
        let taken =
            self.leased.compare_exchange(leased, until, Ordering::AcqRel, Ordering::Acquire);
        taken.ok().map(|_| Lease(()))
    }

    /// The fetch went well: the next one is after `wait`. Gives the generation, which is a new one when
    /// there is another copy on the shelf.
    pub fn succeed(&self, _: Lease, is_new: bool, now: Monotonic, wait: Msec) -> u64 {
        self.failures.store(0, Ordering::Release);
        self.told.store(0, Ordering::Release);
        self.seen.store(now.as_msec().max(1), Ordering::Release);
        let before = self.generation.fetch_add(u64::from(is_new), Ordering::AcqRel);
        self.end(now, wait);
        before.wrapping_add(u64::from(is_new))
    }

    /// How many times in a row it will have failed, when it fails now.
    pub fn failures(&self) -> u32 {
        let failures = self.failures.load(Ordering::Acquire).saturating_add(1);
        u32::try_from(failures).unwrap_or(u32::MAX)
    }

    /// The fetch failed for the reason `why`: the next one is after `wait`. Is that to be told? At first, and
    /// then daily.
    pub fn fail(&self, _: Lease, why: &str, now: Monotonic, wait: Msec) -> bool {
        self.write_why(why);
        // Whoever has the lease counts alone.
        let failures = self.failures.load(Ordering::Acquire);
        self.failures.store(failures.saturating_add(1), Ordering::Release);
        self.end(now, wait);
        let told = self.told.load(Ordering::Acquire);
        let is_news = told == 0 || told.saturating_add(DAILY.0) <= now.as_msec();
        if is_news {
            self.told.store(now.as_msec().max(1), Ordering::Release);
        }
        is_news
    }

    /// How it is, for who runs the server.
    pub fn state(&self, now: Monotonic) -> SlotState {
        let seen = self.seen.load(Ordering::Acquire);
        let failures = self.failures.load(Ordering::Acquire);
        SlotState {
            age: (seen != 0).then(|| now - Monotonic::from_msec(seen)),
            next: Monotonic::from_msec(self.due.load(Ordering::Acquire)) - now,
            failures,
            error: (failures > 0).then(|| self.read_why()),
        }
    }

    /// What does not fit is left out. Who reads at the same moment reads something of both.
    fn write_why(&self, why: &str) {
        let mut octets = why.bytes().chain(std::iter::repeat(0));
        for word in &self.why {
            let mut part = [0; 8];
            part.fill_with(|| octets.next().unwrap_or_default());
            word.store(u64::from_le_bytes(part), Ordering::Relaxed);
        }
    }

    fn read_why(&self) -> String {
        let words = self.why.iter().map(|word| word.load(Ordering::Relaxed).to_le_bytes());
        let octets: Vec<u8> = words.flatten().take_while(|octet| *octet != 0).collect();
        String::from_utf8_lossy(&octets).into_owned()
    }

    fn end(&self, now: Monotonic, wait: Msec) {
        self.due.store((now + wait).as_msec(), Ordering::Release);
        self.leased.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Monotonic = Monotonic::from_msec(1_000_000);
    const MINUTE: Msec = Msec(60_000);
    const DAY: Msec = Msec(86_400_000);

    fn board(slots: usize) -> Vec<Slot> {
        (0..slots).map(|_| Slot::default()).collect()
    }

    #[test]
    fn a_name_has_one_slot() {
        let slots = board(2);
        let board = Board(&slots);
        let (a, b) = (board.slot(&[1; 32]).unwrap(), board.slot(&[2; 32]).unwrap());
        assert!(!std::ptr::eq(a, b));
        assert!(std::ptr::eq(a, board.slot(&[1; 32]).unwrap()));
        assert!(board.slot(&[5; 32]).is_none(), "it is full");
        assert!(board.slot(&[2; 32]).is_some());
    }

    #[test]
    fn one_fetches_at_a_time() {
        let slot = Slot::default();
        let lease = slot.lease(NOW, DAY, MINUTE).unwrap();
        assert_eq!(slot.lease(NOW, DAY, MINUTE), None);
        assert_eq!(slot.succeed(lease, true, NOW, MINUTE), 1);
        assert_eq!((slot.generation(), slot.lease(NOW, DAY, MINUTE)), (1, None));
        assert_eq!(slot.lease(NOW + Msec(59_999), DAY, MINUTE), None);
        let lease = slot.lease(NOW + MINUTE, DAY, MINUTE).unwrap();
        assert_eq!(slot.succeed(lease, false, NOW + MINUTE, MINUTE), 1, "it is still so");
    }

    #[test]
    fn who_dies_with_the_lease_loses_it() {
        let slot = Slot::default();
        let lost = slot.lease(NOW, DAY, MINUTE).unwrap();
        assert_eq!(slot.lease(NOW + Msec(59_999), DAY, MINUTE), None);
        assert!(slot.lease(NOW + MINUTE, DAY, MINUTE).is_some());
        drop(lost);
    }

    #[test]
    fn a_wait_of_before_a_reload_ends_with_the_interval_of_now() {
        let slot = Slot::default();
        let lease = slot.lease(NOW, DAY * 7, MINUTE).unwrap();
        slot.succeed(lease, true, NOW, DAY * 7);
        let later = NOW + MINUTE;
        assert_eq!(slot.lease(later, DAY * 7, MINUTE), None);
        assert!(slot.is_due(later, DAY) && slot.lease(later, DAY, MINUTE).is_some());
    }

    #[test]
    fn numbers_at_their_ends_go_on() {
        let end = || AtomicU64::new(u64::MAX);
        let slot = Slot { generation: end(), failures: end(), ..Slot::default() };
        assert_eq!(slot.failures(), u32::MAX);
        let lease = slot.lease(NOW, DAY, MINUTE).unwrap();
        slot.fail(lease, "x", NOW, MINUTE);
        assert_eq!(slot.state(NOW).error.as_deref(), Some("x"));
        let lease = slot.lease(NOW + MINUTE, DAY, MINUTE).unwrap();
        assert_eq!(slot.succeed(lease, true, NOW + MINUTE, MINUTE), slot.generation());
    }

    #[test]
    fn a_failure_is_told_at_first_and_then_daily() {
        let slot = Slot::default();
        let (mut now, mut told) = (NOW, Vec::new());
        for hour in 0..50 {
            let lease = slot.lease(now, DAY, MINUTE).unwrap();
            if slot.fail(lease, "x", now, MINUTE) {
                told.push(hour);
            }
            now = now + Msec(3_600_000);
        }
        assert_eq!(told, [0, 24, 48]);
        assert_eq!(slot.failures(), 51);
        let lease = slot.lease(now, DAY, MINUTE).unwrap();
        slot.succeed(lease, false, now, MINUTE);
        assert_eq!(slot.failures(), 1);
        let lease = slot.lease(now + MINUTE, DAY, MINUTE).unwrap();
        assert!(slot.fail(lease, "x", now + MINUTE, MINUTE), "after a success it is news again");
    }

    #[test]
    fn its_state_says_how_old_and_why() {
        let slot = Slot::default();
        let unseen = SlotState { age: None, next: Msec(0), failures: 0, error: None };
        assert_eq!(slot.state(NOW), unseen);
        let lease = slot.lease(NOW, DAY, MINUTE).unwrap();
        slot.succeed(lease, true, NOW, MINUTE);
        let later = NOW + MINUTE;
        let seen = SlotState { age: Some(MINUTE), ..unseen };
        assert_eq!(slot.state(later), seen);
        let long = "\u{e9}".repeat(200);
        for (why, failures) in [("it is not there", 1), (&long, 2), ("", 3)] {
            let lease = slot.lease(later + MINUTE * failures, DAY, MINUTE).unwrap();
            slot.fail(lease, why, later + MINUTE * failures, MINUTE);
            let state = slot.state(later);
            assert_eq!((state.age, state.failures), (Some(MINUTE), failures));
            assert!(why.starts_with(state.error.as_deref().unwrap()), "{state:?}");
        }
        let lease = slot.lease(later + MINUTE * 9, DAY, MINUTE).unwrap();
        slot.succeed(lease, false, later + MINUTE * 9, MINUTE);
        assert_eq!(slot.state(later + MINUTE * 9).error, None);
    }

    #[test]
    fn many_threads_agree_on_one() {
        let slots = board(64);
        let leases = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let names = (0..64_u8).map(|n| [2 * n; 32]);
                        let slots = names.map(|name| Board(&slots).slot(&name).unwrap());
                        slots.filter(|slot| slot.lease(NOW, DAY, MINUTE).is_some()).count()
                    })
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum::<usize>()
        });
        assert_eq!(leases, 64);
    }
}
