//! Look-ups, writes, expiry and eviction.

mod departed;
mod ends;
mod fill;
mod links;
mod owner;
mod repair;
mod values;
mod walk;

use std::sync::atomic::compiler_fence;

use clock::{Monotonic, Seconds, UnixTime};

pub use self::departed::{DEPARTED_MAX, Departed};
pub use self::fill::Fill;
pub use self::repair::Repair;
pub use self::walk::{Step, Walked};
use crate::block::{Block, Head, NIL, blocks_for};
use crate::layout::{Header, Layout};
use crate::sync::{AtomicU64, Ordering};
use crate::{Entry, Kind, StoreError};

/// The longest value, in bytes: it bounds the entries one write can evict. Users with thousands of
/// groups fit.
pub const MAX_VALUE: usize = 512 * 1024;

/// No entry may take more than this part of the zone: one user must not end all others' sessions.
const MAX_SHARE: u32 = 4;

/// Entries looked at for expiry before every write.
const EXPIRE_STEP: usize = 2;

/// Entries looked at for expiry before an unexpired one is evicted.
const EXPIRE_SWEEP: usize = 64;

/// Between two reports of evictions.
const REPORT_EVERY: Seconds = Seconds(60);

/// The open table; see [`crate::Memory::table`].
///
/// An entry is gone as soon as `now >= expires`. One that is never given up ([`Kind::is_pinned`]) lives for the span
/// from `now` to `expires`, by the clock of [`Table::set_clock`]: somebody who sets the time of day ahead, and back,
/// must not have ended it.
pub struct Table<'a> {
    pub(crate) header: &'a mut Header,
    pub(crate) layout: Layout,
    pub(crate) epochs: &'a [AtomicU64],
    pub(crate) buckets: &'a mut [u32],
    pub(crate) blocks: &'a mut [Block],
    pub(crate) repair: Option<Repair>,
    pub(crate) clock: Monotonic,
    /// `None` = nobody wants to know.
    pub(crate) departed: Option<Vec<Departed>>,
}

