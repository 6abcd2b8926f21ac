use openssl::aes::{AesKey, unwrap_key};
use openssl::encrypt::Decrypter;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::Private;
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use openssl::symm::{Cipher, decrypt_aead};

use super::*;
use crate::agreement::Curve;
use crate::decrypt::algorithm::RSA_OAEP_MGF1P;
use crate::testing::{self, Argument, Pair, xmlsec1};
use crate::{Document, Limits};

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const GCM256: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const GCM128: &str = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
const CBC256: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
const CBC128: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
const TRIPLE_DES: &str = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc";
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
const ENC11: &str = "http://www.w3.org/2009/xmlenc11#";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#sha384";
const SHA512: &str = "http://www.w3.org/2001/04/xmlenc#sha512";

fn key(methods: &[&'static str]) -> EncryptionKey {
    let methods: String = methods.iter().map(|uri| method(uri, "")).collect();
    EncryptionKey::of(&testing::rsa().verifying(), &listed(&methods)).unwrap()
}

/// An EncryptionMethod with these children.
fn method(uri: &str, children: &str) -> String {
    format!("<m:EncryptionMethod Algorithm=\"{uri}\">{children}</m:EncryptionMethod>")
}

fn digest(uri: &str) -> String {
    format!("<k:DigestMethod xmlns:k=\"{DSIG}\" Algorithm=\"{uri}\"/>")
}

fn mgf(name: &str) -> String {
    format!("<f:MGF xmlns:f=\"{ENC11}\" Algorithm=\"{ENC11}{name}\"/>")
}

/// The elements as they stand in metadata.
fn listed(methods: &str) -> Vec<Element> {
    let xml = format!("<m:d xmlns:m=\"urn:m\">{methods}</m:d>");
    Document::parse(xml.as_bytes(), &Limits::default()).unwrap().trusted_root().children
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
        sealed.key.algorithm,
        base64(&sealed.key.encrypted),
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
    assert_ne!(first.key.encrypted, second.key.encrypted);
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
}

/// By calls of libcrypto of its own.
fn opened_by_rsa(sealed: &Encrypted, digest: MessageDigest, mgf: MessageDigest) -> Option<Vec<u8>> {
    let mut decrypter = Decrypter::new(&testing::rsa().pkey).unwrap();
    decrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
    decrypter.set_rsa_oaep_md(digest).unwrap();
    decrypter.set_rsa_mgf1_md(mgf).unwrap();
    let mut key = vec![0; decrypter.decrypt_len(&sealed.key.encrypted).unwrap()];
    let length = decrypter.decrypt(&sealed.key.encrypted, &mut key).ok()?;
    Some(opened(sealed, &key[..length]))
}

fn opened(sealed: &Encrypted, key: &[u8]) -> Vec<u8> {
    let (iv, rest) = sealed.ciphertext.split_at(12);
    let (content, tag) = rest.split_at(rest.len() - 16);
    let cipher = if key.len() == 32 { Cipher::aes_256_gcm() } else { Cipher::aes_128_gcm() };
    decrypt_aead(cipher, key, Some(iv), &[], content, tag).unwrap()
}

#[test]
fn the_idp_chooses_among_the_kinds_of_oaep_that_are_known() {
    let (sha1, sha256) = (MessageDigest::sha1(), MessageDigest::sha256());
    let (sha384, sha512) = (MessageDigest::sha384(), MessageDigest::sha512());
    let both = |digest_uri: &str, mgf_name: &str| digest(digest_uri) + &mgf(mgf_name);
    let unknown = method(OAEP, &digest("urn:x"));
    let labelled = method(OAEP, &format!("<x:OAEPparams xmlns:x=\"{XENC}\">AAAA</x:OAEPparams>"));
    let rsa1_5 = method("http://www.w3.org/2001/04/xmlenc#rsa-1_5", "");
    for (methods, uri, (digest, digest_uri), mgf) in [
        (String::new(), RSA_OAEP_MGF1P, (sha1, SHA1), (sha1, None)),
        (rsa1_5, RSA_OAEP_MGF1P, (sha1, SHA1), (sha1, None)),
        (unknown + &labelled, RSA_OAEP_MGF1P, (sha1, SHA1), (sha1, None)),
        (method(RSA_OAEP_MGF1P, &digest(SHA256)), RSA_OAEP_MGF1P, (sha256, SHA256), (sha1, None)),
        (method(OAEP, ""), OAEP, (sha1, SHA1), (sha1, Some("mgf1sha1"))),
        (method(OAEP, &digest(SHA256)), OAEP, (sha256, SHA256), (sha1, Some("mgf1sha1"))),
        (
            method(OAEP, &both(SHA384, "mgf1sha384")) + &method(RSA_OAEP_MGF1P, ""),
            OAEP,
            (sha384, SHA384),
            (sha384, Some("mgf1sha384")),
        ),
        (
            method(OAEP, &both(SHA512, "mgf1sha256")),
            OAEP,
            (sha512, SHA512),
            (sha256, Some("mgf1sha256")),
        ),
    ] {
        let key = EncryptionKey::of(&testing::rsa().verifying(), &listed(&methods)).unwrap();
        let sealed = key.encrypt(b"secret").unwrap();
        assert_eq!(sealed.key.algorithm, uri, "{methods}");
        let KeyMethod::Oaep { digest: told, mgf: told_mgf } = &sealed.key.method else { panic!() };
        assert_eq!(*told, digest_uri, "{methods}");
        assert_eq!(told_mgf.and_then(|uri| uri.strip_prefix(ENC11)), mgf.1, "{methods}");
        assert_eq!(opened_by_rsa(&sealed, digest, mgf.0).unwrap(), b"secret", "{methods}");
    }
}

/// By calls of libcrypto of its own.
fn opened_by_agreement(sealed: &Encrypted, ours: &PKey<Private>, md: MessageDigest) -> Vec<u8> {
    let KeyMethod::Agreement(agreement) = &sealed.key.method else { panic!("an agreement") };
    let theirs = match &agreement.originator {
        PublicKey::DerEncoded(der) => PKey::public_key_from_der(der).unwrap(),
        PublicKey::EcKeyValue(urn, point) => {
            Curve::from_urn(urn).unwrap().public_key(point).unwrap()
        }
    };
    let mut context = PkeyCtx::new(ours).unwrap();
    context.derive_init().unwrap();
    context.derive_set_peer(&theirs).unwrap();
    let mut secret = Vec::new();
    context.derive_to_vec(&mut secret).unwrap();
    let [id, party_u, party_v] = &agreement.parameters;
    assert_eq!([id.0, party_u.0, party_v.0], ["AlgorithmID", "PartyUInfo", "PartyVInfo"]);
    let input = [&[0, 0, 0, 1], &secret[..], &id.1, &party_u.1, &party_v.1].concat();
    let derived = hash(md, &input).unwrap();
    let bits = sealed.key.algorithm.strip_prefix("http://www.w3.org/2001/04/xmlenc#kw-aes");
    let length = bits.unwrap().parse::<usize>().unwrap() / 8;
    let wrapping_key = AesKey::new_decrypt(&derived[..length]).unwrap();
    let mut key = vec![0; sealed.key.encrypted.len() - 8];
    unwrap_key(&wrapping_key, None, &mut key, &sealed.key.encrypted).unwrap();
    opened(sealed, &key)
}

fn pairs() -> [(&'static Pair, &'static str); 5] {
    let ecdh_es = "http://www.w3.org/2009/xmlenc11#ECDH-ES";
    [
        (testing::ec(256), ecdh_es),
        (testing::ec(384), ecdh_es),
        (testing::ec(521), ecdh_es),
        (testing::x25519(), "http://www.w3.org/2021/04/xmldsig-more#x25519"),
        (testing::x448(), "http://www.w3.org/2021/04/xmldsig-more#x448"),
    ]
}

#[test]
fn every_curve_agrees_anew_for_each_message() {
    for (pair, algorithm) in pairs() {
        let certificate = Certificate::from_pem(&pair.certificate_pem()).unwrap();
        let key = EncryptionKey::from_certificate(&certificate, []).unwrap();
        assert!(!key.is_rsa());
        let [first, second] = [(); 2].map(|()| key.encrypt(b"secret").unwrap());
        for sealed in [&first, &second] {
            assert_eq!(opened_by_agreement(sealed, &pair.pkey, MessageDigest::sha256()), b"secret");
            assert_eq!(sealed.cipher, GCM256);
            assert!(sealed.key.algorithm.ends_with("#kw-aes256"));
        }
        let agreement = |sealed: Encrypted| match sealed.key.method {
            KeyMethod::Agreement(agreement) => agreement,
            KeyMethod::Oaep { .. } => panic!("an agreement"),
        };
        let (first, second) = (agreement(first), agreement(second));
        assert_eq!(first.algorithm, algorithm);
        assert_eq!(first.recipient.as_deref(), Some(certificate.der()));
        assert_eq!(first.digest, SHA256);
        assert_ne!(first.originator, second.originator);
        assert_ne!(first.parameters, second.parameters);
    }
}

#[test]
fn the_idp_chooses_among_the_key_wraps_and_digests_that_are_known() {
    let agreement = "http://www.w3.org/2009/xmlenc11#ECDH-ES";
    let concat_kdf = "http://www.w3.org/2009/xmlenc11#ConcatKDF";
    let (sha256, sha512) = (MessageDigest::sha256(), MessageDigest::sha512());
    let wrap = |bits| method(&format!("{XENC}kw-aes{bits}"), "");
    for (methods, bits, digest) in [
        (wrap(128) + &wrap(256), "128", sha256),
        (method("urn:x", "") + &wrap(192), "192", sha256),
        (method(agreement, ""), "256", sha256),
        (method(agreement, &digest(SHA512)), "256", sha512),
        (method(concat_kdf, &digest(SHA512)) + &wrap(128), "128", sha512),
        (method(agreement, &digest(SHA1)), "256", sha256),
        (method(agreement, &digest("urn:x")), "256", sha256),
        (method(OAEP, &digest(SHA512)), "256", sha256),
    ] {
        let pair = testing::ec(256);
        let key = EncryptionKey::of(&pair.verifying(), &listed(&methods)).unwrap();
        let sealed = key.encrypt(b"secret").unwrap();
        assert!(sealed.key.algorithm.ends_with(bits), "{methods}");
        assert_eq!(opened_by_agreement(&sealed, &pair.pkey, digest), b"secret", "{methods}");
    }
}

#[test]
fn keys_that_only_sign_encrypt_nothing() {
    for pair in [testing::ed25519(), testing::ed448()] {
        let certificate = Certificate::from_pem(&pair.certificate_pem()).unwrap();
        assert!(EncryptionKey::from_certificate(&certificate, []).is_none());
        assert!(EncryptionKey::of(&pair.verifying(), []).is_none());
    }
    let rsa = Certificate::from_pem(&testing::rsa().certificate_pem()).unwrap();
    assert!(EncryptionKey::from_certificate(&rsa, []).unwrap().is_rsa());
}

/// A certificate in metadata may hold such a key.
#[test]
fn nothing_is_agreed_on_with_a_point_of_small_order() {
    let zeros = PKey::public_key_from_raw_bytes(&[0; 32], openssl::pkey::Id::X25519).unwrap();
    let key = EncryptionKey::new(zeros, None, []).unwrap();
    let error = key.encrypt(b"secret").unwrap_err();
    assert_eq!(error.to_string(), "nothing can be agreed on with the X25519 key of the IdP");
    assert!(ErrorStack::get().errors().is_empty());
}
