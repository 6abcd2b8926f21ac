//! The zone's memory: formatted, taken over, opened as a table.

use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::compiler_fence;
use std::thread::panicking;

use clock::{Monotonic, UnixTime};

use crate::Kind;
use crate::block::{Block, NIL};
use crate::layout::{Header, KINDS, Layout, MAGIC, Queue};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crate::table::Table;

/// Formatted zone memory. Copies are views of the same memory.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    base: NonNull<u8>,
    layout: Layout,
}

impl Memory {
    /// Formats zeroed or used memory into an empty table, which is `born` now.
    ///
    /// `None` when `size` is below [`crate::MIN_SIZE`] or `base` is not aligned to 64 bytes.
    ///
    /// # Safety
    ///
    /// `base..base + size` is writable, used by nobody else during the call, and outlives every
    /// use of the result.
    pub unsafe fn format(
        base: NonNull<u8>,
        size: usize,
        secret: [u8; 32],
        born: Monotonic,
    ) -> Option<Self> {
        let memory = Self { base, layout: Layout::of(base, size)? };
        let header = Header {
            magic: MAGIC,
            bucket_count: memory.layout.buckets,
            block_count: memory.layout.blocks,
            secret,
            busy: AtomicU32::new(0),
            free: NIL,
            free_count: 0,
            fresh: 0,
            evictable: Queue::EMPTY,
            pinned: Queue::EMPTY,
            pinned_blocks: 0,
            version: 0,
            entries: 0,
            entries_of: [0; KINDS],
            evictions: 0,
            evictions_reported: 0,
            reported_at: UnixTime::default(),
            repairs: 0,
            born,
        };
        // SAFETY: the layout lies within the caller's memory, aligned; nobody else uses it yet.
        unsafe {
            memory.header().write(header);
            for bucket in 0..memory.layout.bucket_count() {
                memory.epochs_ptr().add(bucket).write(AtomicU64::new(0));
            }
            memory.buckets_ptr().write_bytes(0xff, memory.layout.bucket_count());
        }
        Some(memory)
    }

    /// Takes over memory that [`Memory::format`] of the same layout and size has formatted.
    ///
    /// `None` when it holds anything else.
    ///
    /// # Safety
    ///
    /// `base..base + size` is readable and writable and outlives every use of the result.
    pub unsafe fn adopt(base: NonNull<u8>, size: usize) -> Option<Self> {
        let memory = Self { base, layout: Layout::of(base, size)? };
        let header = memory.header();
        // SAFETY: the layout lies within the caller's memory; these fields are only written by
        // `format`, before others can know of the zone.
        let found = unsafe { ((*header).magic, (*header).bucket_count, (*header).block_count) };
        (found == (MAGIC, memory.layout.buckets, memory.layout.blocks)).then_some(memory)
    }

    /// The random bytes given to [`Memory::format`].
    pub fn secret(&self) -> [u8; 32] {
        // SAFETY: written once by `format`, before others can know of the zone.
        unsafe { (*self.header()).secret }
    }

    /// When [`Memory::format`] made it: it knows of nothing that was before.
    pub fn born(&self) -> Monotonic {
        // SAFETY: as above.
        unsafe { (*self.header()).born }
    }

    /// Blocks of 256 bytes, used or not.
    pub fn blocks(&self) -> u32 {
        self.layout.blocks
    }

    /// Counts the changes of the key's hash bucket. While it stands still, so do its entries,
    /// but for expiry and touches.
    pub fn epoch(&self, kind: Kind, key: &[u8; 32]) -> u64 {
        let bucket = self.layout.bucket(kind.byte(), key);
        // SAFETY: epochs are atomics, and shared references are all that ever exist to them.
        let epochs =
            unsafe { slice::from_raw_parts(self.epochs_ptr(), self.layout.bucket_count()) };
        epochs.get(bucket).map_or(0, |epoch| epoch.load(Ordering::Acquire))
    }

    /// Opens the table for a change. If the last one who did so died before dropping it, the table is
    /// [repaired](Table::repaired) first: half-made links could show one user another one's session.
    ///
    /// # Safety
    ///
    /// The caller holds the lock that all processes with this zone take, for the table's life.
    pub unsafe fn table(&self) -> Table<'_> {
        // SAFETY: the parts do not overlap and, by the caller's lock, only one table exists.
        let mut table = unsafe {
            Table {
                header: &mut *self.header(),
                layout: self.layout,
                epochs: slice::from_raw_parts(self.epochs_ptr(), self.layout.bucket_count()),
                buckets: slice::from_raw_parts_mut(self.buckets_ptr(), self.layout.bucket_count()),
                blocks: slice::from_raw_parts_mut(self.blocks_ptr(), self.layout.block_count()),
                repair: None,
                clock: Monotonic::default(),
                departed: None,
            }
        };
        if table.header.busy.load(Ordering::Relaxed) != 0 {
            table.repair();
        }
        table.header.busy.store(1, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        table
    }

    fn header(&self) -> *mut Header {
        self.base.as_ptr().cast()
    }

    fn epochs_ptr(&self) -> *mut AtomicU64 {
        self.at(Layout::EPOCHS)
    }

    fn buckets_ptr(&self) -> *mut u32 {
        self.at(self.layout.buckets_at)
    }

    fn blocks_ptr(&self) -> *mut Block {
        self.at(self.layout.blocks_at)
    }

    fn at<T>(&self, offset: usize) -> *mut T {
        // SAFETY: `Layout::of` keeps every offset inside the memory, aligned for its part.
        unsafe { self.base.as_ptr().add(offset).cast() }
    }
}

impl Drop for Table<'_> {
    fn drop(&mut self) {
        // Whoever panics leaves it as one who dies.
        if !panicking() {
            compiler_fence(Ordering::SeqCst);
            self.header.busy.store(0, Ordering::Relaxed);
        }
    }
}
