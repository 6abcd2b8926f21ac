//! Values as chains of blocks, and the blocks nobody uses.

use std::sync::atomic::{Ordering, compiler_fence};

use super::Table;
use crate::block::{Block, NIL, blocks_for, index};

impl Table<'_> {
    pub(super) fn block(&self, at: u32) -> Option<&Block> {
        self.blocks.get(index(at))
    }

    pub(super) fn block_mut(&mut self, at: u32) -> Option<&mut Block> {
        self.blocks.get_mut(index(at))
    }

    pub(super) fn blocks_of(&self, at: u32) -> u32 {
        self.block(at).map_or(0, |block| blocks_for(block.len()))
    }

    pub(super) fn copy_value(&self, first: u32, buffer: &mut Vec<u8>) -> Option<()> {
        self.copy_value_until(first, usize::MAX, buffer)
    }

    /// Of its first `most` bytes.
    pub(super) fn copy_value_until(
        &self,
        first: u32,
        most: usize,
        buffer: &mut Vec<u8>,
    ) -> Option<()> {
        let mut at = first;
        let mut left = self.block(first)?.len().min(most);
        loop {
            let block = self.block(at)?;
            let bytes = block.bytes(at == first);
            let bytes = bytes.get(..left).unwrap_or(bytes);
            buffer.extend_from_slice(bytes);
            left -= bytes.len();
            if left == 0 {
                return Some(());
            }
            at = block.next;
        }
    }

    /// Is it this one?
    pub(super) fn is_value(&self, first: u32, value: &[u8]) -> bool {
        let mut at = first;
        let mut left = value;
        if self.block(first).is_none_or(|block| block.len() != value.len()) {
            return false;
        }
        while let Some(block) = self.block(at) {
            let bytes = block.bytes(at == first);
            let (now, later) = left.split_at(left.len().min(bytes.len()));
            if !bytes.starts_with(now) {
                return false;
            }
            if later.is_empty() {
                return true;
            }
            (at, left) = (block.next, later);
        }
        false
    }

    /// The number of the first block; the caller fills in its head.
    pub(super) fn write_value(&mut self, value: &[u8]) -> Option<u32> {
        let first = self.take_block()?;
        let mut at = first;
        let mut left = value;
        loop {
            let block = self.block_mut(at)?;
            let bytes = block.bytes_mut(at == first);
            let (now, later) = left.split_at(left.len().min(bytes.len()));
            bytes.get_mut(..now.len())?.copy_from_slice(now);
            left = later;
            if left.is_empty() {
                break;
            }
            let next = self.take_block()?;
            self.block_mut(at)?.next = next;
            at = next;
        }
        self.block_mut(at)?.next = NIL;
        self.block_mut(first)?.set_len(u32::try_from(value.len()).ok()?);
        Some(first)
    }

    fn take_block(&mut self) -> Option<u32> {
        let at = self.header.free;
        if let Some(&Block { next, .. }) = self.block(at) {
            self.header.free = next;
            self.header.free_count -= 1;
            return Some(at);
        }
        let at = self.header.fresh;
        // Nobody looks at what is beyond `fresh`, which may be anything.
        self.block_mut(at)?.set_len(0);
        compiler_fence(Ordering::SeqCst);
        self.header.fresh += 1;
        Some(at)
    }

    pub(super) fn free_value(&mut self, first: u32) -> Option<()> {
        let count = self.blocks_of(first);
        let mut last = first;
        for _ in 1..count {
            last = self.block(last)?.next;
        }
        self.block_mut(last)?.next = self.header.free;
        self.header.free = first;
        self.header.free_count += count;
        Some(())
    }
}
