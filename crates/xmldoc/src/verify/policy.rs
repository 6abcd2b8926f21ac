//! What an administrator has allowed beyond the strong algorithms.
use crate::keys::KeyKind;
use crate::{DigestAlgorithm, SignatureAlgorithm};

/// Which weak algorithms an administrator has allowed for one IdP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignaturePolicy {
    /// RSA-SHA1, ECDSA-SHA1 and SHA-1 digests.
    pub allow_sha1: bool,
    /// RSA keys of 1024 to 2047 bits.
    pub allow_rsa1024: bool,
}

impl SignaturePolicy {
    pub(crate) fn allows_signature(&self, algorithm: SignatureAlgorithm) -> bool {
        self.allow_sha1 || !algorithm.is_sha1()
    }

    pub(crate) fn allows_digest(&self, algorithm: DigestAlgorithm) -> bool {
        self.allow_sha1 || algorithm != DigestAlgorithm::Sha1
    }

    pub(crate) fn allows_key(&self, kind: KeyKind) -> bool {
        match kind {
            KeyKind::Rsa { bits } => bits >= if self.allow_rsa1024 { 1024 } else { 2048 },
            KeyKind::Ec { .. } | KeyKind::Ed25519 | KeyKind::Ed448 => true,
        }
    }
}
