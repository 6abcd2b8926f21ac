//! The SP's private keys in their other use: to decrypt with.
use std::fmt;

use openssl::pkey::{PKey, PKeyRef, Private};
use openssl::rand::rand_bytes;

use super::encrypted::{KeyMethod, KeySource};
use crate::agreement::Curve;
use crate::keys::KeyKind;
use crate::{Certificate, SigningKey};

/// A private RSA, EC, X25519 or X448 key to decrypt with.
#[derive(Clone)]
pub struct DecryptionKey {
    pkey: PKey<Private>,
    kind: Kind,
    /// Its public half as a certificate holds it (SubjectPublicKeyInfo, DER).
    public: Vec<u8>,
    certificate: Option<Certificate>,
    /// What a KeyName may call it: the common names of its certificate.
    names: Vec<String>,
}

/// What a key decrypts by.
#[derive(Clone, Copy)]
enum Kind {
    /// Key transport.
    Rsa,
    /// Key agreement.
    Curve(&'static Curve),
}

impl DecryptionKey {
    /// The same key in its other use; `None` for an Ed25519 or Ed448 key, which only signs.
    pub fn of(key: &SigningKey) -> Option<Self> {
        match key.kind() {
            KeyKind::Rsa { .. } => Some(Self::new(key.pkey().to_owned(), Kind::Rsa)),
            _ => Self::on_curve(key.pkey()),
        }
    }

    /// `None` for a key on no curve of ours.
    pub(crate) fn on_curve(key: &PKeyRef<Private>) -> Option<Self> {
        Some(Self::new(key.to_owned(), Kind::Curve(Curve::of(key)?)))
    }

    fn new(pkey: PKey<Private>, kind: Kind) -> Self {
        let public = pkey.public_key_to_der().unwrap_or_default();
        Self { pkey, kind, public, certificate: None, names: Vec::new() }
    }

    /// The same key; a KeyName may call it by the common names of its certificate.
    #[must_use]
    pub fn with_certificate(self, certificate: Certificate) -> Self {
        Self { names: certificate.common_names(), certificate: Some(certificate), ..self }
    }

    /// Its certificate, where it has one.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Is it one for which every IdP can encrypt?
    pub fn is_rsa(&self) -> bool {
        matches!(self.kind, Kind::Rsa)
    }

    /// Does decrypting take so long that it is worth a thread?
    pub fn is_slow(&self) -> bool {
        match self.kind {
            Kind::Rsa => true,
            Kind::Curve(_) => self.pkey.bits() >= 384,
        }
    }

    pub(crate) fn pkey(&self) -> &PKeyRef<Private> {
        &self.pkey
    }

    /// Less is better: is the content key said to be for this key, and for this SP?
    pub(super) fn distance(&self, source: &KeySource, sp: &str) -> impl Ord + use<> {
        source.hint.distance(|der| self.is_in(der), |name| self.is_named(name), sp)
    }

    /// Is it the key of this certificate (DER)? One that an IdP has from before a renewal counts.
    fn is_in(&self, certificate: &[u8]) -> bool {
        let length = self.public.len().max(1);
        certificate.windows(length).any(|part| part == self.public)
    }

    fn is_named(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Can the content key have been meant for a key of this kind and size?
    pub(super) fn fits(&self, source: &KeySource) -> bool {
        match (&source.method, self.kind) {
            (KeyMethod::Transport { encrypted, .. }, Kind::Rsa) => {
                encrypted.len() == self.pkey.size()
            }
            (
                KeyMethod::Wrap { agreement, .. } | KeyMethod::Agreement(agreement),
                Kind::Curve(curve),
            ) => agreement.is_on(curve),
            _ => false,
        }
    }

    /// The content key, or as many random bytes: what was wrong shows, if at all, when they fail to
    /// decrypt. `None` when there is no randomness.
    pub(super) fn content_key(&self, source: &KeySource, length: usize) -> Option<Vec<u8>> {
        let mut random = vec![0; length];
        rand_bytes(&mut random).ok()?;
        let content_key = match &source.method {
            KeyMethod::Transport { transport, encrypted } => {
                transport.unwrap(&self.pkey, encrypted, &random)
            }
            KeyMethod::Wrap { agreement, wrap, wrapped } => agreement
                .key(&self.pkey, wrap.key_length())
                .and_then(|key| wrap.unwrap(&key, wrapped, length)),
            KeyMethod::Agreement(agreement) => agreement.key(&self.pkey, length),
        };
        Some(content_key.unwrap_or(random))
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Rsa => write!(f, "DecryptionKey(RSA {})", self.pkey.bits()),
            Kind::Curve(curve) => write!(f, "DecryptionKey({curve})"),
        }
    }
}
