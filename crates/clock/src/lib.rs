//! Time with its unit: instants and spans, of the time of day and of a clock for durations.
//!
//! Four types that cannot be taken for one another. An instant and a span make an instant, two instants
//! make a span; nothing else compiles. Arithmetic ends at the ends of the range instead of overflowing,
//! so that what an IdP says of the year 9999 needs no care.
//!
//! No clock is read here: what time it is, is an argument of whoever asks.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod monotonic;
mod unix_time;

pub use monotonic::{Monotonic, Msec};
pub use unix_time::{Seconds, UnixTime};
