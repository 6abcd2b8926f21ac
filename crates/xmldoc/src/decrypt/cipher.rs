//! Contents of EncryptedData (xmlenc-core1 5.2).
use openssl::error::ErrorStack;
use openssl::symm::{Crypter, Mode, decrypt_aead};

use super::algorithm::ContentCipher;

/// xmlenc-core1 5.2.4: IV and tag have these lengths in bytes.
const GCM_IV: usize = 12;
const GCM_TAG: usize = 16;

/// Decrypted octets, without padding as far as it was one.
pub(super) struct Plaintext {
    pub(super) octets: Vec<u8>,
    /// Was the padding as it must be? To be asked last.
    pub(super) is_padded: bool,
}

impl ContentCipher {
    /// `None` when the tag does not fit, or the length shows that it is no ciphertext.
    pub(super) fn decrypt(self, key: &[u8], ciphertext: &[u8]) -> Option<Plaintext> {
        if self.is_authenticated() {
            return self.decrypt_gcm(key, ciphertext);
        }
        let (iv, blocks) = ciphertext.split_at_checked(self.cipher().block_size())?;
        let padded = self.decrypt_cbc(key, iv, blocks).ok()?;
        self.strip_padding(padded)
    }

    fn decrypt_gcm(self, key: &[u8], ciphertext: &[u8]) -> Option<Plaintext> {
        let (iv, rest) = ciphertext.split_at_checked(GCM_IV)?;
        let (content, tag) = rest.split_at_checked(rest.len().checked_sub(GCM_TAG)?)?;
        let octets = decrypt_aead(self.cipher(), key, Some(iv), &[], content, tag).ok()?;
        Some(Plaintext { octets, is_padded: true })
    }

    fn decrypt_cbc(self, key: &[u8], iv: &[u8], blocks: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let mut crypter = Crypter::new(self.cipher(), Mode::Decrypt, key, Some(iv))?;
        // XML Encryption pads with any bytes before the last, libcrypto does not.
        crypter.pad(false);
        let mut octets = vec![0; blocks.len() + self.cipher().block_size()];
        let length = crypter.update(blocks, &mut octets)?;
        let end = crypter.finalize(octets.get_mut(length..).unwrap_or_default())?;
        octets.truncate(length + end);
        Ok(octets)
    }

    /// The last byte says how many bytes are padding, itself included (xmlenc-core1 5.2.1).
    fn strip_padding(self, mut octets: Vec<u8>) -> Option<Plaintext> {
        let padding = usize::from(*octets.last()?);
        let is_padded = (1..=self.cipher().block_size()).contains(&padding);
        let end = octets.len().saturating_sub(if is_padded { padding } else { 1 });
        octets.truncate(end);
        Some(Plaintext { octets, is_padded })
    }
}
