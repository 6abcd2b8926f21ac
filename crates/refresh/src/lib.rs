//! Documents that are fetched again and again: when, by whom of many processes, and what is kept of them.
//!
//! A [`Schedule`] says when, a [`Board`] in shared memory who and what the others must know, a [`Shelf`]
//! on disk keeps the last good copy. Nothing here knows what is in a document, or fetches one.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod board;
mod documents;
mod schedule;
mod seal;
mod shelf;
mod stamp;

pub use board::{Board, Lease, SLOT, Slot, SlotState};
pub use documents::documents;
pub use schedule::{Schedule, Staleness};
pub use seal::Seal;
pub use shelf::{Copy, Known, Shelf, read};
pub use stamp::Stamp;
