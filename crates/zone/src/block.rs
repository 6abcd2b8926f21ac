//! A block: the first of an entry carries its head, the others only bytes.

use std::sync::atomic::{Ordering, compiler_fence};

use clock::{Monotonic, UnixTime};

/// No block: the end of a list.
pub(crate) const NIL: u32 = u32::MAX;

/// Bytes of the value in an entry's first block.
pub(crate) const FIRST: usize = 176;

/// Bytes of the value in each further block.
pub(crate) const REST: usize = 248;

/// In the first block of an entry that is whole: all of its value and its head are written, and none of its blocks
/// is anything else's. What a process that died has left is told by this alone, so it is set after everything
/// else of the entry, and taken away before anything of it changes. Above any length.
const WHOLE: u32 = 1 << 31;

#[repr(C, align(8))]
pub(crate) struct Block {
    /// The entry's next block, or the next free block.
    pub next: u32,
    /// In an entry's first block: the length of its value, and [`WHOLE`], which stands in no other block.
    len: u32,
    body: Body,
}

const _: () = assert!(size_of::<Block>() == 256);

#[derive(Clone, Copy)]
#[repr(C)]
union Body {
    first: First,
    rest: [u8; REST],
}

#[derive(Clone, Copy)]
#[repr(C)]
struct First {
    head: Head,
    bytes: [u8; FIRST],
}

/// What the table knows of an entry.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Head {
    /// When the entry ends: by the time of day, or where it is pinned by the clock for durations, in seconds.
    pub ends: UnixTime,
    /// What the clock said when the entry was last written or touched.
    pub touched: Monotonic,
    pub version: u64,
    pub key: [u8; 32],
    /// Next entry in the hash bucket.
    pub chain: u32,
    /// Neighbours in the queue of evictable or of pinned entries.
    pub newer: u32,
    pub older: u32,
    /// `Kind` as a byte: a byte from another process must not become an enum unchecked.
    pub kind: u8,
    pub pinned: u8,
    pub reserved: [u8; 2],
}

impl Block {
    /// The length of the value that begins here.
    pub(crate) fn len(&self) -> usize {
        index(self.len & !WHOLE)
    }

    /// Of the value of an entry that is not whole yet.
    pub(crate) fn set_len(&mut self, len: u32) {
        self.len = len & !WHOLE;
    }

    /// Is it the first of a whole entry?
    pub(crate) fn is_whole(&self) -> bool {
        self.len & WHOLE != 0
    }

    /// The entry is whole from here on, whatever happens to this process. A process ends between two instructions,
    /// so that it is enough when the compiler keeps the order.
    pub(crate) fn complete(&mut self) {
        compiler_fence(Ordering::SeqCst);
        self.len |= WHOLE;
        compiler_fence(Ordering::SeqCst);
    }

    /// The entry is none from here on.
    pub(crate) fn give_up(&mut self) {
        compiler_fence(Ordering::SeqCst);
        self.len &= !WHOLE;
        compiler_fence(Ordering::SeqCst);
    }

    pub(crate) fn head(&self) -> &Head {
        // SAFETY: both variants are plain integers of the same size with no padding: any bytes do.
        unsafe { &self.body.first.head }
    }

    pub(crate) fn head_mut(&mut self) -> &mut Head {
        // SAFETY: as in `head`.
        unsafe { &mut self.body.first.head }
    }

    pub(crate) fn bytes(&self, is_first: bool) -> &[u8] {
        // SAFETY: as in `head`.
        unsafe { if is_first { &self.body.first.bytes } else { &self.body.rest } }
    }

    pub(crate) fn bytes_mut(&mut self, is_first: bool) -> &mut [u8] {
        // SAFETY: as in `head`.
        unsafe { if is_first { &mut self.body.first.bytes } else { &mut self.body.rest } }
    }
}

/// A number in the zone as an index or a length here.
pub(crate) fn index(number: u32) -> usize {
    const _: () = assert!(usize::BITS >= u32::BITS);
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Blocks an entry with a value of `len` bytes takes.
pub(crate) fn blocks_for(len: usize) -> u32 {
    let rest = len.saturating_sub(FIRST).div_ceil(REST);
    u32::try_from(rest).unwrap_or(NIL - 1) + 1
}
