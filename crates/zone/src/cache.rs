//! What one worker remembers of the zone, decoded.

use std::rc::Rc;

use clock::UnixTime;

use crate::block::index;

/// Slots that a key may lie in; one of them is given up when all are taken.
const WAYS: usize = 4;

/// Bytes that an entry may have on average, as it lies in the zone.
const MEAN_SIZE: usize = 8 << 10;

/// A map from an entry's key to its decoded value, bounded in number and in bytes.
///
/// A value is good while the epoch of its key's bucket stands still, so a change by any worker is
/// seen at the next look-up, without a lock.
pub struct Cache<T> {
    slots: Vec<Option<Slot<T>>>,
    victim: usize,
    /// The sizes of all slots together.
    size: usize,
    /// The slot that makes room next when they are too large together.
    hand: usize,
}

struct Slot<T> {
    key: [u8; 32],
    epoch: u64,
    expires: UnixTime,
    size: usize,
    value: Rc<T>,
}

impl<T> Cache<T> {
    /// An empty cache of at least `capacity` slots, for values of 8 KiB on average.
    pub fn new(capacity: usize) -> Self {
        let mut slots = Vec::new();
        slots.resize_with(capacity.max(WAYS).next_power_of_two(), || None);
        Self { slots, victim: 0, size: 0, hand: 0 }
    }

    /// The value stored under `epoch`, not expired at `now`.
    pub fn get(&mut self, key: &[u8; 32], epoch: u64, now: UnixTime) -> Option<Rc<T>> {
        let slot = self.slot(key)?;
        match slot {
            Some(entry) if entry.epoch == epoch && now < entry.expires => {
                Some(Rc::clone(&entry.value))
            }
            _ => {
                let gone = slot.take().map_or(0, |entry| entry.size);
                self.size -= gone;
                None
            }
        }
    }

    /// Remembers the value decoded from an entry of `size` bytes, read with this `epoch` and `expires`. It is
    /// kept whatever its size; others go when all together are too large.
    pub fn insert(
        &mut self,
        key: [u8; 32],
        epoch: u64,
        expires: UnixTime,
        size: usize,
        value: T,
    ) -> Rc<T> {
        let value = Rc::new(value);
        let slot = Slot { key, epoch, expires, size, value: Rc::clone(&value) };
        self.victim = self.victim.wrapping_add(1) % WAYS;
        let victim = self.victim;
        let set = self.set(&key);
        let same = set.iter().position(|s| s.as_ref().is_some_and(|s| s.key == key));
        let free = || set.iter().position(Option::is_none);
        let position = same.or_else(free).unwrap_or(victim);
        let gone = set.get_mut(position).and_then(|place| place.replace(slot));
        self.size = self.size + size - gone.map_or(0, |entry| entry.size);
        self.make_room(&key);
        value
    }

    /// Gives up entries, the next in turn first, until what is left is small enough. `newest` stays.
    fn make_room(&mut self, newest: &[u8; 32]) {
        let most = self.slots.len() * MEAN_SIZE;
        // Once around passes all of them.
        for _ in 0..self.slots.len() {
            if self.size <= most {
                return;
            }
            self.hand = (self.hand + 1) % self.slots.len();
            let Some(place) = self.slots.get_mut(self.hand) else { return };
            if let Some(entry) = place.take_if(|entry| entry.key != *newest) {
                self.size -= entry.size;
            }
        }
    }

    /// Follows a touch of the entry in the zone.
    pub fn set_expires(&mut self, key: &[u8; 32], expires: UnixTime) {
        if let Some(Some(entry)) = self.slot(key) {
            entry.expires = expires;
        }
    }

    fn slot(&mut self, key: &[u8; 32]) -> Option<&mut Option<Slot<T>>> {
        self.set(key).iter_mut().find(|slot| slot.as_ref().is_some_and(|s| s.key == *key))
    }

    /// Keys are digests, so any of their bits spread well.
    fn set(&mut self, key: &[u8; 32]) -> &mut [Option<Slot<T>>] {
        let [a, b, c, d, ..] = *key;
        let sets = self.slots.len() / WAYS;
        let start = index(u32::from_be_bytes([a, b, c, d])) % sets * WAYS;
        self.slots.get_mut(start..start + WAYS).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn at(seconds: i64) -> UnixTime {
        UnixTime::from_secs(seconds)
    }

    #[test]
    fn a_value_is_good_until_its_bucket_changes() {
        let mut cache = Cache::new(8);
        cache.insert(KEY, 3, at(100), 1, "alice");
        assert_eq!(cache.get(&KEY, 3, at(99)).as_deref(), Some(&"alice"));
        assert_eq!(cache.get(&KEY, 4, at(99)), None);
        assert_eq!(cache.get(&KEY, 3, at(99)), None, "what failed once is gone");
    }

    #[test]
    fn a_value_expires_and_follows_a_touch() {
        let mut cache = Cache::new(8);
        cache.insert(KEY, 3, at(100), 1, "alice");
        cache.set_expires(&KEY, at(200));
        assert!(cache.get(&KEY, 3, at(199)).is_some());
        assert!(cache.get(&KEY, 3, at(200)).is_none());
    }

    #[test]
    fn inserting_again_replaces() {
        let mut cache = Cache::new(8);
        cache.insert(KEY, 3, at(100), 1, "alice");
        cache.insert(KEY, 4, at(100), 1, "bob");
        assert_eq!(cache.get(&KEY, 4, at(0)).as_deref(), Some(&"bob"));
    }

    #[test]
    fn stays_bounded_and_keeps_the_newest() {
        let mut cache = Cache::new(64);
        for n in 0..10_000_u32 {
            let mut key = KEY;
            key[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b9).to_be_bytes());
            cache.insert(key, 0, at(100), 1, n);
            assert_eq!(cache.get(&key, 0, at(0)).as_deref(), Some(&n));
        }
        assert_eq!(cache.slots.iter().flatten().count(), 64);
    }

    #[test]
    fn together_they_have_a_size_and_the_newest_stays() {
        let mut cache = Cache::new(64);
        let most = 64 * MEAN_SIZE;
        let key = |n: usize| {
            let mut key = KEY;
            key[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
            key
        };
        let sizes = [1, MEAN_SIZE, most / 3, most, 2 * most, 100, most / 2, most / 2];
        for n in 0..1000 {
            let size = sizes[n % sizes.len()];
            cache.insert(key(n), 0, at(100), size, n);
            assert_eq!(cache.get(&key(n), 0, at(0)).as_deref(), Some(&n));
            let kept: Vec<usize> = cache.slots.iter().flatten().map(|slot| slot.size).collect();
            assert_eq!(cache.size, kept.iter().sum::<usize>());
            assert!(cache.size <= most || kept == [size], "{n}: {kept:?}");
        }
        // What is given up, replaced or past its time is counted no more.
        cache.insert(key(0), 1, at(100), most, 0);
        cache.insert(key(0), 2, at(100), 7, 0);
        assert!(cache.get(&key(0), 3, at(0)).is_none());
        let kept = cache.slots.iter().flatten().map(|slot| slot.size).sum::<usize>();
        assert_eq!(cache.size, kept);
    }
}
