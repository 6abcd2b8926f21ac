//! The links between entries: hash buckets and the two queues.

use super::Table;
use crate::block::{Block, Head, NIL};
use crate::layout::Queue;

impl Table<'_> {
    pub(super) fn head(&self, at: u32) -> Option<&Head> {
        self.block(at).map(Block::head)
    }

    pub(super) fn head_mut(&mut self, at: u32) -> Option<&mut Head> {
        self.block_mut(at).map(Block::head_mut)
    }

    pub(super) fn bucket_of(&self, at: u32) -> Option<usize> {
        let head = self.head(at)?;
        Some(self.layout.bucket(head.kind, &head.key))
    }

    /// Puts the entry into its hash bucket.
    pub(super) fn chain(&mut self, at: u32) -> Option<usize> {
        let bucket = self.bucket_of(at)?;
        let first = *self.buckets.get(bucket)?;
        self.head_mut(at)?.chain = first;
        *self.buckets.get_mut(bucket)? = at;
        Some(bucket)
    }

    /// Takes the entry out of its hash bucket.
    pub(super) fn unchain(&mut self, at: u32) -> Option<usize> {
        let bucket = self.bucket_of(at)?;
        let following = self.head(at)?.chain;
        let mut previous = *self.buckets.get(bucket)?;
        if previous == at {
            *self.buckets.get_mut(bucket)? = following;
            return Some(bucket);
        }
        loop {
            let head = self.head_mut(previous)?;
            if head.chain == at {
                head.chain = following;
                return Some(bucket);
            }
            previous = head.chain;
        }
    }

    /// Makes an evictable entry the last to be evicted.
    pub(super) fn renew(&mut self, at: u32) -> Option<()> {
        if self.head(at)?.pinned != 0 { Some(()) } else { self.move_to_newest(at) }
    }

    pub(super) fn move_to_newest(&mut self, at: u32) -> Option<()> {
        if self.head(at)?.newer == NIL {
            return Some(());
        }
        self.dequeue(at)?;
        self.enqueue(at)
    }

    pub(super) fn enqueue(&mut self, at: u32) -> Option<()> {
        let newest = self.queue_of(at)?.newest;
        let head = self.head_mut(at)?;
        head.newer = NIL;
        head.older = newest;
        match self.head_mut(newest) {
            Some(head) => head.newer = at,
            None => self.queue_of(at)?.oldest = at,
        }
        self.queue_of(at)?.newest = at;
        Some(())
    }

    pub(super) fn dequeue(&mut self, at: u32) -> Option<()> {
        let &Head { newer, older, .. } = self.head(at)?;
        match self.head_mut(newer) {
            Some(head) => head.older = older,
            None => self.queue_of(at)?.newest = older,
        }
        match self.head_mut(older) {
            Some(head) => head.newer = newer,
            None => self.queue_of(at)?.oldest = newer,
        }
        Some(())
    }

    fn queue_of(&mut self, at: u32) -> Option<&mut Queue> {
        let is_pinned = self.head(at)?.pinned != 0;
        Some(if is_pinned { &mut self.header.pinned } else { &mut self.header.evictable })
    }
}
