//! What xmlsec1 does for this SP, when its configuration asks for it.

use std::sync::Arc;

use xmldoc::SecondVerifier;

/// The library, loaded and started. Public keys are given to it as SubjectPublicKeyInfo, DER.
pub trait Xmlsec1: Send + Sync {
    /// A second opinion on what this key has signed.
    ///
    /// # Errors
    /// xmlsec1 cannot use the key: the sentence that says so.
    fn verifier(&self, public_key: &[u8]) -> Result<Arc<dyn SecondVerifier>, String>;

    /// Verifies the signature of the root of a document that has passed the gate, by one of the keys, and
    /// gives what it covers: the root without it, canonical.
    ///
    /// # Errors
    /// The root is not signed, its signature covers something else, or none of the keys has made it: a
    /// sentence that begins with a pronoun.
    fn signed_root(
        &self,
        document: &str,
        public_keys: &[Vec<u8>],
        allow_sha1: bool,
    ) -> Result<String, String>;
}
