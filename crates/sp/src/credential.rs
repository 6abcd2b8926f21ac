//! A certificate of the SP with its private key.

use xmldoc::{Certificate, SigningKey};

/// A certificate with its private key.
pub struct Credential {
    pub certificate: Certificate,
    pub key: SigningKey,
}
