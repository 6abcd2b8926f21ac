//! Encrypting for one IdP, as SAML uses XML Encryption (xmlenc-core1 5.2, 5.5, 5.6; SAML Core 2.2.4).
mod error;
mod recipient;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Public};
use openssl::rand::rand_bytes;
use openssl::symm::{Crypter, Mode, encrypt_aead};

use crate::decrypt::algorithm::ContentCipher;
use crate::decrypt::fields::algorithm;
use crate::{Certificate, Element, VerifyingKey};
pub use error::EncryptError;
use recipient::Recipient;
pub use recipient::{Agreement, EncryptedKey, KeyMethod, PublicKey};

/// What is taken when the IdP does not say which cipher it can decrypt.
const DEFAULT: ContentCipher = ContentCipher::AesGcm { bits: 256 };

/// Bytes (xmlenc-core1 5.2.4).
const GCM_IV: usize = 12;
const GCM_TAG: usize = 16;

/// A key of an IdP to encrypt for, and the algorithms to use.
#[derive(Clone, Debug)]
pub struct EncryptionKey {
    recipient: Recipient,
    cipher: ContentCipher,
}

/// What goes into an EncryptedData.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encrypted {
    /// The EncryptionMethod's Algorithm.
    pub cipher: &'static str,
    /// CipherValue, before base64: IV first, tag or padding last (xmlenc-core1 5.2).
    pub ciphertext: Vec<u8>,
    /// How the content key comes along.
    pub key: EncryptedKey,
}

impl EncryptionKey {
    /// The key of a certificate: RSA, EC (P-256, P-384, P-521), X25519 or X448; `None` for another one.
    ///
    /// `methods` are the EncryptionMethods that stand beside it in the IdP's metadata, the first it
    /// likes best (Metadata 2.4.1.1); one that is none of ours is passed over.
    pub fn from_certificate<'a>(
        certificate: &Certificate,
        methods: impl IntoIterator<Item = &'a Element>,
    ) -> Option<Self> {
        let key = certificate.x509().public_key().ok()?;
        Self::new(key, Some(certificate), methods)
    }

    /// The same of a bare key; `None` for Ed25519 and Ed448, which encrypt nothing.
    pub fn of<'a>(
        key: &VerifyingKey,
        methods: impl IntoIterator<Item = &'a Element>,
    ) -> Option<Self> {
        Self::new(key.pkey().to_owned(), None, methods)
    }

    fn new<'a>(
        key: PKey<Public>,
        certificate: Option<&Certificate>,
        methods: impl IntoIterator<Item = &'a Element>,
    ) -> Option<Self> {
        let methods: Vec<&Element> = methods.into_iter().collect();
        let mut ciphers =
            methods.iter().filter_map(|method| ContentCipher::from_uri(algorithm(method)));
        let cipher = ciphers.find(|cipher| *cipher != ContentCipher::TripleDesCbc);
        let recipient = Recipient::new(key, certificate, &methods)?;
        Some(Self { recipient, cipher: cipher.unwrap_or(DEFAULT) })
    }

    /// The Algorithm of the AgreementMethod for it; `None` for an RSA key, for which there is none.
    pub fn agreement_method(&self) -> Option<&'static str> {
        self.recipient.agreement_method()
    }

    /// Is it one that every IdP which decrypts can use?
    pub fn is_rsa(&self) -> bool {
        self.agreement_method().is_none()
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
            key: self.recipient.encrypt(&content_key)?,
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
}

fn random(length: usize) -> Result<Vec<u8>, ErrorStack> {
    let mut octets = vec![0; length];
    rand_bytes(&mut octets)?;
    Ok(octets)
}

#[cfg(test)]
mod tests;
