//! Why an encrypted element was refused.
use std::fmt;

use crate::VerifyError;

/// Why an encrypted element was refused.
///
/// All but [`DecryptError::Failed`] and [`DecryptError::Signature`] can be read off the message
/// itself; no private key was used to find them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecryptError {
    /// It is not built as xmlenc-core1 3 and Core 2.2.4, 2.3.4 say: what is wrong.
    Structure(&'static str),
    /// The URI of an algorithm that is unknown or not allowed.
    Algorithm(String),
    /// The URI of a CBC algorithm where no signature covers the ciphertext.
    UnsignedCbc(String),
    /// This SP has no key that decrypts.
    NoKey,
    /// Unwrapping, padding, tag or plaintext: which of them must not be told.
    Failed,
    /// The plaintext, which is just what was encrypted, is not signed as it must be.
    Signature(VerifyError),
}

impl fmt::Display for DecryptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Structure(what) => f.write_str(what),
            Self::Algorithm(uri) => write!(f, "the encryption algorithm {uri:?} is not allowed"),
            Self::UnsignedCbc(uri) => {
                write!(f, "no signature covers the ciphertext, made with {uri:?}")
            }
            Self::NoKey => f.write_str("there is no RSA, EC, X25519 or X448 key to decrypt with"),
            Self::Failed => f.write_str(
                "the ciphertext decrypts with none of the keys to an element that is as it must be",
            ),
            Self::Signature(error) => write!(f, "the decrypted element: {error}"),
        }
    }
}

impl std::error::Error for DecryptError {}
