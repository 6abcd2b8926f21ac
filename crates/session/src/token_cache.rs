//! What one worker remembers of sessions, found by the cookie's value: no hash is made, nothing is read of
//! shared memory, nothing decoded.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::hint::black_box;
use std::rc::Rc;

use crate::token::TokenText;

/// Bytes that an entry may have on average, as it lies in the store.
const MEAN_SIZE: usize = 8 << 10;

/// A map from a session's token to what was decoded of it, bounded in number and in bytes.
///
/// The first of a token's own random characters lead to its entry, and the whole token is compared there, in a time
/// that does not depend on where it differs. Two tokens that begin alike, which chance does not bring about, take
/// each other's place.
pub struct TokenCache<T> {
    places: HashMap<u64, usize, BuildHasherDefault<Spread>>,
    entries: Vec<Entry<T>>,
    /// Entries that it has at most.
    capacity: usize,
    /// The sizes of all entries together.
    size: usize,
    /// The entry that makes room next.
    hand: usize,
}

struct Entry<T> {
    token: TokenText,
    /// Since the hand has passed by.
    is_used: bool,
    size: usize,
    value: Rc<T>,
}

impl<T> TokenCache<T> {
    /// An empty cache of at most `capacity` entries, of 8 KiB on average.
    pub fn new(capacity: usize) -> Self {
        let (places, entries) = (HashMap::default(), Vec::new());
        Self { places, entries, capacity: capacity.max(1), size: 0, hand: 0 }
    }

    /// What is remembered of the session of this token; forgotten when it `is_good` no more.
    #[inline]
    pub fn get(&mut self, token: &TokenText, is_good: impl FnOnce(&T) -> bool) -> Option<Rc<T>> {
        let place = *self.places.get(&start_of(token))?;
        let entry = self.entries.get_mut(place).filter(|entry| are_equal(&entry.token, token))?;
        if is_good(&entry.value) {
            entry.is_used = true;
            return Some(Rc::clone(&entry.value));
        }
        self.remove(place);
        None
    }

    /// Remembers what was decoded of `size` bytes. It is kept whatever its size; others go when all together are too
    /// many or too large, those first that were not used lately.
    pub fn insert(&mut self, token: TokenText, size: usize, value: T) -> Rc<T> {
        let value = Rc::new(value);
        if let Some(place) = self.places.get(&start_of(&token)) {
            self.remove(*place);
        }
        while !self.entries.is_empty() && !self.has_room_for(size) {
            let place = self.next_to_go();
            self.remove(place);
        }
        self.entries.push(Entry { token, is_used: false, size, value: Rc::clone(&value) });
        self.size += size;
        // Into the place of what has gone: where the hand comes last.
        let last = self.entries.len() - 1;
        let place = self.hand.min(last);
        self.entries.swap(place, last);
        self.find_again(place);
        self.find_again(last);
        value
    }

    fn has_room_for(&self, size: usize) -> bool {
        let most = self.capacity.saturating_mul(MEAN_SIZE);
        self.entries.len() < self.capacity && self.size.saturating_add(size) <= most
    }

    /// The next that was not used since the hand last passed by: what it passes by was used as often.
    fn next_to_go(&mut self) -> usize {
        for _ in 0..=self.entries.len() {
            self.hand = if self.hand + 1 < self.entries.len() { self.hand + 1 } else { 0 };
            match self.entries.get_mut(self.hand) {
                Some(entry) if entry.is_used => entry.is_used = false,
                _ => break,
            }
        }
        self.hand
    }

    fn remove(&mut self, place: usize) {
        if place >= self.entries.len() {
            return;
        }
        let gone = self.entries.swap_remove(place);
        self.places.remove(&start_of(&gone.token));
        self.size -= gone.size;
        self.find_again(place);
    }

    /// After something came to this place.
    fn find_again(&mut self, place: usize) {
        if let Some(entry) = self.entries.get(place) {
            self.places.insert(start_of(&entry.token), place);
        }
    }
}

/// Of 48 random bits.
fn start_of(token: &TokenText) -> u64 {
    u64::from_le_bytes(token.first_chunk().copied().unwrap_or_default())
}

