//! Where things lie in the zone: header, epochs, hash buckets, blocks.

use std::ptr::NonNull;

use clock::{Monotonic, UnixTime};

use crate::block::{Block, NIL, index};
use crate::sync::{AtomicU32, AtomicU64};

/// Names the layout below; its last byte is the layout's version.
pub(crate) const MAGIC: u64 = u64::from_be_bytes(*b"ngxsaml\x05");

/// Bytes below which a zone is refused: the tables would leave no room worth having.
pub const MIN_SIZE: usize = 16 * 1024;

/// Zone bytes per hash bucket: two sessions of the usual 1 KiB.
const BYTES_PER_BUCKET: usize = 2048;

/// Above the highest number of a kind.
pub(crate) const KINDS: usize = 16;

#[repr(C, align(64))]
pub(crate) struct Header {
    pub magic: u64,
    pub bucket_count: u32,
    pub block_count: u32,
    pub secret: [u8; 32],
    /// Non-zero while a process changes the table; seen non-zero by the next, its owner died.
    pub busy: AtomicU32,
    /// Recycled blocks, linked by `next`.
    pub free: u32,
    /// Blocks in that list.
    pub free_count: u32,
    /// First block never used yet: formatting must not touch every page of a large zone.
    pub fresh: u32,
    pub evictable: Queue,
    pub pinned: Queue,
    pub pinned_blocks: u32,
    /// The last version given out.
    pub version: u64,
    pub entries: u64,
    /// Those of each kind, by its number.
    pub entries_of: [u64; KINDS],
    pub evictions: u64,
    pub evictions_reported: u64,
    pub reported_at: UnixTime,
    /// How many times a process had died while it changed the table.
    pub repairs: u64,
    /// When it was formatted.
    pub born: Monotonic,
}

/// The ends of a queue of entries.
#[repr(C)]
pub(crate) struct Queue {
    pub newest: u32,
    pub oldest: u32,
}

impl Queue {
    pub(crate) const EMPTY: Self = Self { newest: NIL, oldest: NIL };
}

impl Header {
    /// Forgets all entries; what counts over the zone's life stays, and so does what was used of its blocks.
    pub(crate) fn clear(&mut self) {
        self.free = NIL;
        self.free_count = 0;
        self.evictable = Queue::EMPTY;
        self.pinned = Queue::EMPTY;
        self.pinned_blocks = 0;
        self.entries = 0;
        self.entries_of = [0; KINDS];
    }
}

/// Offsets and counts; a function of the size alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub buckets: u32,
    pub blocks: u32,
    pub buckets_at: usize,
    pub blocks_at: usize,
}

impl Layout {
    pub(crate) const EPOCHS: usize = size_of::<Header>();

    pub(crate) fn of(base: NonNull<u8>, size: usize) -> Option<Self> {
        if size < MIN_SIZE || !base.cast::<Header>().is_aligned() {
            return None;
        }
        let buckets = u32::try_from((size / BYTES_PER_BUCKET).next_power_of_two()).ok()?;
        let buckets_at = Self::EPOCHS + index(buckets) * size_of::<AtomicU64>();
        let tables_end = buckets_at + index(buckets) * size_of::<u32>();
        let blocks_at = tables_end.next_multiple_of(64);
        let blocks = size.checked_sub(blocks_at)? / size_of::<Block>();
        let blocks = u32::try_from(blocks).ok().filter(|count| *count < NIL)?;
        Some(Self { buckets, blocks, buckets_at, blocks_at })
    }

    pub(crate) fn bucket_count(self) -> usize {
        index(self.buckets)
    }

    pub(crate) fn block_count(self) -> usize {
        index(self.blocks)
    }

    /// Keys are digests, so any of their bits spread well.
    pub(crate) fn bucket(self, kind: u8, key: &[u8; 32]) -> usize {
        let [a, b, c, d, ..] = *key;
        let spread = u32::from_le_bytes([a, b, c, d]) ^ u32::from(kind);
        index(spread & (self.buckets - 1))
    }
}
