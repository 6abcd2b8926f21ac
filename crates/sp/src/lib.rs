//! An SP at work: what of it changes while nginx runs.
//!
//! No I/O and no clock. One thread has all of it, as everything in a worker of nginx.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod idp;
mod idps;
#[cfg(test)]
mod test_idps;

pub use idp::{Current, Idp};
pub use idps::{Generation, Idps, SameEntity};
