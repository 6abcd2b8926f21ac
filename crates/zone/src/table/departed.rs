//! Sessions that end without anybody's asking: who opens the table may want to know which.
//!
//! An entry is removed under the lock, once, by whoever comes by it; that process hears of it, and no other one.

use clock::UnixTime;

use super::Table;
use crate::Kind;

/// Bytes of a value that are handed over: what tells whose session it was stands at its beginning.
pub const DEPARTED_MAX: usize = 16 << 10;

/// Entries that one step of a sweep looks at, and then to the end of their bucket.
const ENTRIES: usize = 1024;

/// Sessions that are handed over in one step, and then to the end of their bucket: they are copied under the lock.
const DEPARTURES: usize = 256;

/// Buckets that one step looks into: most of a large zone's are empty.
const BUCKETS: usize = 8192;

/// A session that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departed {
    /// Its key.
    pub key: [u8; 32],
    /// Until when it would have lain here; past, unless it was evicted.
    pub expires: UnixTime,
    /// It had to make room before its time.
    pub is_evicted: bool,
    /// The bytes as stored, [`DEPARTED_MAX`] of them at most.
    pub value: Vec<u8>,
}

impl Table<'_> {
    /// From now on, remembers which sessions expire and are evicted.
    pub fn watch(&mut self) {
        self.departed.get_or_insert_default();
    }

    /// Those that are gone since [`Table::watch`].
    pub fn take_departed(&mut self) -> Vec<Departed> {
        self.departed.take().unwrap_or_default()
    }

    /// Removes what has expired from bucket `from` on, a bounded part of it; says where the next step begins,
    /// `None` = there is no more.
    pub fn sweep(&mut self, from: usize, now: UnixTime) -> Option<usize> {
        let mut entries = 0;
        let before = self.departures();
        for place in from..self.buckets.len() {
            let departures = self.departures() - before;
            if entries >= ENTRIES || departures >= DEPARTURES || place - from >= BUCKETS {
                return Some(place);
            }
            let mut at = *self.buckets.get(place)?;
            while let Some(&head) = self.head(at) {
                entries += 1;
                if self.has_ended(&head, now) {
                    self.drop_expired(at);
                }
                at = head.chain;
            }
        }
        None
    }

    fn departures(&self) -> usize {
        self.departed.as_ref().map_or(0, Vec::len)
    }

    pub(super) fn drop_expired(&mut self, at: u32) -> Option<()> {
        self.note(at, false);
        self.remove(at)
    }

    pub(super) fn drop_evicted(&mut self, at: u32) -> Option<()> {
        self.note(at, true);
        self.remove(at)?;
        self.header.evictions += 1;
        Some(())
    }

    fn note(&mut self, at: u32, is_evicted: bool) -> Option<()> {
        self.departed.as_ref()?;
        let &head = self.head(at)?;
        if head.kind == Kind::Session.byte() {
            let mut value = Vec::new();
            self.copy_value_until(at, DEPARTED_MAX, &mut value)?;
            let departed = Departed { key: head.key, expires: head.ends, is_evicted, value };
            self.departed.as_mut()?.push(departed);
        }
        Some(())
    }
}
