//! An RSA-2048 signed Assertion, encrypted: what decrypting adds to verifying it in clear.
use std::hint::black_box;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, criterion_group, criterion_main};
use openssl::encrypt::Encrypter;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::symm::{Cipher, encrypt_aead};
use xmldoc::{
    Decryption, DecryptionKey, DecryptionPolicy, DigestAlgorithm, Document, Limits,
    SignatureAlgorithm, SignaturePlace, SignaturePolicy, SigningKey, VerifyingKey, sign_enveloped,
};

const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

fn assertion(attributes: usize) -> String {
    let attributes: String = (0..attributes)
        .map(|n| {
            format!(
                "<saml:Attribute Name=\"urn:oid:0.9.2342.19200300.100.1.{n}\" \
                 NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\">\
                 <saml:AttributeValue>value {n} of somebody@example.org</saml:AttributeValue>\
                 </saml:Attribute>"
            )
        })
        .collect();
    format!(
        "<saml:Assertion xmlns:saml=\"{ASSERTION}\" ID=\"_a\"><saml:Issuer>idp</saml:Issuer>\
         <saml:Subject><saml:NameID>jo</saml:NameID></saml:Subject>\
         <saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>"
    )
}

fn response(child: &str) -> String {
    format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"{ASSERTION}\" ID=\"_r\">{child}</samlp:Response>"
    )
}

/// AES-256-GCM under RSA-OAEP.
fn encrypt(plaintext: &str, to: &PKey<Private>) -> String {
    let (key, iv, mut tag) = ([1; 32], [2; 12], [0; 16]);
    let cipher = Cipher::aes_256_gcm();
    let content =
        encrypt_aead(cipher, &key, Some(&iv), &[], plaintext.as_bytes(), &mut tag).unwrap();
    let mut encrypter = Encrypter::new(to).unwrap();
    encrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
    let mut wrapped = vec![0; encrypter.encrypt_len(&key).unwrap()];
    encrypter.encrypt(&key, &mut wrapped).unwrap();
    let cipher_data = |octets: &[u8]| {
        let value = STANDARD.encode(octets);
        format!("<x:CipherData><x:CipherValue>{value}</x:CipherValue></x:CipherData>")
    };
    format!(
        "<saml:EncryptedAssertion><x:EncryptedData xmlns:x=\"http://www.w3.org/2001/04/xmlenc#\">\
         <x:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>\
         <k:KeyInfo xmlns:k=\"http://www.w3.org/2000/09/xmldsig#\"><x:EncryptedKey>\
         <x:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/>{}\
         </x:EncryptedKey></k:KeyInfo>{}</x:EncryptedData></saml:EncryptedAssertion>",
        cipher_data(&wrapped),
        cipher_data(&[iv.as_slice(), &content, &tag].concat())
    )
}

fn decrypt(criterion: &mut Criterion) {
    let pkey = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let signing = SigningKey::from_pem(&pkey.private_key_to_pem_pkcs8().unwrap(), None).unwrap();
    let trusted = [VerifyingKey::from_public_key_pem(&pkey.public_key_to_pem().unwrap()).unwrap()];
    let keys = [DecryptionKey::of(&signing).unwrap()];
    let limits = Limits::default();
    let policy = SignaturePolicy::default();
    let with = Decryption {
        keys: &keys,
        sp: "urn:sp",
        policy: DecryptionPolicy::default(),
        limits: &limits,
        plaintexts: None,
    };
    for attributes in [5, 50] {
        let (place, digest) = (SignaturePlace::AfterIssuer, DigestAlgorithm::Sha256);
        let algorithm = SignatureAlgorithm::RsaSha256;
        let xml = assertion(attributes);
        let signed = sign_enveloped(&xml, place, &signing, None, algorithm, digest).unwrap();
        let (clear, encrypted) = (response(&signed), response(&encrypt(&signed, &pkey)));
        let mut group = criterion.benchmark_group(format!("{attributes} attributes"));
        group.bench_function("verify in clear", |b| {
            b.iter(|| {
                let document = Document::parse(black_box(clear.as_bytes()), &limits).unwrap();
                document.verify_child(ASSERTION, "Assertion", &trusted, &policy).unwrap()
            });
        });
        group.bench_function("decrypt and verify", |b| {
            b.iter(|| {
                let document = Document::parse(black_box(encrypted.as_bytes()), &limits).unwrap();
                let name = "EncryptedAssertion";
                let child =
                    document.decrypt_and_verify_child(ASSERTION, name, &with, &trusted, &policy);
                child.unwrap()
            });
        });
        let mut wrapped = vec![0; 256];
        pkey.rsa().unwrap().public_encrypt(&[1; 32], &mut wrapped, Padding::PKCS1_OAEP).unwrap();
        group.bench_function("bare RSA-2048 unwrap", |b| {
            let rsa = pkey.rsa().unwrap();
            let mut key = vec![0; 256];
            b.iter(|| rsa.private_decrypt(black_box(&wrapped), &mut key, Padding::PKCS1_OAEP));
        });
        group.finish();
    }
}

criterion_group!(benches, decrypt);
criterion_main!(benches);
