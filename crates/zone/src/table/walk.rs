//! Going through all entries of a kind, a few at a time: the lock is held for each step alone.
//!
//! The way leads along the hash buckets. An entry stays in its bucket as long as it lives, so that whoever goes on
//! where they stopped meets each entry that was there all the time exactly once, whatever comes and goes.

use clock::UnixTime;

use super::Table;
use crate::Kind;
use crate::block::Block;

/// Entries of any kind that one step looks at, and then to the end of their bucket.
const ENTRIES: usize = 256;

/// Bytes that one step copies, and then to the end of their bucket.
const BYTES: usize = 128 << 10;

/// Buckets that one step looks into: most of a large zone's are empty.
const BUCKETS: usize = 4096;

/// An entry that was met on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walked {
    /// Its bucket.
    pub place: usize,
    /// Its key.
    pub key: [u8; 32],
    /// When it ends.
    pub expires: UnixTime,
    /// The bytes as stored.
    pub value: Vec<u8>,
}

/// What one step has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The entries of it, by their places.
    pub entries: Vec<Walked>,
    /// The bucket with which the next step begins; `None` = there are no more.
    pub next: Option<usize>,
}

impl Table<'_> {
    /// Copies the unexpired entries of a kind from bucket `from` on. It is no use of them: they are evicted no later.
    pub fn walk(&self, kind: Kind, from: usize, now: UnixTime) -> Step {
        let mut step = Step::default();
        let (mut entries, mut bytes) = (0, 0);
        let buckets = self.buckets.iter().enumerate().skip(from);
        for (place, first) in buckets {
            if entries >= ENTRIES || bytes >= BYTES || place - from >= BUCKETS {
                step.next = Some(place);
                return step;
            }
            let mut at = *first;
            while let Some(head) = self.head(at) {
                entries += 1;
                if head.kind == kind.byte() && !self.has_ended(head, now) {
                    let mut value = Vec::with_capacity(self.block(at).map_or(0, Block::len));
                    if self.copy_value(at, &mut value).is_some() {
                        bytes += value.len();
                        let (key, expires) = (head.key, self.expires(head, now));
                        step.entries.push(Walked { place, key, expires, value });
                    }
                }
                at = head.chain;
            }
        }
        step
    }

    /// The value of an unexpired entry, for who does not use it.
    pub fn peek(&self, kind: Kind, key: &[u8; 32], now: UnixTime) -> Option<Vec<u8>> {
        let at = self.find(kind, key)?;
        let mut value = Vec::new();
        (!self.has_ended(self.head(at)?, now)).then(|| self.copy_value(at, &mut value))??;
        Some(value)
    }
}
