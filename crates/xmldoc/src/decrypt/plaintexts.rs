//! What was decrypted of a message, for who looks for a mistake in it.
use std::cell::RefCell;

use super::encrypted::{KeyMethod, KeySource};
use super::key::DecryptionKey;
use crate::picture::Line;

/// One plaintext.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plaintext {
    /// Local name of the element that it was in: `EncryptedAssertion`.
    pub holder: String,
    /// EncryptionMethod of the data, a URI.
    pub cipher: &'static str,
    /// How the content key came.
    pub key_method: &'static str,
    /// The key of this SP that has opened it.
    pub key: String,
    /// What came out.
    pub lines: Vec<Line>,
}

/// Those of one message, in the order in which they were found. A plaintext for which nobody vouches, by a
/// signature or by a cipher that notices changes, is not among them: which of these a key opens must be no more to
/// be seen here than anywhere.
#[derive(Debug, Default)]
pub struct Plaintexts(RefCell<Vec<Plaintext>>);

impl Plaintexts {
    /// Takes out what is there.
    pub fn take(&self) -> Vec<Plaintext> {
        self.0.take()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.borrow().len()
    }

    pub(super) fn add(&self, plaintext: Plaintext) {
        self.0.borrow_mut().push(plaintext);
    }
}

impl KeySource {
    /// For people.
    pub(super) fn describe(&self) -> &'static str {
        match &self.method {
            KeyMethod::Transport { transport, .. } => transport.name(),
            KeyMethod::Wrap { .. } => "key agreement (ECDH-ES) and key wrap",
            KeyMethod::Agreement(_) => "key agreement (ECDH-ES)",
        }
    }
}

impl DecryptionKey {
    /// For people: its type, and whose certificate it has.
    pub fn describe(&self) -> String {
        match self.certificate() {
            Some(certificate) => certificate.describe(),
            None => format!("{self:?}"),
        }
    }
}
