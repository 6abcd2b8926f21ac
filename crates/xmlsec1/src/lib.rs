//! xmlsec1 as a second opinion on a signature.
//!
//! It gets nothing from the network and no file, has no key but the one it is given, and knows no
//! algorithm but those that `crates/xmldoc` takes (`fence`). It keeps nothing between two calls but
//! what [`start`] sets up, and makes no thread.

#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(any(test, feature = "bare")),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

#[cfg(any(test, feature = "bare"))]
mod bare;
mod context;
mod fence;
mod key;
mod report;
mod silence;
mod start;
mod tree;

#[cfg(any(test, feature = "bare"))]
pub use bare::{digested, sign, verify_root};
pub use fence::{OF_REFERENCES, OF_SIGNED_INFO, verify};
pub use key::Key;
pub use report::Report;
pub use start::{StartError, check_version, start};

/// What bindgen made of the libraries' headers.
#[allow(
    missing_docs,
    non_camel_case_types,
    non_upper_case_globals,
    non_snake_case,
    dead_code,
    unreachable_pub
)]
#[allow(clippy::all, clippy::undocumented_unsafe_blocks, clippy::use_self, unnecessary_transmutes)]
mod sys {
    include!(concat!(env!("OUT_DIR"), "/xmlsec1.rs"));
}
