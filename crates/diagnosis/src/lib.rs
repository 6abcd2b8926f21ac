//! The story of one login, for an administrator who looks for what is wrong (`saml_debug`).
//!
//! What goes in has no secret in it: values by which somebody could act for a person are masked before they come
//! here, and addresses and cookies here. A story ends ten minutes after its begin.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod diary;
mod entry;
mod masked;
mod scope;
mod story;

pub use diary::{Asked, Diagnosis, Diary, Stories};
pub use entry::{Document, Entry, Facts, Line};
pub use masked::{cookie, target, url};
pub use scope::{Scope, ScopeError};
pub use story::{LIFETIME, Origin, Owner, Story, StoryId};
