//! The Content-Security-Policy of the pages (CSP 3).

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::html::{STYLE, SUBMIT};

/// A Content-Security-Policy under which these pages work and nothing else does. Hashes, because a
/// header per response with a nonce would say no more.
pub fn content_security_policy() -> String {
    format!("{}; frame-ancestors 'none'", frameable_content_security_policy())
}

/// The same for a page that an IdP may show in a frame.
pub fn frameable_content_security_policy() -> String {
    static CSP: LazyLock<String> = LazyLock::new(|| {
        let hash = |text: &str| STANDARD.encode(openssl::sha::sha256(text.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'",
            hash(STYLE),
            hash(SUBMIT)
        )
    });
    CSP.clone()
}
