//! What people and programs see: pages and JSON, plain data from plain data.
//!
//! Pages are accessible and without scripts but for the form that posts itself. Nothing of a message
//! is in them but URLs that were checked, and everything is escaped.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod form;
mod html;
pub mod json;
mod policy;
mod sign_in;
mod sign_out;

pub use form::post_form;
pub use policy::{content_security_policy, frameable_content_security_policy};
pub use sign_in::{go_on, refusal, sign_in_and_send_again, sign_in_outside_of_frame};
pub use sign_out::{
    LoggedOut, ask_to_sign_out, logged_out, logged_out_here_only, no_sign_out, sign_out_refused,
    signed_in_again,
};
