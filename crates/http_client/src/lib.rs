//! One HTTP/1.1 request to another server, and its whole answer, on a connection of its own.
//!
//! hyper writes and reads the messages. This crate gives it bounds, refuses what it would let pass and
//! two readers could read in two ways, and undoes content codings. It opens no connection and knows no
//! clock: whoever asks has both. Whoever answers is not trusted.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod body;
mod bounds;
mod error;
mod exchange;
mod framing;
mod progress;
mod request;
mod stream;
mod wire;

pub use bounds::{MAX_HEAD, MAX_HEADERS, SLACK};
pub use error::{AnswerError, ExchangeError};
pub use exchange::Exchange;
pub use progress::Stage;
pub use request::{Method, Request, Target};
pub use stream::Stream;

#[cfg(test)]
mod tests;
