//! What lies in the table, in numbers.

use super::Table;
use crate::Kind;

/// How full the table is. Entries past their time are in it until a write comes by them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fill {
    /// Logged-in users.
    pub sessions: u64,
    /// What must be used once.
    pub claims: u64,
    /// Logouts that stop what comes late.
    pub tombstones: u64,
    /// Blocks of 256 bytes.
    pub blocks: u64,
    /// Blocks that hold something.
    pub used_blocks: u64,
    /// Blocks whose entries are not given up before their time.
    pub pinned_blocks: u64,
    /// Entries that were given up before their time, since nginx was started.
    pub evictions: u64,
}

impl Table<'_> {
    /// Counted as it goes: nothing is walked through.
    pub fn fill_level(&self) -> Fill {
        let of = |kind: Kind| {
            self.header.entries_of.get(usize::from(kind.byte())).copied().unwrap_or_default()
        };
        let blocks = u64::from(self.layout.blocks);
        Fill {
            sessions: of(Kind::Session),
            claims: of(Kind::Replay),
            tombstones: of(Kind::Tombstone),
            blocks,
            used_blocks: blocks - u64::from(self.free_blocks()),
            pinned_blocks: u64::from(self.header.pinned_blocks),
            evictions: self.header.evictions,
        }
    }
}
