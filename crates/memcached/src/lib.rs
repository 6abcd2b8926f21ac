//! memcached as data: keys, commands, replies, which nodes hold a key, whether a node is worth
//! asking.
//!
//! No I/O, no clock and no randomness of its own: bytes, the time and random numbers are arguments.
//! It speaks the meta protocol of memcached 1.6 (memcached's `doc/protocol.txt`, "Meta Commands").

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod command;
mod health;
mod key;
mod pipeline;
mod question;
mod reply;
mod ring;
mod ttl;

pub use command::Command;
pub use health::{Health, State};
pub use key::{Key, KeyLetter, KeyPrefix, KeyPrefixError};
pub use pipeline::{MAX_OUTPUT, MAX_WAITING, Pipeline, PushError};
pub use question::Question;
pub use reply::{Decoder, Item, MAX_HEADER, MAX_VALUE, Marked, Outcome, ProtocolError, Reply};
pub use ring::Ring;
pub use ttl::Ttl;
