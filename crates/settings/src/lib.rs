//! The configuration as data: lines as nginx reads them, and what they come to when all is said.
//!
//! No nginx: its words come in as [`line::Line`]s, and mistakes go out with the place they stand at. Files
//! are read here.

#![forbid(unsafe_code)]
#![warn(unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod addresses;
pub mod block;
pub mod certificate;
pub mod directive;
pub mod files;
pub mod idp;
pub mod line;
pub mod location;
pub mod name_id_format;
mod nearest;
pub mod place;
pub mod policy;
mod quantity;
pub mod raw;
mod server_name;
pub mod sp;
pub mod unknown;
pub mod url;
pub mod warnings;

pub use addresses::looks_joined;
pub use server_name::ServerName;
