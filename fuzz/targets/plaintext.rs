//! Whatever an IdP encrypts: what is read of the plaintext is what is read of it where it belongs.
#![no_main]

use std::sync::LazyLock;

use fuzz::elements::sorted;
use fuzz::seeds::{self, ASSERTION, LAX};
use fuzz::sp::{DECRYPTION_KEYS, DECRYPTION_LAX};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use openssl::base64::encode_block;
use openssl::rsa::{Padding, Rsa};
use openssl::symm::{Cipher, Crypter, Mode, encrypt_aead};
use xmldoc::{
    Decryption, DigestAlgorithm, Document, Element, Limits, SignatureAlgorithm, SignaturePlace,
    SigningKey, VerifyingKey, sign_enveloped,
};

const CONTENT_KEY: [u8; 16] = [5; 16];
const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";

static SIGNING_KEY: LazyLock<SigningKey> = LazyLock::new(seeds::signing_key);
static KEYS: LazyLock<Vec<VerifyingKey>> = LazyLock::new(seeds::trusted_keys);
static WRAPPED_KEY: LazyLock<String> = LazyLock::new(|| {
    let key = Rsa::public_key_from_pem(include_bytes!("../keys/sp-rsa.pub")).expect("a key");
    let mut wrapped = vec![0; key.size() as usize];
    key.public_encrypt(&CONTENT_KEY, &mut wrapped, Padding::PKCS1_OAEP).expect("wrapping");
    encode_block(&wrapped)
});

fuzz_target!(|plaintext: &[u8]| {
    let limits = Limits::default();
    let with = Decryption { keys: &DECRYPTION_KEYS, sp: "urn:sp", policy: DECRYPTION_LAX, limits: &limits, plaintexts: None };
    // One of both: the operations with the private key take most of the time.
    let (cipher, ciphertext) =
        if plaintext.len() % 2 == 0 { (GCM, gcm(plaintext)) } else { (CBC, cbc(plaintext)) };
    let xml = envelope(&encrypted_data(cipher, &ciphertext));
    let document = Document::parse(xml.as_bytes(), &limits).expect("it has a plain shape");
    let inside =
        document.decrypt_and_verify_child(ASSERTION, "EncryptedAssertion", &with, &KEYS, &LAX);
    assert!(inside.is_err() || seeds::is_signed(&inside.expect("just asked").0));
    let Some(decrypted) = decrypted_under_signature(&xml, &with) else { return };
    if let Some(inline) = std::str::from_utf8(plaintext).ok().and_then(inline) {
        assert_eq!(sorted(decrypted), sorted(inline));
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::xml_mutator::mutate(data, size, max_size, seed)
});

fn envelope(content: &str) -> String {
    format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"{ASSERTION}\" ID=\"_r9\"><saml:Issuer>x</saml:Issuer>\
         <saml:EncryptedAssertion>{content}</saml:EncryptedAssertion></samlp:Response>"
    )
}

fn encrypted_data(cipher: &str, ciphertext: &[u8]) -> String {
    format!(
        "<x:EncryptedData xmlns:x=\"http://www.w3.org/2001/04/xmlenc#\">\
         <x:EncryptionMethod Algorithm=\"{cipher}\"/>\
         <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><x:EncryptedKey>\
         <x:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/>\
         <x:CipherData><x:CipherValue>{}</x:CipherValue></x:CipherData></x:EncryptedKey></ds:KeyInfo>\
         <x:CipherData><x:CipherValue>{}</x:CipherValue></x:CipherData></x:EncryptedData>",
        *WRAPPED_KEY,
        encode_block(ciphertext)
    )
}

fn gcm(plaintext: &[u8]) -> Vec<u8> {
    let (nonce, mut tag) = ([9; 12], [0; 16]);
    let ciphertext =
        encrypt_aead(Cipher::aes_128_gcm(), &CONTENT_KEY, Some(&nonce), &[], plaintext, &mut tag)
            .expect("encryption");
    [nonce.as_slice(), &ciphertext, &tag].concat()
}

/// Padded as XML Encryption says when the length needs it, else with the last octet as it comes.
fn cbc(plaintext: &[u8]) -> Vec<u8> {
    let mut padded = plaintext.to_vec();
    let missing = (16 - padded.len() % 16) % 16;
    padded.resize(padded.len() + missing, missing as u8);
    let nonce = [9; 16];
    let mut crypter =
        Crypter::new(Cipher::aes_128_cbc(), Mode::Encrypt, &CONTENT_KEY, Some(&nonce))
            .expect("AES");
    crypter.pad(false);
    let mut ciphertext = vec![0; padded.len() + 16];
    let length = crypter.update(&padded, &mut ciphertext).expect("encryption");
    ciphertext.truncate(length);
    [nonce.as_slice(), &ciphertext].concat()
}

fn decrypted_under_signature(xml: &str, with: &Decryption<'_>) -> Option<Element> {
    let (algorithm, digest) = (SignatureAlgorithm::EcdsaSha256, DigestAlgorithm::Sha256);
    let place = SignaturePlace::AfterIssuer;
    let signed = sign_enveloped(xml, place, &SIGNING_KEY, None, algorithm, digest).ok()?;
    let document = Document::parse(signed.as_bytes(), &Limits::default()).ok()?;
    let (root, _) = document.verify_root(&KEYS, &LAX).expect("we signed it");
    let encrypted = root.into_child(ASSERTION, "EncryptedAssertion").expect("it is there");
    let decrypted = encrypted.decrypt(with).ok()?;
    Some((*decrypted.into_element()).clone())
}

/// The plaintext as it is read in the place of the ciphertext.
fn inline(plaintext: &str) -> Option<Element> {
    let document = Document::parse(envelope(plaintext).as_bytes(), &Limits::default()).ok()?;
    let root = document.trusted_root();
    let encrypted = root.child(ASSERTION, "EncryptedAssertion")?;
    encrypted.children.first().cloned()
}
