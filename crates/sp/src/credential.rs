//! A certificate of the SP with its private key.

use xmldoc::{Certificate, SigningKey};

/// A certificate with its private key.
pub struct Credential {
    /// What is published in the metadata, and goes along with signatures.
    pub certificate: Certificate,
    /// Its private key: it signs, and when it is RSA decrypts as well.
    pub key: SigningKey,
}
