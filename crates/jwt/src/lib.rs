//! JSON Web Tokens (RFC 7519): signed in JWS's compact form (RFC 7515), with the public keys as a JWK Set
//! (RFC 7517). Tokens are made here and never read.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod jwk;
mod key_set;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
pub use key_set::{KeySet, NotSigned};

/// base64url without padding (RFC 7515 2).
fn base64url(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}
