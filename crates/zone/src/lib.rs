//! The table inside nginx's shared-memory zone, as plain memory: no nginx, no locks, no clock.
//!
//! The zone is cut into blocks of 256 bytes; an entry is a chain of blocks. One block size means
//! that evicting any entry always makes room for any other, which nginx's slab allocator cannot
//! promise: there a zone full of 1 KiB entries may have no page left for a 2 KiB one.
//! All links are block numbers, so nothing depends on the address the zone is mapped at.

#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(
        clippy::as_conversions,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod block;
mod counters;
mod layout;
mod memory;
#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, target_os = "linux", not(miri)))]
mod stops;
mod sync;
mod table;

pub use counters::{BOUNDS, Counter, Counters, LookUpEnd, LookUps};
pub use layout::MIN_SIZE;
pub use memory::Memory;
pub use table::{DEPARTED_MAX, Departed, Fill, MAX_VALUE, Repair, Step, Table, Walked};

use std::fmt;

use clock::{Monotonic, UnixTime};

/// What an entry is; part of its key, so kinds never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A logged-in user.
    Session = 1,
    /// The sessions of one NameID. Renew it after each use of its sessions: a session whose index was
    /// evicted first could not be found by a logout.
    Index = 2,
    /// What must be used once: the assertions of one NameID, or a request that was answered.
    Replay = 4,
    /// The logouts of one NameID that its IdP signed.
    Tombstone = 5,
    /// What anybody may have sent: the logouts of one NameID that nobody signed, an artifact.
    Unproven = 6,
    /// A form that waits for the login of who has sent it.
    Post = 7,
    /// What the operator has ordered of one SP's sessions and IdPs. To lose one would let in whom they keep out.
    Order = 8,
    /// What an administrator is told of somebody's login: its head.
    Story = 9,
    /// A part of one.
    StoryPart = 10,
}

impl Kind {
    /// Losing one of these early would let somebody in, so only expiry removes it. Whoever stores one
    /// bounds how many of them one person, or a stranger, can cause.
    pub fn is_pinned(self) -> bool {
        matches!(self, Self::Replay | Self::Tombstone | Self::Order)
    }

    #[expect(clippy::as_conversions, reason = "no other way leads to a discriminant")]
    pub(crate) fn byte(self) -> u8 {
        self as u8
    }
}

/// A copy of an unexpired entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The bytes as stored.
    pub value: Vec<u8>,
    /// The entry is gone when the clock reaches it.
    pub expires: UnixTime,
    /// What the clock of [`Table::set_clock`] said at the last write or touch. Unlike the time of day,
    /// nobody sets it.
    pub touched: Monotonic,
    /// Changes with every write; the ticket for [`Table::update`].
    pub version: u64,
    /// The bucket's epoch when the copy was made; while it stands still, what was made of the copy
    /// holds.
    pub epoch: u64,
}

/// Why an entry could not be stored. The caller refuses what it was about to grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// Entries that must not be evicted leave no room.
    Full,
    /// The value is longer than [`MAX_VALUE`].
    TooLarge,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the session store's zone is full, make it larger",
            Self::TooLarge => "the entry is too large for the session store",
        })
    }
}

impl std::error::Error for StoreError {}
