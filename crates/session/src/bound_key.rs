//! A key that is bound to a purpose and a context, and what it seals.

use std::fmt;

use zeroize::Zeroizing;

use crate::gcm::{GcmKey, TAG_LEN};

/// First byte of what is sealed; another version does not open.
pub(crate) const VERSION: u8 = 1;

/// Random bytes that each sealing needs (SP 800-38D 8.2.2).
pub const NONCE_LEN: usize = 12;

/// libcrypto failed: nothing was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealError;

/// The key of one purpose and context.
pub(crate) struct BoundKey {
    /// What it is bound to, in one unambiguous byte string: key derivation's `info` and the cipher's
    /// additional data alike.
    binding: Vec<u8>,
    key: GcmKey,
}

impl BoundKey {
    /// `derive` makes the key's octets from what it is bound to; `None` when libcrypto failed.
    pub(crate) fn new(
        purpose: &str,
        context: &[u8],
        derive: impl FnOnce(&[u8]) -> Option<Zeroizing<[u8; 32]>>,
    ) -> Option<Self> {
        let purpose_len = u8::try_from(purpose.len()).ok()?;
        let binding = [&[VERSION, purpose_len], purpose.as_bytes(), context].concat();
        let key = GcmKey::new(&*derive(&binding)?).ok()?;
        Some(Self { binding, key })
    }

    pub(crate) fn seal(
        &mut self,
        random_nonce: [u8; NONCE_LEN],
        plain: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + plain.len() + TAG_LEN);
        sealed.push(VERSION);
        sealed.extend(random_nonce);
        let done = self.key.seal(&random_nonce, &self.binding, plain, &mut sealed);
        done.map_err(|_| SealError)?;
        Ok(sealed)
    }

    pub(crate) fn open(&mut self, sealed: &Sealed<'_>) -> Option<Vec<u8>> {
        self.key.open(sealed.nonce, &self.binding, sealed.ciphertext, sealed.tag).ok()
    }
}

/// The parts of a sealed value.
pub(crate) struct Sealed<'a> {
    nonce: &'a [u8],
    ciphertext: &'a [u8],
    tag: &'a [u8],
}

impl Sealed<'_> {
    pub(crate) fn split(bytes: &[u8]) -> Option<Sealed<'_>> {
        let (version, rest) = bytes.split_first()?;
        if *version != VERSION {
            return None;
        }
        let (nonce, rest) = rest.split_at_checked(NONCE_LEN)?;
        let (ciphertext, tag) = rest.split_at_checked(rest.len().checked_sub(TAG_LEN)?)?;
        Some(Sealed { nonce, ciphertext, tag })
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("sealing failed in libcrypto")
    }
}

impl std::error::Error for SealError {}
