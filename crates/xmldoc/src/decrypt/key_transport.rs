//! Content keys that an RSA key has encrypted (xmlenc-core1 5.5).
use std::hint::black_box;

use openssl::encrypt::Decrypter;
use openssl::error::ErrorStack;
use openssl::pkey::{PKeyRef, Private};
use openssl::rsa::Padding;

use super::algorithm::KeyTransport;

impl KeyTransport {
    /// The content key, which is as long as `random`; `random` itself or `None` when there is none.
    pub(super) fn unwrap(
        &self,
        key: &PKeyRef<Private>,
        wrapped: &[u8],
        random: &[u8],
    ) -> Option<Vec<u8>> {
        match self {
            Self::Rsa1_5 => {
                let padded = decrypt(key, wrapped, |d| d.set_rsa_padding(Padding::NONE)).ok()?;
                content_key_1_5(&padded, random)
            }
            Self::RsaOaep { digest, mgf, label } => {
                let key = decrypt(key, wrapped, |decrypter| {
                    decrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
                    decrypter.set_rsa_oaep_md(digest.message_digest())?;
                    decrypter.set_rsa_mgf1_md(mgf.message_digest())?;
                    if label.is_empty() { Ok(()) } else { decrypter.set_rsa_oaep_label(label) }
                });
                key.ok().filter(|key| key.len() == random.len())
            }
        }
    }
}

fn decrypt(
    key: &PKeyRef<Private>,
    wrapped: &[u8],
    prepare: impl FnOnce(&mut Decrypter<'_>) -> Result<(), ErrorStack>,
) -> Result<Vec<u8>, ErrorStack> {
    let mut decrypter = Decrypter::new(key)?;
    prepare(&mut decrypter)?;
    let mut octets = vec![0; decrypter.decrypt_len(wrapped)?];
    let length = decrypter.decrypt(wrapped, &mut octets)?;
    octets.truncate(length);
    Ok(octets)
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
