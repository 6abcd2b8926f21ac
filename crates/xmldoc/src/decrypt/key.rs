//! The SP's private keys in their other use: to decrypt with.
use std::fmt;

use openssl::pkey::{PKey, Private};
use openssl::rand::rand_bytes;

use super::encrypted::{EncryptedKey, KeyMethod};
use crate::keys::KeyKind;
use crate::{Certificate, SigningKey};

/// A private RSA or EC key to decrypt with.
#[derive(Clone)]
pub struct DecryptionKey {
    pkey: PKey<Private>,
    kind: KeyKind,
    /// Its public half as a certificate holds it (SubjectPublicKeyInfo, DER).
    public: Vec<u8>,
    /// What a KeyName may call it.
    names: Vec<String>,
}

impl DecryptionKey {
    /// The same key in its other use; `None` for an Ed25519 or Ed448 key, which only signs.
    pub fn of(key: &SigningKey) -> Option<Self> {
        let (pkey, kind) = (key.pkey().to_owned(), key.kind());
        let public = pkey.public_key_to_der().unwrap_or_default();
        let decrypts = matches!(kind, KeyKind::Rsa { .. } | KeyKind::Ec { .. });
        decrypts.then(|| Self { pkey, kind, public, names: Vec::new() })
    }

    /// Known by the common names of its certificate, too.
    #[must_use]
    pub fn named_by(mut self, certificate: &Certificate) -> Self {
        self.names = certificate.common_names();
        self
    }

    /// Less is better: is the EncryptedKey said to be for this key, and for this SP?
    pub(super) fn distance(&self, encrypted_key: &EncryptedKey, sp: &str) -> impl Ord + use<> {
        encrypted_key.hint.distance(|der| self.is_in(der), |name| self.is_named(name), sp)
    }

    /// Is it the key of this certificate (DER)? One that an IdP has from before a renewal counts.
    fn is_in(&self, certificate: &[u8]) -> bool {
        let length = self.public.len().max(1);
        certificate.windows(length).any(|part| part == self.public)
    }

    fn is_named(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Can the EncryptedKey have been meant for a key of this kind and size?
    pub(super) fn fits(&self, encrypted_key: &EncryptedKey) -> bool {
        match (&encrypted_key.method, self.kind) {
            (KeyMethod::Transport(_), KeyKind::Rsa { .. }) => {
                encrypted_key.wrapped.len() == self.pkey.size()
            }
            (KeyMethod::Agreement(agreement), KeyKind::Ec { bits }) => agreement.is_on(bits),
            _ => false,
        }
    }

    /// The content key, or as many random bytes: what was wrong shows, if at all, when they fail to
    /// decrypt. `None` when there is no randomness.
    pub(super) fn unwrap(&self, encrypted_key: &EncryptedKey, length: usize) -> Option<Vec<u8>> {
        let mut random = vec![0; length];
        rand_bytes(&mut random).ok()?;
        let wrapped = &encrypted_key.wrapped;
        let content_key = match &encrypted_key.method {
            KeyMethod::Transport(transport) => transport.unwrap(&self.pkey, wrapped, &random),
            KeyMethod::Agreement(agreement) => agreement.unwrap(&self.pkey, wrapped, length),
        };
        Some(content_key.unwrap_or(random))
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptionKey({})", self.kind)
    }
}
