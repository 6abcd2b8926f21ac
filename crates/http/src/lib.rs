//! What HTTP says, without a server: the head of a request, who sends it and what for, and where a
//! browser may be sent; what another server answers, how long that holds, and where it sends us.
//!
//! Pure functions on what a client or another server sent. Whoever sends it is not trusted.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod accept;
mod accept_language;
mod answer;
pub mod browser;
pub mod cors;
mod handler_path;
mod head;
mod headers;
mod hosts;
mod query;
mod redirect;
pub mod return_url;
mod target;
mod url;
mod validators;

pub use accept::{accepts, accepts_html, prefers_html_to_xml};
pub use accept_language::languages;
pub use answer::Answer;
pub use head::Head;
pub use headers::{Field, Headers, content_type};
pub use hosts::{Hosts, RequestHost};
pub use query::arguments;
pub use redirect::{RedirectError, is_redirect, redirect_target};
pub use target::escape_target;
pub use url::{HttpUrl, Scheme, is_address};
pub use validators::Validators;
