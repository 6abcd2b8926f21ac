//! What people and programs see: replies, pages and JSON, plain data from plain data.
//!
//! Pages are accessible and without scripts but for the form that posts itself. Nothing of a message
//! is in them but URLs that were checked, and everything is escaped.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod circumstances;
mod discovery;
mod forbidden;
mod form;
mod fragment;
mod html;
pub mod json;
mod metadata_page;
mod policy;
mod refusal_page;
mod reply;
mod send_again;
mod session_page;
mod sessions_page;
mod sign_in;
mod sign_out;
mod status_page;

pub use circumstances::{About, Circumstances};
pub use discovery::{Choice, Discovery};
pub use forbidden::{Forbidden, forbidden};
pub use form::post_form;
pub use fragment::restore as restore_fragment;
pub use metadata_page::MetadataPage;
pub use refusal_page::{Purpose, refused};
pub use reply::{Body, Reply};
pub use send_again::send_again;
pub use session_page::SessionPage;
pub use sessions_page::{IdpRow, SessionRow, SessionsDone, SessionsPage};
pub use sign_in::{go_on, sign_in_and_send_again, sign_in_outside_of_frame};
pub use sign_out::{LoggedOut, logged_out, logged_out_here_only, signed_in_again};
