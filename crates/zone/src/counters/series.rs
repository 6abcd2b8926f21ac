//! Counters with names that come up while the server runs: a place for each, found by its name, without a lock.

use std::hash::{DefaultHasher, Hasher};
use std::slice;

use crate::block::index;
use crate::sync::{AtomicU8, AtomicU16, AtomicU64, Ordering, UnsafeCell};

/// The longest name, bytes.
const NAME_MAX: usize = 176;

/// Names that there is room for. They are of the configuration and of the reasons, so that no stranger fills it.
pub(super) const PLACES: usize = 2048;

/// Places that a name may have; a table that is this crowded is full.
const STEPS: usize = 64;

const FREE: u8 = 0;
/// Some process writes the name. If it dies meanwhile the place is lost, and nothing else.
const BEING_NAMED: u8 = 1;
const NAMED: u8 = 2;

/// One counter.
#[repr(C)]
pub(super) struct Place {
    count: AtomicU64,
    len: AtomicU16,
    state: AtomicU8,
    name: UnsafeCell<[u8; NAME_MAX]>,
}

// SAFETY: the name is written by whoever moved the state on from FREE, and read once it is NAMED.
unsafe impl Sync for Place {}

impl Place {
    #[cfg(test)]
    fn free() -> Self {
        Self {
            count: AtomicU64::new(0),
            len: AtomicU16::new(0),
            state: AtomicU8::new(FREE),
            name: UnsafeCell::new([0; NAME_MAX]),
        }
    }

    /// `None` while it has none.
    fn name(&self) -> Option<&[u8]> {
        if self.state.load(Ordering::Acquire) != NAMED {
            return None;
        }
        let len = usize::from(self.len.load(Ordering::Relaxed)).min(NAME_MAX);
        // SAFETY: nobody writes to the name of a place that is NAMED.
        Some(self.name.with(|name| unsafe { slice::from_raw_parts(name.cast::<u8>(), len) }))
    }

    /// Takes a free place. Another process may be quicker, with this name or another one.
    fn take(&self, name: &[u8]) -> bool {
        let Ok(len) = u16::try_from(name.len()) else { return false };
        if name.len() > NAME_MAX
            || self
                .state
                .compare_exchange(FREE, BEING_NAMED, Ordering::Acquire, Ordering::Relaxed)
                .is_err()
        {
            return false;
        }
        self.len.store(len, Ordering::Relaxed);
        // SAFETY: the place is this process's until it is NAMED, and the name is not too long.
        self.name.with_mut(|place| unsafe {
            place.cast::<u8>().copy_from_nonoverlapping(name.as_ptr(), name.len());
        });
        self.state.store(NAMED, Ordering::Release);
        true
    }
}

/// Counts `by` more under `name`; `false` when there is no place for it. Two processes that begin with a name at
/// the same time may give it two places, whose sum it is.
pub(super) fn add(places: &[Place], name: &[u8], by: u64) -> bool {
    // The same in all processes: it has no keys.
    let mut hasher = DefaultHasher::new();
    hasher.write(name);
    // As good as a remainder: the product's upper half is below PLACES.
    let [a, b, c, d, ..] = hasher.finish().to_ne_bytes();
    let start = (index(u32::from_ne_bytes([a, b, c, d])) * PLACES) >> u32::BITS;
    let (before, after) = places.split_at(start.min(places.len()));
    for place in after.iter().chain(before).take(STEPS) {
        let is_its = match place.name() {
            Some(known) => known == name,
            None => place.take(name),
        };
        if is_its {
            place.count.fetch_add(by, Ordering::Relaxed);
            return true;
        }
    }
    false
}

