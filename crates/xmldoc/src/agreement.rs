//! Keys that two parties agree on, as XML Encryption uses them: Diffie-Hellman on a [`Curve`], and
//! ConcatKDF over the shared secret (xmlenc-core1 5.4.1, 5.6.4; RFC 9231 2.7.1).
mod curve;

use openssl::derive::Deriver;
use openssl::error::ErrorStack;
use openssl::hash::Hasher;
use openssl::pkey::{PKeyRef, Private, Public};

use crate::DigestAlgorithm;
pub(crate) use curve::Curve;

pub(crate) const CONCAT_KDF: &str = "http://www.w3.org/2009/xmlenc11#ConcatKDF";

/// ConcatKDF with all that both parties must know of it (NIST SP 800-56A 5.8.1).
#[derive(Debug)]
pub(crate) struct ConcatKdf {
    /// SHA-256 or better.
    pub(crate) digest: DigestAlgorithm,
    /// OtherInfo.
    pub(crate) other_info: Vec<u8>,
}

impl ConcatKdf {
    /// The key of `length` bytes that `ours` and `theirs` agree on; `None` when they are of different
    /// curves, their shared secret is one that everybody knows (RFC 7748 6), or `length` is more than a
    /// digest.
    pub(crate) fn key(
        &self,
        ours: &PKeyRef<Private>,
        theirs: &PKeyRef<Public>,
        length: usize,
    ) -> Option<Vec<u8>> {
        let mut octets = self.round(&shared_secret(ours, theirs).ok()?).ok()?;
        (octets.len() >= length).then(|| {
            octets.truncate(length);
            octets
        })
    }

    /// The first round, and the only one: no digest of ours is shorter than the longest key of AES.
    fn round(&self, secret: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let mut hasher = Hasher::new(self.digest.message_digest())?;
        hasher.update(&1_u32.to_be_bytes())?;
        hasher.update(secret)?;
        hasher.update(&self.other_info)?;
        Ok(hasher.finish()?.to_vec())
    }
}

fn shared_secret(ours: &PKeyRef<Private>, theirs: &PKeyRef<Public>) -> Result<Vec<u8>, ErrorStack> {
    let mut deriver = Deriver::new(ours)?;
    deriver.set_peer(theirs)?;
    deriver.derive_to_vec()
}
