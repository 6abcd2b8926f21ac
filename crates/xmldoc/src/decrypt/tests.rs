mod agreement;
mod attempts;
mod derived_key;
mod interop;
mod oracle;
mod shape;
mod trust;
mod x25519;

use openssl::encrypt::Encrypter;
use openssl::rand::rand_bytes;
use openssl::rsa::Padding;
use openssl::symm::{Crypter, Mode, encrypt_aead};

use super::algorithm::ContentCipher;
use super::*;
use crate::testing::{self, Pair};
use crate::{DigestAlgorithm, PrivateKey, SignatureAlgorithm, SignaturePlace, sign_enveloped};

const P: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const A: &str = ASSERTION;
const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const STRICT: SignaturePolicy = SignaturePolicy { allow_sha1: false, allow_rsa1024: false };
const ALL: DecryptionPolicy =
    DecryptionPolicy { allow_rsa1_5: true, allow_cbc: true, allow_3des: true };
const NONE: DecryptionPolicy =
    DecryptionPolicy { allow_rsa1_5: false, allow_cbc: false, allow_3des: false };

const GCM: ContentCipher = ContentCipher::AesGcm { bits: 128 };
const CBC: ContentCipher = ContentCipher::AesCbc { bits: 128 };
const OAEP: &str =
    "<x:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/>";

/// A Response around `child`; only `p` and `a` are declared.
fn response(child: &str) -> String {
    format!(
        "<p:Response xmlns:p=\"{P}\" xmlns:a=\"{A}\" ID=\"_r\"><a:Issuer>idp</a:Issuer>\
         <p:Status/>{child}</p:Response>"
    )
}

fn assertion() -> String {
    format!(
        "<a:Assertion xmlns:a=\"{A}\" ID=\"_a\"><a:Issuer>idp</a:Issuer>\
         <a:Subject><a:NameID>jo</a:NameID></a:Subject></a:Assertion>"
    )
}

fn signed(xml: &str) -> String {
    let (place, digest) = (SignaturePlace::AfterIssuer, DigestAlgorithm::Sha256);
    let key = testing::rsa().signing();
    sign_enveloped(xml, place, &key, None, SignatureAlgorithm::RsaSha256, digest).unwrap()
}

fn key_of(pair: &Pair) -> DecryptionKey {
    match PrivateKey::from_pem(&pair.private_pem(), None).unwrap() {
        PrivateKey::DecryptionOnly(key) => key,
        PrivateKey::Signing(key) => DecryptionKey::of(&key).unwrap(),
    }
}

/// What to encrypt with: made here by other calls of libcrypto than decryption uses.
struct Sealing {
    cipher: ContentCipher,
    key: Vec<u8>,
    /// `x:EncryptionMethod` of the EncryptedKey, and what it means.
    method: String,
    wrapped: Vec<u8>,
}

impl Sealing {
    fn new(cipher: ContentCipher, to: &Pair) -> Self {
        let key = random(cipher.key_length());
        let wrapped = wrap(to, &key, |encrypter| encrypter.set_rsa_padding(Padding::PKCS1_OAEP));
        Self { cipher, key, method: OAEP.into(), wrapped }
    }

    fn encrypted_key(&self, attributes: &str) -> String {
        format!(
            "<x:EncryptedKey xmlns:x=\"{XENC}\"{attributes}>{}<x:CipherData><x:CipherValue>{}\
             </x:CipherValue></x:CipherData></x:EncryptedKey>",
            self.method,
            base64(&self.wrapped)
        )
    }

    /// `key_info` is the content of KeyInfo.
    fn encrypted_data(&self, ciphertext: &[u8], key_info: &str) -> String {
        format!(
            "<x:EncryptedData xmlns:x=\"{XENC}\" Type=\"{XENC}Element\">\
             <x:EncryptionMethod Algorithm=\"{}\"/><k:KeyInfo xmlns:k=\"{DSIG}\">{key_info}\
             </k:KeyInfo><x:CipherData><x:CipherValue>{}</x:CipherValue></x:CipherData>\
             </x:EncryptedData>",
            self.cipher.uri(),
            base64(ciphertext)
        )
    }

    /// An `a:{holder}` with the EncryptedKey in KeyInfo; the prefix `a` is bound outside.
    fn seal(&self, holder: &str, plaintext: &str) -> String {
        self.hold(holder, &encrypt(self.cipher, &self.key, plaintext.as_bytes()))
    }

