//! What one worker remembers of the zone, decoded.

use std::rc::Rc;

use clock::UnixTime;

use crate::block::index;

/// Slots that a key may lie in; one of them is given up when all are taken.
const WAYS: usize = 4;

/// A bounded map from an entry's key to its decoded value.
///
/// A value is good while the epoch of its key's bucket stands still, so a change by any worker is
/// seen at the next look-up, without a lock.
pub struct Cache<T> {
    slots: Vec<Option<Slot<T>>>,
    victim: usize,
}

struct Slot<T> {
    key: [u8; 32],
    epoch: u64,
    expires: UnixTime,
    value: Rc<T>,
}

impl<T> Cache<T> {
    /// An empty cache of at least `capacity` slots.
    pub fn new(capacity: usize) -> Self {
        let mut slots = Vec::new();
        slots.resize_with(capacity.max(WAYS).next_power_of_two(), || None);
        Self { slots, victim: 0 }
    }

    /// The value stored under `epoch`, not expired at `now`.
    pub fn get(&mut self, key: &[u8; 32], epoch: u64, now: UnixTime) -> Option<Rc<T>> {
        let slot = self.slot(key)?;
        match slot {
            Some(entry) if entry.epoch == epoch && now < entry.expires => {
                Some(Rc::clone(&entry.value))
            }
            _ => {
                *slot = None;
                None
            }
        }
    }

    /// Remembers the value decoded from an entry read with this `epoch` and `expires`.
    pub fn insert(&mut self, key: [u8; 32], epoch: u64, expires: UnixTime, value: T) -> Rc<T> {
        let value = Rc::new(value);
        let slot = Slot { key, epoch, expires, value: Rc::clone(&value) };
        self.victim = self.victim.wrapping_add(1) % WAYS;
        let victim = self.victim;
        let set = self.set(&key);
        let same = set.iter().position(|s| s.as_ref().is_some_and(|s| s.key == key));
        let free = || set.iter().position(Option::is_none);
        let position = same.or_else(free).unwrap_or(victim);
        if let Some(place) = set.get_mut(position) {
            *place = Some(slot);
        }
        value
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
        cache.insert(KEY, 3, at(100), "alice");
        assert_eq!(cache.get(&KEY, 3, at(99)).as_deref(), Some(&"alice"));
        assert_eq!(cache.get(&KEY, 4, at(99)), None);
        assert_eq!(cache.get(&KEY, 3, at(99)), None, "what failed once is gone");
    }

    #[test]
    fn a_value_expires_and_follows_a_touch() {
        let mut cache = Cache::new(8);
        cache.insert(KEY, 3, at(100), "alice");
        cache.set_expires(&KEY, at(200));
        assert!(cache.get(&KEY, 3, at(199)).is_some());
        assert!(cache.get(&KEY, 3, at(200)).is_none());
    }

    #[test]
    fn inserting_again_replaces() {
        let mut cache = Cache::new(8);
        cache.insert(KEY, 3, at(100), "alice");
        cache.insert(KEY, 4, at(100), "bob");
        assert_eq!(cache.get(&KEY, 4, at(0)).as_deref(), Some(&"bob"));
    }

    #[test]
    fn stays_bounded_and_keeps_the_newest() {
        let mut cache = Cache::new(64);
        for n in 0..10_000_u32 {
            let mut key = KEY;
            key[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b9).to_be_bytes());
            cache.insert(key, 0, at(100), n);
            assert_eq!(cache.get(&key, 0, at(0)).as_deref(), Some(&n));
        }
        assert_eq!(cache.slots.iter().flatten().count(), 64);
    }
}
