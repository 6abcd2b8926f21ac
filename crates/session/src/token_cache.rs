//! What one worker remembers of sessions, found by the cookie's value: no hash is made, nothing is read of
//! shared memory, nothing decoded.

use std::hint::black_box;
use std::rc::Rc;

use hashbrown::HashTable;

use crate::memory::Memory;
use crate::token::TokenText;

/// Bytes that a session may take on average where its number alone is given.
const MEAN_SIZE: usize = 8 << 10;

/// Entries that the hand passes by at most to find one that was not used: a worker does nothing else meanwhile.
const MOST_PASSED: usize = 4096;

/// How much a worker remembers of the sessions of one SP: `cache_size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheSize {
    /// So many sessions, of 8 KiB on average.
    Sessions(usize),
    /// So many bytes.
    Bytes(usize),
}

/// A map from a session's token to what was decoded of it, bounded in bytes or in number.
///
/// The first of a token's own random characters lead to its entry, and the whole token is compared there, in a time
/// that does not depend on where it differs.
pub struct TokenCache<T> {
    /// Places in `entries`.
    places: HashTable<u32>,
    entries: Vec<Entry<T>>,
    /// Entries that it has at most.
    most: usize,
    /// Bytes that all together take at most.
    most_bytes: usize,
    /// What the values take, by their own account.
    memory: Memory,
    /// The entry that makes room next.
    hand: usize,
}

struct Entry<T> {
    token: TokenText,
    /// Since the hand has passed by.
    is_used: bool,
    value: Rc<T>,
}

/// What an entry takes besides its value: its own bytes, and a place and a byte in a table that is more than half
/// empty when it has just grown. Room for entries that are not there yet is not in memory.
const fn entry_size<T>() -> usize {
    size_of::<Entry<T>>() + 12
}

impl<T> TokenCache<T> {
    /// An empty cache of at most this size; `memory` counts what its values take.
    pub fn new(size: CacheSize, memory: &Memory) -> Self {
        let (most, most_bytes) = match size {
            CacheSize::Sessions(count) => (count.max(1), count.saturating_mul(MEAN_SIZE)),
            // Places are numbers of 32 bits.
            CacheSize::Bytes(bytes) => (1 << 31, bytes),
        };
        let (places, entries, memory) = (HashTable::new(), Vec::new(), memory.clone());
        Self { places, entries, most, most_bytes, memory, hand: 0 }
    }

    /// What is remembered of the session of this token; forgotten when it `is_good` no more.
    #[inline]
    pub fn get(&mut self, token: &TokenText, is_good: impl FnOnce(&T) -> bool) -> Option<Rc<T>> {
        let place = self.place_of(token)?;
        let entry = self.entries.get_mut(place)?;
        if is_good(&entry.value) {
            entry.is_used = true;
            let value = Rc::clone(&entry.value);
            if self.size() > self.most_bytes {
                self.shrink();
            }
            return Some(value);
        }
        self.remove(place);
        None
    }

    /// What is remembered may have grown since.
    #[cold]
    fn shrink(&mut self) {
        while self.entries.len() > 1 && self.size() > self.most_bytes {
            let place = self.next_to_go();
            self.remove(place);
        }
    }

    /// Remembers a session. It is kept whatever its size; others go when all together are too many or too large,
    /// those first that were not used lately.
    pub fn insert(&mut self, token: TokenText, value: T) -> Rc<T> {
        let value = Rc::new(value);
        if let Some(place) = self.place_of(&token) {
            self.remove(place);
        }
        while !self.entries.is_empty() && !self.has_room() {
            let place = self.next_to_go();
            self.remove(place);
        }
        self.entries.push(Entry { token, is_used: false, value: Rc::clone(&value) });
        let last = self.entries.len() - 1;
        self.places.insert_unique(start_of(&token), number(last), start_at(&self.entries));
        // Into the place of what has gone: where the hand comes last.
        self.swap(self.hand.min(last), last);
        value
    }

    /// Bytes that it takes with all that it remembers.
    fn size(&self) -> usize {
        self.memory.bytes().saturating_add(self.entries.len() * entry_size::<T>())
    }

    /// For one that the memory counts already.
    fn has_room(&self) -> bool {
        self.entries.len() < self.most
            && self.size().saturating_add(entry_size::<T>()) <= self.most_bytes
    }

    fn place_of(&self, token: &TokenText) -> Option<usize> {
        let is_of = |place: &u32| {
            self.entries.get(index(*place)).is_some_and(|entry| are_equal(&entry.token, token))
        };
        self.places.find(start_of(token), is_of).map(|place| index(*place))
    }

    /// The next that was not used since the hand last passed by: what it passes by was used as often.
    fn next_to_go(&mut self) -> usize {
        for _ in 0..=self.entries.len().min(MOST_PASSED) {
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
        let last = self.entries.len() - 1;
        self.swap(place, last);
        if let Some(gone) = self.entries.pop() {
            let is_it = |known: &u32| index(*known) == last;
            if let Ok(found) = self.places.find_entry(start_of(&gone.token), is_it) {
                found.remove();
            }
        }
    }

    fn swap(&mut self, one: usize, other: usize) {
        let [Some(first), Some(second)] = [one, other].map(|place| self.start_at(place)) else {
            return;
        };
        if one == other {
            return;
        }
        // A place between the two names neither, while both move.
        self.renumber(first, one, usize::MAX);
        self.renumber(second, other, one);
        self.renumber(first, usize::MAX, other);
        self.entries.swap(one, other);
    }

    fn start_at(&self, place: usize) -> Option<u64> {
        self.entries.get(place).map(|entry| start_of(&entry.token))
    }

    fn renumber(&mut self, start: u64, from: usize, to: usize) {
        let from = number(from);
        if let Some(place) = self.places.find_mut(start, |place| *place == from) {
            *place = number(to);
        }
    }
}

/// For the table, when it grows.
fn start_at<T>(entries: &[Entry<T>]) -> impl Fn(&u32) -> u64 + '_ {
    |place| entries.get(index(*place)).map_or(0, |entry| start_of(&entry.token))
}

/// Places end before 2³¹.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn index(number: u32) -> usize {
    const _: () = assert!(usize::BITS >= u32::BITS);
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Of 48 random bits, spread over all 64: characters have some that are the same in all of them.
fn start_of(token: &TokenText) -> u64 {
    let start = u64::from_le_bytes(token.first_chunk().copied().unwrap_or_default());
    let spread = start.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    spread ^ (spread >> 32)
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

#[cfg(test)]
mod tests;
