//! Room at the cost of who wants it, before the least recently used is evicted at somebody else's.

use clock::UnixTime;

use super::{EXPIRE_SWEEP, Table};
use crate::Kind;
use crate::block::blocks_for;

/// The zone is short of room when less than this part of it is free. More than one write takes, so that
/// several logins at the same time find room without evicting.
pub(super) const RESERVE: u32 = 32;

impl Table<'_> {
    /// Would `len` bytes more leave the zone short of room? Then entries are soon evicted.
    pub fn is_short_of(&mut self, len: usize, now: UnixTime) -> bool {
        let wanted = blocks_for(len).saturating_add(self.layout.blocks / RESERVE);
        if self.free_blocks() < wanted {
            self.expire(EXPIRE_SWEEP, now);
        }
        self.free_blocks() < wanted
    }

    /// Drops entries in the order of their keys until they amount to what `len` bytes take: so that who
    /// wants room in a zone that is short of it gives up their own before others lose theirs.
    ///
    /// Returns the keys of those that are not there any more, dropped now or gone before.
    pub fn give_up(
        &mut self,
        kind: Kind,
        keys: &[[u8; 32]],
        len: usize,
        now: UnixTime,
    ) -> Vec<[u8; 32]> {
        let mut owed = blocks_for(len);
        let mut gone = Vec::new();
        for key in keys {
            if owed == 0 {
                break;
            }
            if let Some(at) = self.live(kind, key, now) {
                owed = owed.saturating_sub(self.blocks_of(at));
                self.drop_evicted(at);
            }
            gone.push(*key);
        }
        gone
    }
}