    fn hold(&self, holder: &str, ciphertext: &[u8]) -> String {
        let data = self.encrypted_data(ciphertext, &self.encrypted_key(""));
        format!("<a:{holder}>{data}</a:{holder}>")
    }
}

fn seal(cipher: ContentCipher, plaintext: &str) -> String {
    Sealing::new(cipher, testing::other_rsa()).seal("EncryptedAssertion", plaintext)
}

fn random(length: usize) -> Vec<u8> {
    let mut octets = vec![0; length];
    rand_bytes(&mut octets).unwrap();
    octets
}

fn base64(octets: &[u8]) -> String {
    openssl::base64::encode_block(octets)
}

fn wrap(
    to: &Pair,
    key: &[u8],
    prepare: impl FnOnce(&mut Encrypter<'_>) -> Result<(), openssl::error::ErrorStack>,
) -> Vec<u8> {
    let mut encrypter = Encrypter::new(&to.pkey).unwrap();
    prepare(&mut encrypter).unwrap();
    let mut wrapped = vec![0; encrypter.encrypt_len(key).unwrap()];
    let length = encrypter.encrypt(key, &mut wrapped).unwrap();
    wrapped.truncate(length);
    wrapped
}

fn encrypt(cipher: ContentCipher, key: &[u8], plaintext: &[u8]) -> Vec<u8> {
    if cipher.is_authenticated() {
        let (iv, mut tag) = (random(12), [0; 16]);
        let ciphertext =
            encrypt_aead(cipher.cipher(), key, Some(&iv), &[], plaintext, &mut tag).unwrap();
        return [iv, ciphertext, tag.to_vec()].concat();
    }
    let block = cipher.cipher().block_size();
    let length = block - plaintext.len() % block;
    // What stands before the length may be anything; this can never pass for text.
    let mut padding = vec![0xFF; length];
    padding[length - 1] = length.try_into().unwrap();
    encrypt_blocks(cipher, key, &[plaintext, &padding].concat())
}

fn encrypt_blocks(cipher: ContentCipher, key: &[u8], padded: &[u8]) -> Vec<u8> {
    let block = cipher.cipher().block_size();
    let iv = random(block);
    let mut crypter = Crypter::new(cipher.cipher(), Mode::Encrypt, key, Some(&iv)).unwrap();
    crypter.pad(false);
    let mut ciphertext = vec![0; padded.len() + block];
    let length = crypter.update(padded, &mut ciphertext).unwrap();
    ciphertext.truncate(length);
    [iv, ciphertext].concat()
}

/// Decrypts and verifies the EncryptedAssertion of an unsigned Response, with the key of `seal`.
fn open_unsigned(
    xml: &str,
    policy: DecryptionPolicy,
) -> Result<(Verified<Element>, SignedBy), DecryptError> {
    open_unsigned_with(xml, policy, &[key_of(testing::other_rsa())])
}

fn open_unsigned_with(
    xml: &str,
    policy: DecryptionPolicy,
    keys: &[DecryptionKey],
) -> Result<(Verified<Element>, SignedBy), DecryptError> {
    let limits = Limits::default();
    let with = Decryption { keys, sp: "urn:sp", policy, limits: &limits, plaintexts: None };
    let document = Document::parse(xml.as_bytes(), &limits).unwrap();
    let trusted = [testing::rsa().verifying()];
    document.decrypt_and_verify_child(A, "EncryptedAssertion", &with, &trusted, &STRICT)
}

/// Verifies a signed Response, then decrypts its EncryptedAssertion.
fn open_signed(xml: &str, policy: DecryptionPolicy) -> Result<Decrypted, DecryptError> {
    open_signed_with(xml, policy, &[key_of(testing::other_rsa())])
}

fn open_signed_with(
    xml: &str,
    policy: DecryptionPolicy,
    keys: &[DecryptionKey],
) -> Result<Decrypted, DecryptError> {
    let limits = Limits::default();
    let with = Decryption { keys, sp: "urn:sp", policy, limits: &limits, plaintexts: None };
    verified(xml).into_child(A, "EncryptedAssertion").unwrap().decrypt(&with)
}

fn verified(xml: &str) -> Verified<Element> {
    let document = Document::parse(xml.as_bytes(), &Limits::default()).unwrap();
    document.verify_root(&[testing::rsa().verifying()], &STRICT).unwrap().0
}

fn name_id(assertion: &Element) -> &str {
    &assertion.child(A, "Subject").unwrap().child(A, "NameID").unwrap().text
}

fn code<T>(result: Result<T, DecryptError>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "good")
}
