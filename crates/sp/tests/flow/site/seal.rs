//! XML Encryption for the SP, made by OpenSSL and not by our own code.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::encrypt::Encrypter;
use openssl::rand::rand_bytes;
use openssl::rsa::Padding;
use openssl::symm::{Cipher, encrypt_aead};

use super::credential::KEYS;

/// The Assertion for the SP's eyes alone: AES-256-GCM under RSA-OAEP.
pub fn encrypted_assertion(xml: &str) -> String {
    let (mut content_key, mut iv, mut tag) = ([0; 32], [0; 12], [0; 16]);
    rand_bytes(&mut content_key).unwrap();
    rand_bytes(&mut iv).unwrap();
    let cipher = Cipher::aes_256_gcm();
    let sealed = encrypt_aead(cipher, &content_key, Some(&iv), b"", xml.as_bytes(), &mut tag);
    let mut encrypter = Encrypter::new(&KEYS.sp).unwrap();
    encrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
    let mut wrapped = vec![0; encrypter.encrypt_len(&content_key).unwrap()];
    let length = encrypter.encrypt(&content_key, &mut wrapped).unwrap();
    format!(
        "<saml:EncryptedAssertion><xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
         Type=\"http://www.w3.org/2001/04/xmlenc#Element\"><xenc:EncryptionMethod \
         Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>\
         <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedKey>\
         <xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/>\
         <xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData>\
         </xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue>\
         </xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>",
        STANDARD.encode(&wrapped[..length]),
        STANDARD.encode([&iv[..], &sealed.unwrap(), &tag].concat())
    )
}
