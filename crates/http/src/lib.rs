//! What HTTP says, without a server: URLs, and where a browser may be sent.
//!
//! Pure functions on what a client sent. Whoever sends it is not trusted.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod handler_path;
pub mod return_url;
mod url;

pub use url::{HttpUrl, Scheme, is_address};
