//! Values as chains of blocks, and the blocks nobody uses.

use super::Table;
use crate::block::{NIL, blocks_for};

impl Table<'_> {
    pub(super) fn blocks_of(&self, at: u32) -> u32 {
        self.blocks.get(at as usize).map_or(0, |block| blocks_for(block.len as usize))
    }

    pub(super) fn copy_value(&self, first: u32, buffer: &mut Vec<u8>) -> Option<()> {
        let mut at = first;
        let mut left = self.blocks.get(first as usize)?.len as usize;
        loop {
            let block = self.blocks.get(at as usize)?;
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

    /// The number of the first block; the caller fills in its head.
    pub(super) fn write_value(&mut self, value: &[u8]) -> Option<u32> {
        let first = self.take_block()?;
        let mut at = first;
        let mut left = value;
        loop {
            let block = self.blocks.get_mut(at as usize)?;
            let bytes = block.bytes_mut(at == first);
            let (now, later) = left.split_at(left.len().min(bytes.len()));
            bytes.get_mut(..now.len())?.copy_from_slice(now);
            left = later;
            if left.is_empty() {
                break;
            }
            let next = self.take_block()?;
            self.blocks.get_mut(at as usize)?.next = next;
            at = next;
        }
        self.blocks.get_mut(at as usize)?.next = NIL;
        self.blocks.get_mut(first as usize)?.len = u32::try_from(value.len()).ok()?;
        Some(first)
    }

    fn take_block(&mut self) -> Option<u32> {
        let at = self.header.free;
        if let Some(block) = self.blocks.get(at as usize) {
            self.header.free = block.next;
            self.header.free_count -= 1;
            return Some(at);
        }
        let at = self.header.fresh;
        self.blocks.get(at as usize)?;
        self.header.fresh += 1;
        Some(at)
    }

    pub(super) fn free_value(&mut self, first: u32) -> Option<()> {
        let count = self.blocks_of(first);
        let mut last = first;
        for _ in 1..count {
            last = self.blocks.get(last as usize)?.next;
        }
        self.blocks.get_mut(last as usize)?.next = self.header.free;
        self.header.free = first;
        self.header.free_count += count;
        Some(())
    }
}
