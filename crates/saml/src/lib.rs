//! The SAML 2.0 protocol as a Service Provider speaks it: pure functions on owned data.
//!
//! No I/O, no clock, no randomness of its own: they are arguments. Nothing here calls back; a
//! function returns what to do.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod artifact;
pub mod authn_request;
mod base64_binary;
pub mod binding;
mod duration;
pub mod extensions;
pub mod folding;
mod identity_text;
pub mod instant;
mod issuer;
pub mod logout;
pub mod message;
pub mod metadata;
pub mod namespace;
pub mod provider;
pub mod reason;
pub mod receive;
pub mod refusal;
pub mod response;
mod shown_text;
#[cfg(test)]
mod test_credentials;
#[cfg(test)]
mod test_tools;
mod xml_error;
mod xml_writer;
pub mod xmlsec1;
