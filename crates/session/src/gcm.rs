//! AES-256-GCM (SP 800-38D) of many messages under one key.

use openssl::cipher::Cipher;
use openssl::cipher_ctx::CipherCtx;
use openssl::error::ErrorStack;

pub(crate) const KEY_LEN: usize = 32;
pub(crate) const TAG_LEN: usize = 16;

/// A key, set up for use; libcrypto keeps it, and wipes it in the end.
pub(crate) struct GcmKey(CipherCtx);

impl GcmKey {
    /// # Errors
    /// libcrypto failed.
    pub(crate) fn new(key: &[u8; KEY_LEN]) -> Result<Self, ErrorStack> {
        let mut context = CipherCtx::new()?;
        context.encrypt_init(Some(Cipher::aes_256_gcm()), Some(key), None)?;
        Ok(Self(context))
    }

    /// Appends ciphertext and tag to `sealed`. A nonce serves once under a key.
    ///
    /// # Errors
    /// libcrypto failed.
    pub(crate) fn seal(
        &mut self,
        nonce: &[u8],
        additional: &[u8],
        plain: &[u8],
        sealed: &mut Vec<u8>,
    ) -> Result<(), ErrorStack> {
        let Self(context) = self;
        context.encrypt_init(None, None, Some(nonce))?;
        context.cipher_update(additional, None)?;
        context.cipher_update_vec(plain, sealed)?;
        context.cipher_final_vec(sealed)?;
        let mut tag = [0; TAG_LEN];
        context.tag(&mut tag)?;
        sealed.extend(tag);
        Ok(())
    }

    /// The plain text, when the tag is that of all that is given.
    ///
    /// # Errors
    /// It is not, or libcrypto failed.
    pub(crate) fn open(
        &mut self,
        nonce: &[u8],
        additional: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
    ) -> Result<Vec<u8>, ErrorStack> {
        let Self(context) = self;
        context.decrypt_init(None, None, Some(nonce))?;
        context.cipher_update(additional, None)?;
        let mut plain = Vec::with_capacity(ciphertext.len());
        context.cipher_update_vec(ciphertext, &mut plain)?;
        context.set_tag(tag)?;
        context.cipher_final_vec(&mut plain)?;
        Ok(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::symm;

    const KEY: [u8; KEY_LEN] = [7; KEY_LEN];
    const NONCE: [u8; 12] = [9; 12];

    fn sealed(key: &mut GcmKey, nonce: u8, plain: &[u8]) -> Vec<u8> {
        let mut sealed = b"before".to_vec();
        key.seal(&[nonce; 12], b"bound to", plain, &mut sealed).unwrap();
        sealed.split_off(6)
    }

    fn opened(key: &mut GcmKey, nonce: u8, sealed: &[u8]) -> Option<Vec<u8>> {
        let (ciphertext, tag) = sealed.split_at(sealed.len() - TAG_LEN);
        key.open(&[nonce; 12], b"bound to", ciphertext, tag).ok()
    }

    #[test]
    fn it_is_libcryptos_one_call() {
        let mut key = GcmKey::new(&KEY).unwrap();
        for len in [0, 1, 15, 16, 17, 1000] {
            let plain = vec![3; len];
            let mut tag = [0; TAG_LEN];
            let cipher = symm::Cipher::aes_256_gcm();
            let text =
                symm::encrypt_aead(cipher, &KEY, Some(&NONCE), b"bound to", &plain, &mut tag);
            assert_eq!(sealed(&mut key, 9, &plain), [text.unwrap(), tag.to_vec()].concat());
        }
    }

    /// One context seals and opens in turn: nothing of a message, good or bad, is left for the next.
    #[test]
    fn one_message_leaves_nothing_behind_for_the_next() {
        let mut key = GcmKey::new(&KEY).unwrap();
        let first = sealed(&mut key, 1, b"first");
        let second = sealed(&mut key, 2, b"the second");
        for _ in 0..2 {
            assert_eq!(opened(&mut key, 1, &first).as_deref(), Some(&b"first"[..]));
            assert_eq!(opened(&mut key, 2, &first), None, "another nonce");
            assert_eq!(opened(&mut key, 1, &second), None);
            assert_eq!(opened(&mut key, 2, &second).as_deref(), Some(&b"the second"[..]));
            assert_eq!(opened(&mut key, 1, &[0; TAG_LEN]), None);
            assert_eq!(sealed(&mut key, 1, b"first"), first);
        }
        assert!(ErrorStack::get().errors().is_empty(), "nothing is left for nginx to find either");
    }
}