/// All that have a name.
pub(super) fn all(places: &[Place]) -> impl Iterator<Item = (&[u8], u64)> {
    places.iter().filter_map(|place| Some((place.name()?, place.count.load(Ordering::Relaxed))))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn places() -> Vec<Place> {
        let count = if cfg!(miri) { STEPS } else { PLACES };
        (0..count).map(|_| Place::free()).collect()
    }

    fn sums(places: &[Place]) -> HashMap<Vec<u8>, u64> {
        let mut sums = HashMap::new();
        for (name, count) in all(places) {
            *sums.entry(name.to_vec()).or_default() += count;
        }
        sums
    }

    #[test]
    fn a_name_is_counted_in_its_place() {
        let places = places();
        assert!(add(&places, b"login\tapp", 1) && add(&places, b"login\tapp", 2));
        assert!(add(&places, b"login\tapp2", 1) && add(&places, b"", 7));
        let expected = [(&b"login\tapp"[..], 3), (b"login\tapp2", 1), (b"", 7)];
        assert_eq!(sums(&places), expected.map(|(name, n)| (name.to_vec(), n)).into());
    }

    #[test]
    fn threads_lose_nothing() {
        const TIMES: u32 = if cfg!(miri) { 40 } else { 4000 };
        let places = places();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for n in 0..TIMES {
                        assert!(add(&places, &(n % 20).to_be_bytes(), 1));
                    }
                });
            }
        });
        let sums = sums(&places);
        assert_eq!(sums.len(), 20);
        assert!(sums.values().all(|sum| *sum == u64::from(TIMES / 5)));
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes Miri too long")]
    fn a_full_table_and_a_long_name_say_so() {
        let places = places();
        let counted = (0..2 * PLACES).filter(|n| add(&places, &n.to_be_bytes(), 1)).count();
        assert!((PLACES / 2..=PLACES).contains(&counted), "{counted}");
        assert_eq!(all(&places).count(), counted);
        let places = self::places();
        assert!(add(&places, &[b'x'; NAME_MAX], 1) && !add(&places, &[b'x'; NAME_MAX + 1], 1));
    }

    #[test]
    fn who_died_with_a_name_half_written_costs_one_place() {
        let places = places();
        assert!(add(&places, b"name", 1));
        let place = places.iter().find(|place| place.name().is_some()).unwrap();
        place.state.store(BEING_NAMED, Ordering::Relaxed);
        assert!(add(&places, b"name", 1));
        assert_eq!(sums(&places), HashMap::from([(b"name".to_vec(), 1)]));
    }

    /// At any instruction.
    #[cfg(all(target_os = "linux", not(any(miri, loom))))]
    #[test]
    fn whoever_is_killed_at_a_counter_costs_one_place_and_one_count() {
        const FEW: usize = 4;
        let mut shared = crate::stops::Shared::new(4096);
        let base = shared.base().cast::<Place>();
        // SAFETY: zeroes are free places; the memory is larger, and stays until the end.
        let places = || unsafe { slice::from_raw_parts(base.as_ptr(), FEW) };
        assert!(size_of::<Place>() * FEW <= 4096 && add(places(), b"old", 5));
        for name in [&b"new"[..], b"old"] {
            let before = sums(places());
            let stops = shared.stops(|| assert!(add(places(), name, 1)));
            assert!(stops.len() > 1);
            for stop in &stops {
                shared.set(stop);
                let found = sums(places());
                for (known, count) in &before {
                    let more = found.get(known).map(|found| found - count);
                    assert!(more == Some(0) || more == Some(1) && known == name, "{found:?}");
                }
                assert!(found.keys().all(|known| known == name || before.contains_key(known)));
                assert!(add(places(), name, 1), "there is room for it");
                assert!(sums(places())[name] > before.get(name).copied().unwrap_or(0));
            }
            shared.set(&stops[0]);
        }
    }

    #[cfg(loom)]
    mod models {
        use loom::model;
        use loom::sync::Arc;
        use loom::thread::spawn;

        use super::super::{Place, add, all};

        /// Two workers count events, which have no places yet; a third looks.
        #[test]
        fn a_name_is_counted_wherever_it_is_and_never_read_half() {
            for names in [[b"login", b"login"], [b"login", b"leave"]] {
                model(move || {
                    let places: Arc<[Place; 2]> = Arc::new([Place::free(), Place::free()]);
                    let count = |name: &'static [u8; 5]| {
                        let places = Arc::clone(&places);
                        spawn(move || assert!(add(&places[..], name, 1)))
                    };
                    let workers = names.map(count);
                    for (name, count) in all(&places[..]) {
                        assert!(names.iter().any(|known| *known == name) && count <= 2);
                    }
                    workers.into_iter().for_each(|worker| worker.join().unwrap());
                    for name in names {
                        let sum: u64 = all(&places[..])
                            .filter(|(known, _)| *known == name)
                            .map(|(_, n)| n)
                            .sum();
                        assert_eq!(
                            sum,
                            names.iter().filter(|known| **known == name).count() as u64
                        );
                    }
                });
            }
        }
    }
}
