//! The SP's private keys in their other use: to decrypt with.
use std::fmt;

use openssl::pkey::{Id, PKey, Private};
use openssl::rand::rand_bytes;

use super::algorithm::KeyTransport;
use crate::{Certificate, SigningKey};

/// A private RSA key to decrypt with.
#[derive(Clone)]
pub struct DecryptionKey {
    pkey: PKey<Private>,
    /// Its public half as a certificate holds it (SubjectPublicKeyInfo, DER).
    public: Vec<u8>,
    /// What a KeyName may call it.
    names: Vec<String>,
}

impl DecryptionKey {
    /// The same key in its other use; `None` for an EC key, which decrypts nothing.
    pub fn of(key: &SigningKey) -> Option<Self> {
        let pkey = key.pkey();
        let public = pkey.public_key_to_der().unwrap_or_default();
        (pkey.id() == Id::RSA).then(|| Self { pkey: pkey.to_owned(), public, names: Vec::new() })
    }

    /// Known by the common names of its certificate, too.
    #[must_use]
    pub fn named_by(mut self, certificate: &Certificate) -> Self {
        self.names = certificate.common_names();
        self
    }

    /// Is it the key of this certificate (DER)? One that an IdP has from before a renewal counts.
    pub(super) fn is_in(&self, certificate: &[u8]) -> bool {
        let length = self.public.len().max(1);
        certificate.windows(length).any(|part| part == self.public)
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Bytes of a wrapped key.
    pub(super) fn size(&self) -> usize {
        self.pkey.size()
    }

    /// The content key, or as many random bytes: what was wrong shows, if at all, when they fail to
    /// decrypt. `None` when there is no randomness.
    pub(super) fn unwrap(
        &self,
        transport: &KeyTransport,
        wrapped: &[u8],
        length: usize,
    ) -> Option<Vec<u8>> {
        let mut random = vec![0; length];
        rand_bytes(&mut random).ok()?;
        Some(transport.unwrap(&self.pkey, wrapped, &random).unwrap_or(random))
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptionKey(RSA {})", self.pkey.bits())
    }
}
