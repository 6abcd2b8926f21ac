//! Encrypting for one IdP, as SAML uses XML Encryption (xmlenc-core1 5.2, 5.5; SAML Core 2.2.4).
use std::fmt;

use openssl::encrypt::Encrypter;
use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKey, Public};
use openssl::rand::rand_bytes;
use openssl::rsa::Padding;
use openssl::symm::{Crypter, Mode, encrypt_aead};

use crate::VerifyingKey;
use crate::decrypt::algorithm::{ContentCipher, RSA_OAEP_MGF1P};

/// What is taken when the IdP does not say which cipher it can decrypt.
const DEFAULT: ContentCipher = ContentCipher::AesGcm { bits: 256 };

/// Bytes (xmlenc-core1 5.2.4).
const GCM_IV: usize = 12;
const GCM_TAG: usize = 16;

/// Why nothing could be encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptError(pub String);

impl fmt::Display for EncryptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EncryptError {}

impl From<ErrorStack> for EncryptError {
    fn from(error: ErrorStack) -> Self {
        let reason = error.errors().first().and_then(|e| e.reason()).unwrap_or("no reason given");
        Self(format!("encryption failed: {reason}"))
    }
}

/// An RSA key of an IdP to encrypt with, and the cipher to use.
#[derive(Clone)]
pub struct EncryptionKey {
    pkey: PKey<Public>,
    cipher: ContentCipher,
}

/// What goes into an EncryptedData and its EncryptedKey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encrypted {
    /// The EncryptionMethod's Algorithm of the EncryptedData.
    pub cipher: &'static str,
    /// CipherValue of the EncryptedData, before base64: IV first, tag or padding last (xmlenc-core1
    /// 5.2).
    pub ciphertext: Vec<u8>,
    /// The EncryptionMethod's Algorithm of the EncryptedKey.
    pub transport: &'static str,
    /// CipherValue of the EncryptedKey, before base64: as long as the RSA modulus.
    pub wrapped_key: Vec<u8>,
}

impl EncryptionKey {
    /// The same key in its other use; `None` for an EC key, which encrypts nothing.
    ///
    /// `methods` are the algorithms that the IdP says it can decrypt, the first it likes best
    /// (Metadata 2.4.1.1); one that is none of ours is passed over.
    pub fn of<'a>(key: &VerifyingKey, methods: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let pkey = key.pkey();
        let mut known = methods.into_iter().filter_map(ContentCipher::from_uri);
        let cipher = known.find(|cipher| *cipher != ContentCipher::TripleDesCbc).unwrap_or(DEFAULT);
        (pkey.id() == Id::RSA).then(|| Self { pkey: pkey.to_owned(), cipher })
    }

    /// Encrypts with a new content key.
    ///
    /// # Errors
    /// libcrypto has no randomness or no memory.
    pub fn encrypt(&self, plaintext: &[u8]) -> Result<Encrypted, EncryptError> {
        let content_key = random(self.cipher.key_length())?;
        Ok(Encrypted {
            cipher: self.cipher.uri(),
            ciphertext: self.seal(&content_key, plaintext)?,
            // OAEP with SHA-1 twice: the one key transport that everybody has.
            transport: RSA_OAEP_MGF1P,
            wrapped_key: self.wrap(&content_key)?,
        })
    }

    /// IV first, tag or padding last (xmlenc-core1 5.2).
    fn seal(&self, content_key: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let cipher = self.cipher.cipher();
        if self.cipher.is_authenticated() {
            let (iv, mut tag) = (random(GCM_IV)?, [0; GCM_TAG]);
            let sealed = encrypt_aead(cipher, content_key, Some(&iv), &[], plaintext, &mut tag)?;
            return Ok([iv, sealed, tag.to_vec()].concat());
        }
        let iv = random(cipher.block_size())?;
        let mut crypter = Crypter::new(cipher, Mode::Encrypt, content_key, Some(&iv))?;
        let mut sealed = vec![0; plaintext.len() + cipher.block_size()];
        // libcrypto's padding is one that XML Encryption allows: its last byte is its length.
        let length = crypter.update(plaintext, &mut sealed)?;
        let end = crypter.finalize(sealed.get_mut(length..).unwrap_or_default())?;
        sealed.truncate(length + end);
        Ok([iv, sealed].concat())
    }

    fn wrap(&self, content_key: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let mut encrypter = Encrypter::new(&self.pkey)?;
        encrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
        let mut wrapped = vec![0; encrypter.encrypt_len(content_key)?];
        let length = encrypter.encrypt(content_key, &mut wrapped)?;
        wrapped.truncate(length);
        Ok(wrapped)
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionKey(RSA {}, {:?})", self.pkey.bits(), self.cipher)
    }
}

