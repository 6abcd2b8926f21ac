//! HMAC-SHA256 (RFC 2104) of many messages under one key.
//!
//! libcrypto's own sets up the key anew for each message, and that costs several times the hash.

use openssl::error::ErrorStack;
use openssl::hash::{DigestBytes, Hasher, MessageDigest};
use zeroize::Zeroizing;

pub(crate) const HMAC_LEN: usize = 32;

/// A key, as the two hashes that begin with it; libcrypto keeps them, and wipes them in the end.
pub(crate) struct HmacKey {
    inner: Hasher,
    outer: Hasher,
}

impl HmacKey {
    /// # Errors
    /// libcrypto failed.
    pub(crate) fn new(key: &[u8; HMAC_LEN]) -> Result<Self, ErrorStack> {
        Ok(Self { inner: begin(key, 0x36)?, outer: begin(key, 0x5c)? })
    }

    /// The HMAC of a message in several parts.
    ///
    /// # Errors
    /// libcrypto failed.
    pub(crate) fn authenticate(&self, message: &[&[u8]]) -> Result<DigestBytes, ErrorStack> {
        let mut inner = self.inner.clone();
        for part in message {
            inner.update(part)?;
        }
        let mut outer = self.outer.clone();
        outer.update(&inner.finish()?)?;
        outer.finish()
    }
}

/// SHA-256 of one block: the key, combined with `pad`.
fn begin(key: &[u8; HMAC_LEN], pad: u8) -> Result<Hasher, ErrorStack> {
    let mut block = Zeroizing::new([pad; 64]);
    for (byte, key) in block.iter_mut().zip(key) {
        *byte ^= key;
    }
    let mut hasher = Hasher::new(MessageDigest::sha256())?;
    hasher.update(&*block)?;
    Ok(hasher)
}

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::pkey::PKey;
    use openssl::sign::Signer;

    #[test]
    fn it_is_libcryptos_hmac() {
        let message: Vec<u8> = (0..=255).collect();
        for key in [[0; HMAC_LEN], [0xa5; HMAC_LEN], [0xff; HMAC_LEN]] {
            let (ours, theirs) = (HmacKey::new(&key).unwrap(), PKey::hmac(&key).unwrap());
            for len in [0, 1, 55, 56, 64, 119, 120, 256] {
                let (head, tail) = message[..len].split_at(len / 3);
                let mut signer = Signer::new(MessageDigest::sha256(), &theirs).unwrap();
                let expected = signer.sign_oneshot_to_vec(&message[..len]).unwrap();
                assert_eq!(&*ours.authenticate(&[head, tail]).unwrap(), expected, "{len}");
            }
        }
    }

    #[test]
    fn one_message_leaves_nothing_behind_for_the_next() {
        let key = HmacKey::new(&[7; HMAC_LEN]).unwrap();
        let first = key.authenticate(&[b"message"]).unwrap();
        key.authenticate(&[b"another", b"one"]).unwrap();
        assert_eq!(*key.authenticate(&[b"mess", b"age"]).unwrap(), *first);
    }
}
