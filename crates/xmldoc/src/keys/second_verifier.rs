//! Another implementation of XML signature, which must say of a key's signatures what we say.

/// Another implementation of XML signature, with one trusted key.
pub trait SecondVerifier: Send + Sync {
    /// Looks at the one Signature that is a child of the root of `document`.
    ///
    /// # Errors
    /// Its key has not made it, or it does not digest `octets`: the sentence that says why.
    fn verify(&self, document: &str, octets: &str) -> Result<(), String>;
}
