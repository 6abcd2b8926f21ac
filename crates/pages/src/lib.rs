//! What people and programs see: replies, pages and JSON, plain data from plain data.
//!
//! A reply to a person has a [`Page`]: what is particular to it, as plain data. It is written when it is sent, by the
//! templates of the SP and in the language of the [`Reader`]. Pages are accessible and need no scripts. Nothing of a
//! message is in them but URLs that were checked, and everything is escaped.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod circumstances;
mod diagnosis_page;
mod discovery;
mod engine;
mod fault;
mod forbidden;
mod form;
mod html;
pub mod json;
mod language;
mod look;
mod metadata_page;
mod page;
mod policy;
mod reader;
mod refusal_page;
mod reply;
mod sample;
mod send_again;
mod session_page;
mod sessions_page;
mod sign_in;
mod sign_out;
mod status_page;
mod template;
mod trial;

pub use circumstances::{About, Circumstances, SignInService};
pub use diagnosis_page::{DiagnosedSite, DiagnosisPage, ask_to_record};
pub use discovery::{Choice, Discovery};
pub use forbidden::{Forbidden, forbidden};
pub use form::post_form;
pub use look::{Contact, Look};
pub use metadata_page::MetadataPage;
pub use page::Page;
pub use reader::Reader;
pub use refusal_page::{Purpose, refused};
pub use reply::{Body, Reply};
pub use send_again::send_again;
pub use session_page::SessionPage;
pub use sessions_page::{IdpRow, SessionRow, SessionsDone, SessionsPage};
pub use sign_in::{go_on, restore_fragment, sign_in_and_send_again, sign_in_outside_of_frame};
pub use sign_out::{LoggedOut, logged_out, logged_out_here_only, signed_in_again};
pub use trial::{complaints, gallery};
