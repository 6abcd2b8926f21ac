//! A certificate of the SP with its private key, which signs.

use xmldoc::{Certificate, SigningKey};

/// A certificate with its private key, which signs.
pub struct Credential {
    /// What is published in the metadata, and goes along with signatures.
    pub certificate: Certificate,
    /// Its private key; one that decrypts as well stands among the decryption keys, too.
    pub key: SigningKey,
}
