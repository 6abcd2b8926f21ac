//! Why nothing could be encrypted.
use std::fmt;

use openssl::error::ErrorStack;

/// Why nothing could be encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptError(pub String);

impl fmt::Display for EncryptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EncryptError {}

impl From<ErrorStack> for EncryptError {
    fn from(error: ErrorStack) -> Self {
        let reason = error.errors().first().and_then(|e| e.reason()).unwrap_or("no reason given");
        Self(format!("encryption failed: {reason}"))
    }
}