impl Table<'_> {
    /// What opening it found that a process had left half changed; `None` = nothing.
    pub fn repaired(&self) -> Option<Repair> {
        self.repair
    }

    /// What [`Entry::touched`] of the entries that are written or touched from now on shall be, and by which the spans
    /// of those go that are never given up.
    pub fn set_clock(&mut self, clock: Monotonic) {
        self.clock = clock;
    }

    /// A copy of the entry, its value appended to `buffer`; a used entry is evicted later.
    pub fn get(
        &mut self,
        kind: Kind,
        key: &[u8; 32],
        now: UnixTime,
        mut buffer: Vec<u8>,
    ) -> Option<Entry> {
        let at = self.live(kind, key, now)?;
        self.copy_value(at, &mut buffer)?;
        self.renew(at)?;
        let head = self.head(at)?;
        let (expires, touched, version) = (self.expires(head, now), head.touched, head.version);
        let epoch = self.epoch(kind, key);
        Some(Entry { value: buffer, expires, touched, version, epoch })
    }

    /// Stores the entry, over the one that was there.
    ///
    /// # Errors
    /// The value is too large, or what must not be evicted leaves no room.
    pub fn put(
        &mut self,
        kind: Kind,
        key: &[u8; 32],
        value: &[u8],
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        self.make_room(kind, key, value.len(), now)?;
        let old = self.find(kind, key);
        let ends = self.end(kind, expires, now);
        // The new one is whole before the old one goes: whoever dies meanwhile leaves one of them.
        let at = self.write(kind, key, value, ends).ok_or(StoreError::Full)?;
        old.and_then(|old| self.remove(old));
        self.link(at).ok_or(StoreError::Full)
    }

    /// Stores what was read elsewhere while the key's epoch stood at `epoch`, and returns the epoch that
    /// stands now, the same where that very value was there; else `None`: the entry may have been removed since.
    ///
    /// # Errors
    /// As [`Table::put`].
    pub fn fill(
        &mut self,
        kind: Kind,
        key: &[u8; 32],
        epoch: u64,
        value: &[u8],
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<Option<u64>, StoreError> {
        if self.epoch(kind, key) != epoch {
            return Ok(None);
        }
        match self.live(kind, key, now).filter(|at| self.is_value(*at, value)) {
            Some(at) => drop(self.move_expiry(at, self.end(kind, expires, now))),
            None => self.put(kind, key, value, expires, now)?,
        }
        Ok(Some(self.epoch(kind, key)))
    }

    /// Claims the key: `false` when an unexpired entry has it.
    ///
    /// # Errors
    /// As [`Table::put`].
    pub fn add(
        &mut self,
        kind: Kind,
        key: &[u8; 32],
        value: &[u8],
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, StoreError> {
        if self.live(kind, key, now).is_some() {
            return Ok(false);
        }
        self.put(kind, key, value, expires, now).map(|()| true)
    }

    /// Replaces the entry if it is still the one read as `version`; else `false`.
    ///
    /// # Errors
    /// As [`Table::put`].
    pub fn update(
        &mut self,
        kind: Kind,
        key: &[u8; 32],
        version: u64,
        value: &[u8],
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<bool, StoreError> {
        let current = self.live(kind, key, now).and_then(|at| self.head(at));
        if current.is_none_or(|head| head.version != version) {
            return Ok(false);
        }
        self.put(kind, key, value, expires, now).map(|()| true)
    }

    /// Removes the entry and hands its value over, up to `most` bytes of it; `None` when there was none. The epoch
    /// moves in both cases, so that no [`Table::fill`] under way brings it back.
    pub fn delete(
        &mut self,
        kind: Kind,
        key: &[u8; 32],
        most: usize,
        now: UnixTime,
    ) -> Option<Vec<u8>> {
        let Some(at) = self.live(kind, key, now) else {
            self.change(self.layout.bucket(kind.byte(), key));
            return None;
        };
        let mut value = Vec::new();
        self.copy_value_until(at, most, &mut value)?;
        self.remove(at)?;
        Some(value)
    }

    /// Removes the entry where there is one, because it is not there elsewhere either: nothing that
    /// is under way could bring it back.
    pub fn forget(&mut self, kind: Kind, key: &[u8; 32]) {
        if let Some(at) = self.find(kind, key) {
            self.remove(at);
        }
    }

    /// Moves the entry's expiry and makes it the last to be evicted; `false` when there is none.
    pub fn touch(&mut self, kind: Kind, key: &[u8; 32], expires: UnixTime, now: UnixTime) -> bool {
        let ends = self.end(kind, expires, now);
        self.live(kind, key, now).and_then(|at| self.move_expiry(at, ends)).is_some()
    }

    /// Has the entry live until `expires` at least. Nobody has looked elsewhere whether it is as it was.
    pub fn prolong(&mut self, kind: Kind, key: &[u8; 32], expires: UnixTime, now: UnixTime) {
        let ends = self.end(kind, expires, now);
        if let Some(head) = self.live(kind, key, now).and_then(|at| self.head_mut(at)) {
            head.ends = head.ends.max(ends);
        }
    }

    /// Makes the entry the last to be evicted; `false` when there is none.
    pub fn renew_entry(&mut self, kind: Kind, key: &[u8; 32], now: UnixTime) -> bool {
        self.live(kind, key, now).and_then(|at| self.renew(at)).is_some()
    }

    /// Evictions since the last report, at most once a minute over all processes.
    pub fn report_evictions(&mut self, now: UnixTime) -> Option<u64> {
        let count = self.header.evictions - self.header.evictions_reported;
        // Out of the range, too, when the clock was set back.
        let is_recent = (Seconds(0)..REPORT_EVERY).contains(&(now - self.header.reported_at));
        if count == 0 || is_recent {
            return None;
        }
        self.header.evictions_reported = self.header.evictions;
        self.header.reported_at = now;
        Some(count)
    }

    /// Frees enough blocks for the value, beside the entry it replaces.
    fn make_room(
        &mut self,
        kind: Kind,
        key: &[u8; 32],
        len: usize,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let need = blocks_for(len);
        if len > MAX_VALUE || need > self.layout.blocks / MAX_SHARE {
            return Err(StoreError::TooLarge);
        }
        self.expire(EXPIRE_STEP, now);
        if self.free_blocks() >= need {
            return Ok(());
        }
        self.expire(EXPIRE_SWEEP, now);
        let old = self.find(kind, key);
        if self.room_at_most(old) < need {
            return Err(StoreError::Full);
        }
        // The entry to be replaced goes last, and it is not reached.
        if let Some(at) = old {
            self.renew(at);
        }
        while self.free_blocks() < need {
            self.evict_oldest().ok_or(StoreError::Full)?;
        }
        Ok(())
    }

    /// Blocks free once everything evictable is removed, but for the entry `kept`.
    fn room_at_most(&self, kept: Option<u32>) -> u32 {
        let kept = kept.filter(|at| self.head(*at).is_some_and(|head| head.pinned == 0));
        let kept = kept.map_or(0, |at| self.blocks_of(at));
        self.layout.blocks.saturating_sub(self.header.pinned_blocks).saturating_sub(kept)
    }

    fn free_blocks(&self) -> u32 {
        self.header.free_count + self.layout.blocks.saturating_sub(self.header.fresh)
    }

    /// Looks at the `limit` oldest of both queues. A pinned entry that stays goes to the end, so
    /// that all are looked at in turn: their order in the queue means nothing else.
    fn expire(&mut self, limit: usize, now: UnixTime) {
        for _ in 0..limit {
            let oldest = self.header.evictable.oldest;
            if self.head(oldest).is_none_or(|head| !self.has_ended(head, now)) {
                break;
            }
            self.drop_expired(oldest);
        }
        for _ in 0..limit {
            let oldest = self.header.pinned.oldest;
            match self.head(oldest) {
                None => break,
                Some(head) if self.has_ended(head, now) => self.drop_expired(oldest),
                Some(_) => self.move_to_newest(oldest),
            };
        }
    }

    fn evict_oldest(&mut self) -> Option<()> {
        self.drop_evicted(self.header.evictable.oldest)
    }

    /// The entry, unless it has expired.
    fn live(&mut self, kind: Kind, key: &[u8; 32], now: UnixTime) -> Option<u32> {
        let at = self.find(kind, key)?;
        if !self.has_ended(self.head(at)?, now) {
            return Some(at);
        }
        self.drop_expired(at);
        None
    }

    fn find(&self, kind: Kind, key: &[u8; 32]) -> Option<u32> {
        self.find_byte(kind.byte(), key)
    }

    fn find_byte(&self, kind: u8, key: &[u8; 32]) -> Option<u32> {
        let mut at = *self.buckets.get(self.layout.bucket(kind, key))?;
        loop {
            let head = self.head(at)?;
            if head.kind == kind && head.key == *key {
                return Some(at);
            }
            at = head.chain;
        }
    }

    /// Makes an entry that is whole, and that nobody finds yet. Needs the blocks to be free already.
    fn write(&mut self, kind: Kind, key: &[u8; 32], value: &[u8], ends: UnixTime) -> Option<u32> {
        let at = self.write_value(value)?;
        self.header.version += 1;
        let head = Head {
            ends,
            touched: self.clock,
            version: self.header.version,
            key: *key,
            chain: NIL,
            newer: NIL,
            older: NIL,
            kind: kind.byte(),
            pinned: u8::from(kind.is_pinned()),
            reserved: [0; 2],
        };
        let block = self.block_mut(at)?;
        *block.head_mut() = head;
        block.complete();
        Some(at)
    }

    /// Has everybody find it.
    fn link(&mut self, at: u32) -> Option<()> {
        let bucket = self.chain(at)?;
        self.line_up(at)?;
        self.change(bucket)
    }

    /// Puts it into its queue, and counts it.
    fn line_up(&mut self, at: u32) -> Option<()> {
        self.enqueue(at)?;
        let &Head { kind, pinned, .. } = self.head(at)?;
        self.header.entries += 1;
        *self.entries_of(kind)? += 1;
        if pinned != 0 {
            self.header.pinned_blocks += self.blocks_of(at);
        }
        Some(())
    }

    fn remove(&mut self, at: u32) -> Option<()> {
        self.block_mut(at)?.give_up();
        let bucket = self.unchain(at)?;
        self.dequeue(at)?;
        self.header.entries -= 1;
        let &Head { kind, pinned, .. } = self.head(at)?;
        *self.entries_of(kind)? -= 1;
        if pinned != 0 {
            self.header.pinned_blocks -= self.blocks_of(at);
        }
        self.free_value(at)?;
        self.change(bucket)
    }

    fn move_expiry(&mut self, at: u32, ends: UnixTime) -> Option<()> {
        let clock = self.clock;
        let head = self.head_mut(at)?;
        let is_earlier = ends < head.ends;
        head.ends = ends;
        // Whoever dies here has not said that the entry is as it was elsewhere.
        compiler_fence(Ordering::SeqCst);
        head.touched = clock;
        if is_earlier {
            let bucket = self.bucket_of(at)?;
            self.change(bucket)?;
        }
        self.renew(at)
    }

    fn entries_of(&mut self, kind: u8) -> Option<&mut u64> {
        self.header.entries_of.get_mut(usize::from(kind))
    }

    fn epoch(&self, kind: Kind, key: &[u8; 32]) -> u64 {
        let bucket = self.layout.bucket(kind.byte(), key);
        self.epochs.get(bucket).map_or(0, |epoch| epoch.load(Ordering::Relaxed))
    }

    /// Tells the workers' caches that an entry of the bucket is not what it was.
    fn change(&self, bucket: usize) -> Option<()> {
        self.epochs.get(bucket)?.fetch_add(1, Ordering::Release);
        Some(())
    }
}

#[cfg(test)]
mod tests;