/// Whoever measures how long it takes learns nothing of a token that is nearly right.
fn are_equal(one: &TokenText, other: &TokenText) -> bool {
    let differ = |place: usize| {
        let word = |text: &TokenText| {
            let word = text.get(place..).and_then(|rest| rest.first_chunk());
            word.copied().map(u64::from_le_bytes).unwrap_or_default()
        };
        word(one) ^ word(other)
    };
    const { assert!(size_of::<TokenText>() == 35 + size_of::<u64>()) };
    black_box(differ(0) | differ(8) | differ(16) | differ(24) | differ(32) | differ(35)) == 0
}

/// Keys are random already, but for bits that all characters have.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(self.0 ^ u64::from(*byte)));
    }

    fn write_u64(&mut self, key: u64) {
        let spread = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ (spread >> 32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::SessionToken;

    fn token(number: usize) -> TokenText {
        SessionToken::from_random(openssl::sha::sha256(&number.to_be_bytes())).to_text()
    }

    fn known<T: Copy>(cache: &mut TokenCache<T>, token: &TokenText) -> Option<T> {
        cache.get(token, |_| true).map(|value| *value)
    }

    #[test]
    fn a_value_is_found_by_its_token_alone() {
        let mut cache = TokenCache::new(8);
        cache.insert(token(1), 1, "alice");
        assert_eq!(known(&mut cache, &token(1)), Some("alice"));
        for place in 0..token(1).len() {
            for bit in 0..8 {
                let mut other = token(1);
                other[place] ^= 1 << bit;
                assert_eq!(known(&mut cache, &other), None, "{place}, {bit}");
            }
        }
        assert_eq!(known(&mut cache, &token(1)), Some("alice"), "who guesses pushes nobody out");
    }

    #[test]
    fn what_is_good_no_more_is_forgotten() {
        let mut cache = TokenCache::new(8);
        cache.insert(token(1), 1, "alice");
        assert!(cache.get(&token(1), |value| *value == "bob").is_none());
        assert_eq!(known(&mut cache, &token(1)), None);
        assert_eq!((cache.places.len(), cache.entries.len(), cache.size), (0, 0, 0));
    }

    #[test]
    fn inserting_again_replaces() {
        let mut cache = TokenCache::new(8);
        cache.insert(token(1), 5, "alice");
        cache.insert(token(1), 3, "bob");
        assert_eq!(known(&mut cache, &token(1)), Some("bob"));
        assert_eq!((cache.entries.len(), cache.size), (1, 3));
    }

    #[test]
    fn two_tokens_that_begin_alike_do_not_open_each_other() {
        let mut cache = TokenCache::new(8);
        let mut twin = token(1);
        twin[42] = if twin[42] == b'A' { b'E' } else { b'A' };
        cache.insert(token(1), 1, "alice");
        cache.insert(twin, 1, "bob");
        assert_eq!((known(&mut cache, &token(1)), known(&mut cache, &twin)), (None, Some("bob")));
    }

    #[test]
    fn it_stays_bounded_and_keeps_the_newest_and_the_used() {
        let mut cache = TokenCache::new(64);
        cache.insert(token(0), 1, 0);
        for number in 1..10_000 {
            cache.insert(token(number), 1, number);
            assert_eq!(known(&mut cache, &token(0)), Some(0), "{number}");
            assert!(cache.entries.len() <= 64 && cache.places.len() == cache.entries.len());
        }
        let kept = (1..10_000).filter(|number| known(&mut cache, &token(*number)).is_some());
        assert!(kept.eq(10_000 - 63..10_000));
    }

    #[test]
    fn all_that_it_has_room_for_is_found() {
        let mut cache = TokenCache::new(10_000);
        for number in 0..10_000 {
            cache.insert(token(number), 1, number);
        }
        assert!((0..10_000).all(|number| known(&mut cache, &token(number)) == Some(number)));
    }

    #[test]
    fn together_they_have_a_size_and_the_newest_stays() {
        let mut cache = TokenCache::new(64);
        let most = 64 * MEAN_SIZE;
        let sizes = [1, MEAN_SIZE, most / 3, most, 2 * most, 100, most / 2, most / 2];
        for number in 0..1000 {
            let size = sizes[number % sizes.len()];
            cache.insert(token(number), size, number);
            assert_eq!(known(&mut cache, &token(number)), Some(number));
            let kept: Vec<usize> = cache.entries.iter().map(|entry| entry.size).collect();
            assert_eq!(cache.size, kept.iter().sum::<usize>());
            assert!(cache.size <= most || kept == [size], "{number}: {kept:?}");
        }
    }
}
