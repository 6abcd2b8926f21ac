//! What an assertion says of a person, as plain data: for the protocol that reads it, and for the
//! session that keeps it. Neither of the two knows the other.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod attribute;
mod attribute_name;
mod authn_context;
mod name_id;

pub use attribute::Attribute;
pub use attribute_name::{normalise, uri_tail};
pub use authn_context::{Comparison, RequestedAuthnContext};
pub use name_id::NameId;
