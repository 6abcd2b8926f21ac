//! What a process leaves that dies while it changes the table, made whole by the next one.
//!
//! Of what it has left only the mark of whole entries ([`Block::is_whole`]) is believed, for that is set and taken
//! away by one store, after and before all others of an entry. Everything that leads to entries is made anew. An
//! entry whose blocks are not its own alone is none: no death leaves such a one, a stray write may.
//!
//! Whoever dies during a repair leaves what the next one repairs. It takes time in proportion to the blocks that were
//! ever used.

use std::cmp::Reverse;

use super::{MAX_VALUE, Table};
use crate::block::{Block, Head, NIL, blocks_for, index};
use crate::layout::KINDS;
use crate::sync::Ordering;

/// What became of the entries of a table that was half changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repair {
    /// Are as they were.
    pub kept: u32,
    /// Were in doubt, and are dropped.
    pub dropped: u32,
}

/// Whose blocks are whose.
struct Owners {
    /// For each block the first one of its entry, or [`NIL`].
    of: Vec<u32>,
    /// Whether an entry that begins with the block lays claim to blocks of another, or is that other one.
    doubtful: Vec<bool>,
}

impl Owners {
    fn doubt(&mut self, first: u32) {
        self.doubtful.get_mut(index(first)).into_iter().for_each(|doubtful| *doubtful = true);
    }

    fn is_doubtful(&self, first: u32) -> bool {
        self.doubtful.get(index(first)).copied().unwrap_or(true)
    }
}

impl Table<'_> {
    #[cold]
    #[inline(never)]
    pub(crate) fn repair(&mut self) {
        let (mut owners, mut found) = self.owners();
        let all = found.len();
        found.retain(|at| !owners.is_doubtful(*at));
        let dropped = u32::try_from(all - found.len()).unwrap_or(u32::MAX);
        // The newest first: of two entries with one key it was about to take the other's place.
        found.sort_unstable_by_key(|at| Reverse(self.head(*at).map(|head| head.version)));
        let order = self.order(&found);
        let newest = found.first().and_then(|at| self.head(*at)).map_or(0, |head| head.version);
        self.header.fresh = self.used();
        self.header.clear();
        self.buckets.fill(NIL);
        for at in found {
            if self.is_replaced(at) {
                owners.doubt(at);
            } else {
                self.chain(at);
            }
        }
        // Before anything of them changes.
        for at in (0..self.used()).filter(|at| owners.is_doubtful(*at)) {
            self.block_mut(at).into_iter().for_each(Block::give_up);
        }
        for at in order.into_iter().filter(|at| !owners.is_doubtful(*at)) {
            self.line_up(at);
        }
        self.free_others(&owners);
        self.header.version = self.header.version.max(newest);
        self.header.repairs += 1;
        for epoch in self.epochs {
            epoch.fetch_add(1, Ordering::Release);
        }
        let kept = u32::try_from(self.header.entries).unwrap_or(u32::MAX);
        self.repair = Some(Repair { kept, dropped });
    }

    /// Blocks that may be in use: no others were ever.
    fn used(&self) -> u32 {
        self.header.fresh.min(self.layout.blocks)
    }

    /// Goes through all entries that are said to be whole.
    fn owners(&self) -> (Owners, Vec<u32>) {
        let used = index(self.used());
        let mut owners = Owners { of: vec![NIL; used], doubtful: vec![false; used] };
        let mut found = Vec::new();
        for first in 0..self.used() {
            if self.block(first).is_some_and(Block::is_whole) {
                found.push(first);
                if self.own(first, &mut owners).is_none() {
                    owners.doubt(first);
                }
            }
        }
        (owners, found)
    }

    /// `None` = it cannot be an entry, or not all of its blocks are its own.
    fn own(&self, first: u32, owners: &mut Owners) -> Option<()> {
        let block = self.block(first)?;
        let head = block.head();
        if block.len() > MAX_VALUE || usize::from(head.kind) >= KINDS || head.pinned > 1 {
            return None;
        }
        let mut at = first;
        for _ in 0..blocks_for(block.len()) {
            if at != first && self.block(at)?.is_whole() {
                return None;
            }
            let owner = owners.of.get_mut(index(at))?;
            if *owner != NIL {
                let other = *owner;
                owners.doubt(other);
                return None;
            }
            *owner = first;
            at = self.block(at)?.next;
        }
        (at == NIL).then_some(())
    }

    /// Has another entry its key already?
    fn is_replaced(&self, at: u32) -> bool {
        let same = |head: &Head| self.find_byte(head.kind, &head.key);
        self.head(at).and_then(same).is_some()
    }

    /// The entries as they stand in their queues. Those that stand in none were about to be the newest.
    fn order(&self, newest_first: &[u32]) -> Vec<u32> {
        let mut waiting = vec![false; index(self.used())];
        for at in newest_first {
            waiting.get_mut(index(*at)).into_iter().for_each(|waits| *waits = true);
        }
        let mut order = Vec::with_capacity(newest_first.len());
        for queue in [&self.header.evictable, &self.header.pinned] {
            let mut at = queue.oldest;
            // What is no entry any more may stand there still. Nothing is longer than all blocks.
            for _ in 0..self.used() {
                let Some(waits) = waiting.get_mut(index(at)) else { break };
                if std::mem::take(waits) {
                    order.push(at);
                }
                at = self.head(at).map_or(NIL, |head| head.newer);
            }
        }
        let left = |at: &&u32| waiting.get(index(**at)).is_some_and(|waits| *waits);
        order.extend(newest_first.iter().rev().filter(left));
        order
    }

    fn free_others(&mut self, owners: &Owners) {
        for at in (0..self.used()).rev() {
            let owner = owners.of.get(index(at)).copied().unwrap_or(NIL);
            if !owners.is_doubtful(owner) {
                continue;
            }
            let free = self.header.free;
            if let Some(block) = self.block_mut(at) {
                block.set_len(0);
                block.next = free;
                self.header.free = at;
                self.header.free_count += 1;
            }
        }
    }
}
