//! JSON Web Tokens (RFC 7519): signed in JWS's compact form (RFC 7515), with the public keys as a JWK Set
//! (RFC 7517). An SP makes its own, and reads those of who tells it of security events; the two have nothing in
//! common but the form.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod jwk;
mod key_set;
mod received_token;
mod strict_json;
#[cfg(test)]
mod tests;
mod trusted_keys;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
pub use key_set::{KeySet, NotSigned};
pub use received_token::{NotTaken, ReceivedToken};
pub use strict_json::object;
pub use trusted_keys::TrustedKeys;

/// base64url without padding (RFC 7515 2).
fn base64url(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// The octets; `None` = it is none, or not written in the one way there is.
fn unbase64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
