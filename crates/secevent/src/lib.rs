//! Security Event Tokens (RFC 8417) of the Shared Signals Framework (SSF 1.0): what the claims of one say has
//! happened, and to whom. Whoever reads them here has verified the signature.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod event;
mod poll;
mod subject;
mod token;

pub use event::{Effect, Event};
pub use poll::{PollAnswer, PollReport, RefusedToken};
pub use subject::{Identifier, Subject};
pub use token::SecurityEventToken;

/// The type of the tokens, as their header says it (RFC 8417 2.3).
pub const TOKEN_TYPE: &str = "secevent+jwt";

/// The media type of a token (RFC 8417 2.3).
pub const MEDIA_TYPE: &str = "application/secevent+jwt";