fn random(length: usize) -> Result<Vec<u8>, ErrorStack> {
    let mut octets = vec![0; length];
    rand_bytes(&mut octets)?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Argument, xmlsec1};

    const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
    const GCM256: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
    const GCM128: &str = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
    const CBC256: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
    const CBC128: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
    const TRIPLE_DES: &str = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc";
    const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

    fn key(methods: &[&'static str]) -> EncryptionKey {
        EncryptionKey::of(&testing::rsa().verifying(), methods.iter().copied()).unwrap()
    }

    /// A document that xmlsec1 can decrypt.
    fn document(sealed: &Encrypted) -> String {
        let base64 = openssl::base64::encode_block;
        format!(
            "<x:EncryptedData xmlns:x=\"{XENC}\" Type=\"{XENC}Element\"><x:EncryptionMethod \
             Algorithm=\"{}\"/><k:KeyInfo xmlns:k=\"{DSIG}\"><x:EncryptedKey><x:EncryptionMethod \
             Algorithm=\"{}\"/><x:CipherData><x:CipherValue>{}</x:CipherValue></x:CipherData>\
             </x:EncryptedKey></k:KeyInfo><x:CipherData><x:CipherValue>{}</x:CipherValue>\
             </x:CipherData></x:EncryptedData>",
            sealed.cipher,
            sealed.transport,
            base64(&sealed.wrapped_key),
            base64(&sealed.ciphertext)
        )
    }

    #[test]
    fn xmlsec1_opens_what_every_cipher_sealed() {
        let pem = testing::rsa().private_pem();
        for uri in [GCM256, GCM128, CBC256, CBC128] {
            // Every length of padding.
            for length in 0..17 {
                let plaintext = format!("<a>{}</a>", "b".repeat(length));
                let sealed = key(&[uri]).encrypt(plaintext.as_bytes()).unwrap();
                assert_eq!(sealed.cipher, uri);
                let xml = document(&sealed);
                let arguments = [
                    Argument::Word("--decrypt"),
                    Argument::Word("--privkey-pem"),
                    Argument::File(&pem),
                    Argument::File(xml.as_bytes()),
                ];
                let Some(output) = xmlsec1(&arguments) else { return };
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{uri} {said}");
                let opened = String::from_utf8(output.stdout).unwrap();
                assert!(opened.contains(&plaintext.replace("<a></a>", "<a/>")), "{opened}");
            }
        }
    }

    #[test]
    fn no_two_ciphertexts_are_alike() {
        let (first, second) = (key(&[]).encrypt(b"x").unwrap(), key(&[]).encrypt(b"x").unwrap());
        assert_ne!(first.ciphertext, second.ciphertext);
        assert_ne!(first.wrapped_key, second.wrapped_key);
    }

    #[test]
    fn the_idp_chooses_among_the_ciphers_that_are_known() {
        for (methods, expected) in [
            (vec![], GCM256),
            (vec!["urn:x", RSA_OAEP_MGF1P], GCM256),
            (vec![TRIPLE_DES], GCM256),
            (vec![TRIPLE_DES, CBC128, GCM256], CBC128),
            (vec![RSA_OAEP_MGF1P, GCM128], GCM128),
            (vec![CBC256], CBC256),
        ] {
            assert_eq!(key(&methods).cipher.uri(), expected, "{methods:?}");
        }
        assert!(EncryptionKey::of(&testing::ec(256).verifying(), []).is_none());
    }
}
