//! Encrypting for the SP, by calls of OpenSSL of its own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::encrypt::Encrypter;
use openssl::rand::rand_bytes;
use openssl::rsa::Padding;
use openssl::symm::{Cipher, encrypt, encrypt_aead};

use crate::key::{Key, SP_KEY};

pub const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
pub const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
pub const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
pub const RSA_1_5: &str = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";

/// How to encrypt, and for whom.
#[derive(Clone, Copy)]
pub struct Seal {
    pub cipher: &'static str,
    pub transport: &'static str,
    pub to: &'static Key,
}

impl Seal {
    pub fn new(cipher: &'static str) -> Self {
        Self { cipher, transport: OAEP, to: &SP_KEY }
    }

    /// `xml` inside a `holder`.
    pub fn seal(self, holder: &str, xml: &str) -> String {
        let (key, ciphertext) = self.content(xml);
        let (wrapped, ciphertext) = (STANDARD.encode(self.wrap(&key)), STANDARD.encode(ciphertext));
        format!(
            "<saml:{holder} xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
             <xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
             Type=\"http://www.w3.org/2001/04/xmlenc#Element\">\
             <xenc:EncryptionMethod Algorithm=\"{}\"/>\
             <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedKey>\
             <xenc:EncryptionMethod Algorithm=\"{}\"/>\
             <xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData>\
             </xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData>\
             <xenc:CipherValue>{ciphertext}</xenc:CipherValue></xenc:CipherData>\
             </xenc:EncryptedData></saml:{holder}>",
            self.cipher, self.transport
        )
    }

    fn content(self, xml: &str) -> (Vec<u8>, Vec<u8>) {
        let (mut key, mut iv) = (vec![0; 32], vec![0; 16]);
        rand_bytes(&mut key).unwrap();
        rand_bytes(&mut iv).unwrap();
        if self.cipher == CBC {
            key.truncate(16);
            let sealed = encrypt(Cipher::aes_128_cbc(), &key, Some(&iv), xml.as_bytes()).unwrap();
            return (key, [iv, sealed].concat());
        }
        iv.truncate(12);
        let mut tag = [0; 16];
        let cipher = Cipher::aes_256_gcm();
        let sealed = encrypt_aead(cipher, &key, Some(&iv), b"", xml.as_bytes(), &mut tag).unwrap();
        (key, [iv, sealed, tag.to_vec()].concat())
    }

    fn wrap(self, key: &[u8]) -> Vec<u8> {
        let public = self.to.public();
        let mut encrypter = Encrypter::new(&public).unwrap();
        let oaep = self.transport == OAEP;
        let padding = if oaep { Padding::PKCS1_OAEP } else { Padding::PKCS1 };
        encrypter.set_rsa_padding(padding).unwrap();
        let mut wrapped = vec![0; encrypter.encrypt_len(key).unwrap()];
        let length = encrypter.encrypt(key, &mut wrapped).unwrap();
        wrapped.truncate(length);
        wrapped
    }
}
