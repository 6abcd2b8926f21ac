//! Counters with names that come up while the server runs: a place for each, found by its name, without a lock.

use std::cell::UnsafeCell;
use std::hash::{DefaultHasher, Hasher};
use std::slice;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU64, Ordering};

use crate::block::index;

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
    /// `None` while it has none.
    fn name(&self) -> Option<&[u8]> {
        if self.state.load(Ordering::Acquire) != NAMED {
            return None;
        }
        let len = usize::from(self.len.load(Ordering::Relaxed)).min(NAME_MAX);
        // SAFETY: nobody writes to the name of a place that is NAMED.
        Some(unsafe { slice::from_raw_parts(self.name.get().cast::<u8>(), len) })
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
        unsafe { self.name.get().cast::<u8>().copy_from_nonoverlapping(name.as_ptr(), name.len()) }
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
        let place = |_| Place {
            count: AtomicU64::new(0),
            len: AtomicU16::new(0),
            state: AtomicU8::new(FREE),
            name: UnsafeCell::new([0; NAME_MAX]),
        };
        (0..PLACES).map(place).collect()
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
        let places = places();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for n in 0..4000_u32 {
                        assert!(add(&places, &(n % 200).to_be_bytes(), 1));
                    }
                });
            }
        });
        let sums = sums(&places);
        assert_eq!(sums.len(), 200);
        assert!(sums.values().all(|sum| *sum == 80));
    }

    #[test]
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
}
