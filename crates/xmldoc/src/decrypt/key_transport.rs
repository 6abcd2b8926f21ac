//! Content keys out of EncryptedKeys (xmlenc-core1 5.5).
use std::fmt;
use std::hint::black_box;

use openssl::encrypt::Decrypter;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Private};
use openssl::rand::rand_bytes;
use openssl::rsa::Padding;

use super::algorithm::{KeyTransport, OaepDigest};
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
        match transport {
            KeyTransport::Rsa1_5 => {
                let padded = self.decrypt(wrapped, |d| d.set_rsa_padding(Padding::NONE));
                Some(padded.ok().and_then(|p| content_key_1_5(&p, &random)).unwrap_or(random))
            }
            KeyTransport::RsaOaep { digest, mgf, label } => {
                let key = self.decrypt(wrapped, |decrypter| {
                    decrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
                    decrypter.set_rsa_oaep_md(message_digest(*digest))?;
                    decrypter.set_rsa_mgf1_md(message_digest(*mgf))?;
                    if label.is_empty() { Ok(()) } else { decrypter.set_rsa_oaep_label(label) }
                });
                Some(key.ok().filter(|key| key.len() == length).unwrap_or(random))
            }
        }
    }

    fn decrypt(
        &self,
        wrapped: &[u8],
        prepare: impl FnOnce(&mut Decrypter<'_>) -> Result<(), ErrorStack>,
    ) -> Result<Vec<u8>, ErrorStack> {
        let mut decrypter = Decrypter::new(&self.pkey)?;
        prepare(&mut decrypter)?;
        let mut octets = vec![0; decrypter.decrypt_len(wrapped)?];
        let length = decrypter.decrypt(wrapped, &mut octets)?;
        octets.truncate(length);
        Ok(octets)
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptionKey(RSA {})", self.pkey.bits())
    }
}

/// RFC 8017 7.2.2 for a message whose length is known: 00 02, eight or more non-zero bytes, 00, key.
///
/// No branch on a padded byte: libcrypto before 3.2 tells good padding from bad (Bleichenbacher).
fn content_key_1_5(padded: &[u8], random: &[u8]) -> Option<Vec<u8>> {
    let (head, key) = padded.split_at_checked(padded.len().checked_sub(random.len())?)?;
    let [first, second, filler @ .., last] = head else { return None };
    if filler.len() < 8 {
        return None;
    }
    let zeros = filler.iter().fold(0, |found, byte| found | all_ones_if_zero(*byte));
    let good = black_box(all_ones_if_zero(first | (second ^ 2) | last | zeros));
    Some(key.iter().zip(random).map(|(key, random)| (key & good) | (random & !good)).collect())
}

fn all_ones_if_zero(byte: u8) -> u8 {
    let [high, _] = u16::from(byte).wrapping_sub(1).to_be_bytes();
    high
}

fn message_digest(digest: OaepDigest) -> MessageDigest {
    match digest {
        OaepDigest::Sha1 => MessageDigest::sha1(),
        OaepDigest::Sha224 => MessageDigest::sha224(),
        OaepDigest::Sha256 => MessageDigest::sha256(),
        OaepDigest::Sha384 => MessageDigest::sha384(),
        OaepDigest::Sha512 => MessageDigest::sha512(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_byte_of_the_padding_makes_the_key_random() {
        let (key, random) = ([7; 16], [9; 16]);
        let padded = [[0, 2].as_slice(), &[1; 237], &[0], &key].concat();
        assert_eq!(content_key_1_5(&padded, &random).unwrap(), key);
        for place in 0..240 {
            let mut changed = padded.clone();
            changed[place] = if place == 0 || place > 238 { 1 } else { 0 };
            assert_eq!(content_key_1_5(&changed, &random).unwrap(), random, "{place}");
        }
        let short = [[0, 2].as_slice(), &[1; 7], &[0], &key].concat();
        assert_eq!(content_key_1_5(&short, &random), None);
    }
}
