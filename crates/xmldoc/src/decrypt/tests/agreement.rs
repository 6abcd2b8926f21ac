//! What is encrypted for a key on a curve: key agreement, ConcatKDF, AES Key Wrap.
use openssl::aes::{AesKey, wrap_key};
use openssl::ec::EcKey;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::pkey_ctx::PkeyCtx;

use super::encrypted::Encrypted;
use super::*;
use crate::{Certificate, SigningKey};

const ENC11: &str = "http://www.w3.org/2009/xmlenc11#";
pub(super) const ECDH_ES: &str = "http://www.w3.org/2009/xmlenc11#ECDH-ES";
pub(super) const MORE: &str = "http://www.w3.org/2021/04/xmldsig-more#";
const DSIG11: &str = "http://www.w3.org/2009/xmldsig11#";

/// Files of the W3C's interoperability report; see `w3c/README.md`.
#[test]
fn opens_the_ciphertexts_of_the_w3c() {
    for (xml, key) in [
        (include_str!("w3c/P-256.xml"), include_bytes!("w3c/P-256.pem").as_slice()),
        (include_str!("w3c/P-384.xml"), include_bytes!("w3c/P-384.pem")),
        (include_str!("w3c/P-521.xml"), include_bytes!("w3c/P-521.pem")),
        (include_str!("w3c/RSA-3072.xml"), include_bytes!("w3c/RSA-3072.pem")),
        (include_str!("w3c/RSA-4096.xml"), include_bytes!("w3c/RSA-4096.pem")),
    ] {
        let holder = Document::parse(format!("<h>{xml}</h>").as_bytes(), &Limits::default());
        let encrypted = Encrypted::read(&holder.unwrap().trusted_root()).unwrap();
        let key = DecryptionKey::of(&SigningKey::from_pem(key, None).unwrap()).unwrap();
        let [encrypted_key] = encrypted.keys.as_slice() else { panic!("one EncryptedKey") };
        assert!(key.fits(encrypted_key));
        let content_key = key.content_key(encrypted_key, encrypted.cipher.key_length()).unwrap();
        let plaintext = encrypted.cipher.decrypt(&content_key, &encrypted.ciphertext).unwrap();
        let order = String::from_utf8(plaintext.octets).unwrap();
        assert!(order.starts_with("<PurchaseOrder xmlns=\"urn:example:po\">"), "{order}");
        assert!(order.contains("1234 567890 12345"), "{order}");
    }
}

/// How to encrypt for a key on a curve, by other calls of libcrypto than decryption uses.
pub(super) struct Agreeing {
    pub(super) wrap: usize,
    pub(super) digest: (&'static str, MessageDigest),
    /// ConcatKDFParams' attributes, and what they mean.
    pub(super) parameters: (&'static str, &'static [u8]),
    pub(super) originator: fn(&PKey<Private>) -> String,
    pub(super) recipient: String,
}

pub(super) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const PARAMETERS: (&str, &[u8]) =
    ("AlgorithmID=\"00\" PartyUInfo=\"00697a\" PartyVInfo=\" 007E \"", b"iz~");

pub(super) fn agreeing() -> Agreeing {
    Agreeing {
        wrap: 32,
        digest: (SHA256, MessageDigest::sha256()),
        parameters: PARAMETERS,
        originator: ec_key_value,
        recipient: String::new(),
    }
}

pub(super) fn point(key: &PKey<Private>) -> Vec<u8> {
    let mut context = openssl::bn::BigNumContext::new().unwrap();
    let form = openssl::ec::PointConversionForm::UNCOMPRESSED;
    let ec = key.ec_key().unwrap();
    ec.public_key().to_bytes(ec.group(), form, &mut context).unwrap()
}

pub(super) fn key_value(curve: &str, point: &[u8]) -> String {
    format!(
        "<k:KeyValue xmlns:k=\"{DSIG}\"><e:ECKeyValue xmlns:e=\"{DSIG11}\">\
         <e:NamedCurve URI=\"urn:oid:{curve}\"/><e:PublicKey>{}</e:PublicKey></e:ECKeyValue>\
         </k:KeyValue>",
        base64(point)
    )
}

fn ec_key_value(key: &PKey<Private>) -> String {
    let curve = match key.bits() {
        256 => "1.2.840.10045.3.1.7",
        384 => "1.3.132.0.34",
        _ => "1.3.132.0.35",
    };
    key_value(curve, &point(key))
}

pub(super) fn der_encoded(key: &PKey<Private>) -> String {
    let der = base64(&key.public_key_to_der().unwrap());
    format!("<e:DEREncodedKeyValue xmlns:e=\"{DSIG11}\">{der}</e:DEREncodedKeyValue>")
}

impl Agreeing {
    /// Seals with a new content key for `to`.
    pub(super) fn seal(&self, cipher: ContentCipher, to: &Pair) -> EcSealing {
        let key = random(cipher.key_length());
        let (derived, info) = self.agree(to);
        let wrapping_key = AesKey::new_encrypt(&derived[..self.wrap]).unwrap();
        let mut wrapped = vec![0; key.len() + 8];
        wrap_key(&wrapping_key, None, &mut wrapped, &key).unwrap();
        EcSealing { cipher, key, wrapped, info, wrap: self.wrap }
    }

    /// What a new key and that of `to` agree on, as long as the digest, and the KeyInfo that says so.
    pub(super) fn agree(&self, to: &Pair) -> (Vec<u8>, String) {
        let (ephemeral, method) = match to.pkey.id() {
            Id::X25519 => (PKey::generate_x25519().unwrap(), format!("{MORE}x25519")),
            Id::X448 => (PKey::generate_x448().unwrap(), format!("{MORE}x448")),
            _ => {
                let key = EcKey::generate(to.pkey.ec_key().unwrap().group()).unwrap();
                (PKey::from_ec_key(key).unwrap(), format!("{ENC11}ECDH-ES"))
            }
        };
        let mut agreement = PkeyCtx::new(&ephemeral).unwrap();
        agreement.derive_init().unwrap();
        agreement.derive_set_peer(&to.pkey).unwrap();
        let mut secret = Vec::new();
        agreement.derive_to_vec(&mut secret).unwrap();
        let input = [&[0, 0, 0, 1], secret.as_slice(), self.parameters.1].concat();
        let derived = hash(self.digest.1, &input).unwrap().to_vec();
        let originator = (self.originator)(&ephemeral);
        (derived, self.key_info(&method, &originator))
    }

    pub(super) fn key_info(&self, method: &str, originator: &str) -> String {
        let ((digest, _), (parameters, _)) = (&self.digest, &self.parameters);
        format!(
            "<k:KeyInfo xmlns:k=\"{DSIG}\"><x:AgreementMethod Algorithm=\"{method}\">\
             <f:KeyDerivationMethod xmlns:f=\"{ENC11}\" Algorithm=\"{ENC11}ConcatKDF\">\
             <f:ConcatKDFParams {parameters}><k:DigestMethod Algorithm=\"{digest}\"/>\
             </f:ConcatKDFParams></f:KeyDerivationMethod>\
             <x:OriginatorKeyInfo>{originator}</x:OriginatorKeyInfo>\
             <x:RecipientKeyInfo>{}</x:RecipientKeyInfo></x:AgreementMethod></k:KeyInfo>",
            self.recipient
        )
    }
}

/// A content key, wrapped for a key on a curve.
pub(super) struct EcSealing {
    cipher: ContentCipher,
    key: Vec<u8>,
    wrapped: Vec<u8>,
    pub(super) info: String,
    wrap: usize,
}

impl EcSealing {
    pub(super) fn encrypted_key(&self) -> String {
        let method = format!("{XENC}kw-aes{}", self.wrap * 8);
        format!(
            "<x:EncryptedKey xmlns:x=\"{XENC}\"><x:EncryptionMethod Algorithm=\"{method}\"/>{}\
             <x:CipherData><x:CipherValue>{}</x:CipherValue></x:CipherData></x:EncryptedKey>",
            self.info,
            base64(&self.wrapped)
        )
    }

    /// An unsigned Response with a signed Assertion for this key, behind these others.
    pub(super) fn response(&self, others: &str) -> String {
        let ciphertext = encrypt(self.cipher, &self.key, signed(&assertion()).as_bytes());
        let sealing = Sealing::new(self.cipher, testing::rsa());
        let data =
            sealing.encrypted_data(&ciphertext, &(others.to_owned() + &self.encrypted_key()));
        response(&format!("<a:EncryptedAssertion>{data}</a:EncryptedAssertion>"))
    }
}

/// The code, with nothing left for nginx to take for an error of its own.
pub(super) fn opened(xml: &str, keys: &[DecryptionKey]) -> &'static str {
    let code = code(open_unsigned_with(xml, NONE, keys));
    assert!(ErrorStack::get().errors().is_empty(), "{code}");
    code
}

#[test]
fn every_curve_wrap_digest_and_form_opens() {
    let digests = [
        (SHA256, MessageDigest::sha256()),
        ("http://www.w3.org/2001/04/xmldsig-more#sha384", MessageDigest::sha384()),
        ("http://www.w3.org/2001/04/xmlenc#sha512", MessageDigest::sha512()),
        ("http://www.w3.org/2007/05/xmldsig-more#sha3-256", MessageDigest::sha3_256()),
        ("http://www.w3.org/2007/05/xmldsig-more#sha3-512", MessageDigest::sha3_512()),
    ];
    let parameters: [(&str, &[u8]); 4] = [
        PARAMETERS,
        ("", b""),
        ("AlgorithmID=\"\" PartyUInfo=\"\" PartyVInfo=\"\"", b""),
        ("SuppPrivInfo=\"0004\" SuppPubInfo=\"0003\" AlgorithmID=\"0001Ff\"", b"\x01\xFF\x03\x04"),
    ];
    for bits in [256, 384, 521] {
        let pair = testing::ec(bits);
        for (number, digest) in digests.into_iter().enumerate() {
            let parameters = parameters[number % parameters.len()];
            for (wrap, originator) in
                [(16, ec_key_value as fn(&_) -> _), (24, der_encoded), (32, ec_key_value)]
            {
                let agreeing = Agreeing { wrap, digest, parameters, originator, ..agreeing() };
                for cipher in [GCM, ContentCipher::AesGcm { bits: 256 }] {
                    let xml = agreeing.seal(cipher, pair).response("");
                    assert_eq!(
                        opened(&xml, &[key_of(pair)]),
                        "good",
                        "{bits} {digest:?} {wrap}",
                        digest = digest.0
                    );
                }
            }
        }
    }
}

#[test]
fn a_key_opens_only_what_its_kind_and_curve_can() {
    let (p256, rsa) = (testing::ec(256), testing::other_rsa());
    let for_ec = agreeing().seal(GCM, p256).response("");
    let for_rsa = response(&seal(GCM, &signed(&assertion())));
    for other in [testing::ec(384), testing::ec(521), rsa] {
        assert_eq!(opened(&for_ec, &[key_of(other)]), "decryption_failed");
    }
    for bits in [256, 384, 521] {
        assert_eq!(opened(&for_rsa, &[key_of(testing::ec(bits))]), "decryption_failed");
    }
    // Keys that cannot have been meant cost no attempt.
    let keys = [testing::ec(384), rsa, testing::ec(521), p256].map(key_of);
    assert_eq!(opened(&for_ec, &keys), "good");
    assert_eq!(opened(&for_rsa, &keys), "good");
    for pair in [testing::ed25519(), testing::ed448()] {
        assert!(DecryptionKey::of(&pair.signing()).is_none());
    }
}

#[test]
fn what_does_not_agree_is_one_error() {
    let pair = testing::ec(256);
    let keys = [key_of(pair)];
    let mut off_curve = point(&pair.pkey);
    *off_curve.last_mut().unwrap() ^= 1;
    let [zeros, too_large] = [0, 0xFF].map(|byte| [&[4][..], &[byte; 64]].concat());
    for (bad, case) in [(off_curve, "off the curve"), (zeros, "zeros"), (too_large, "beyond p")] {
        let mut sealing = agreeing().seal(GCM, pair);
        sealing.info = agreeing().key_info(ECDH_ES, &key_value("1.2.840.10045.3.1.7", &bad));
        assert_eq!(opened(&sealing.response(""), &keys), "decryption_failed", "{case}");
    }
    for length in [0, 8, 16, 23, 24, 32, 1024] {
        for octets in [random(length), vec![0; length], vec![0xA6; length]] {
            let mut sealing = agreeing().seal(GCM, pair);
            sealing.wrapped = octets;
            assert_eq!(opened(&sealing.response(""), &keys), "decryption_failed", "{length}");
        }
    }
    let mut sealing = agreeing().seal(GCM, pair);
    sealing.wrap = 16;
    assert_eq!(opened(&sealing.response(""), &keys), "decryption_failed", "another key wrap");
    let other = Agreeing { parameters: (PARAMETERS.0, b"other"), ..agreeing() }.seal(GCM, pair);
    assert_eq!(opened(&other.response(""), &keys), "decryption_failed", "another OtherInfo");
    // 16 bytes are a key of another length than the cipher's.
    let mut sealing = agreeing().seal(GCM, pair);
    sealing.cipher = ContentCipher::AesGcm { bits: 256 };
    sealing.key = random(32);
    assert_eq!(opened(&sealing.response(""), &keys), "decryption_failed", "another length");
}

#[test]
fn refuses_other_agreements_and_other_forms() {
    let pair = testing::ec(256);
    let good = agreeing().seal(GCM, pair).response("");
    let compressed = |key: &PKey<Private>| {
        key_value("1.2.840.10045.3.1.7", &[&[2], &point(key)[1..33]].concat())
    };
    let infinity = |_: &PKey<Private>| key_value("1.2.840.10045.3.1.7", &[0]);
    let other_curve = |key: &PKey<Private>| key_value("1.3.132.0.34", &point(key));
    let no_curve = |key: &PKey<Private>| key_value("1.3.132.0.10", &point(key));
    let cut = |key: &PKey<Private>| der_encoded(key).replacen("MFkw", "MFgw", 1);
    let named = |_: &PKey<Private>| format!("<k:KeyName xmlns:k=\"{DSIG}\">n</k:KeyName>");
    let originators: [fn(&PKey<Private>) -> String; 6] =
        [compressed, infinity, other_curve, no_curve, cut, named];
    for originator in originators {
        let xml = Agreeing { originator, ..agreeing() }.seal(GCM, pair).response("");
        assert_eq!(opened(&xml, &[key_of(pair)]), "encryption_structure", "{xml}");
    }
    for (from, to, expected) in [
        ("#ECDH-ES", "#dh-es", "encryption_algorithm"),
        (
            "http://www.w3.org/2009/xmlenc11#ECDH-ES",
            "http://www.w3.org/2021/04/xmldsig-more#x25519",
            "encryption_algorithm",
        ),
        ("#ConcatKDF\"", "#pbkdf2\"", "encryption_algorithm"),
        (SHA256, "http://www.w3.org/2000/09/xmldsig#sha1", "encryption_algorithm"),
        ("kw-aes256", "kw-tripledes", "encryption_algorithm"),
        ("x:AgreementMethod", "x:Other", "encryption_algorithm"),
        ("f:ConcatKDFParams", "f:Other", "encryption_structure"),
        ("x:OriginatorKeyInfo", "x:Other", "encryption_structure"),
        ("\"00697a\"", "\"01697a\"", "encryption_structure"),
        ("\"00697a\"", "\"00697\"", "encryption_structure"),
        ("\"00697a\"", "\"00+97a\"", "encryption_structure"),
        ("\"00697a\"", "\"00 697a\"", "encryption_structure"),
        ("\"00697a\"", &format!("\"{}\"", "00".repeat(2049)), "encryption_structure"),
        ("\"00697a\"", &format!("\"{}\"", "00".repeat(2048)), "decryption_failed"),
    ] {
        assert!(good.contains(from), "{from}");
        let xml = good.replace(from, to);
        assert_eq!(opened(&xml, &[key_of(pair)]), expected, "{from} -> {to}");
    }
}

#[test]
fn the_recipients_key_is_a_hint() {
    let pair = testing::ec(256);
    let certificate = Certificate::from_pem(&pair.certificate_pem()).unwrap();
    let keys = [key_of(pair).with_certificate(certificate.clone())];
    let theirs = agreeing().seal(GCM, &Pair::ec(Nid::X9_62_PRIME256V1)).encrypted_key().repeat(3);
    let x509 = base64(certificate.der());
    for (recipient, expected) in [
        (String::new(), "decryption_failed"),
        (format!("<k:X509Data><k:X509Certificate>{x509}</k:X509Certificate></k:X509Data>"), "good"),
        ("<k:KeyName>test</k:KeyName>".to_owned(), "good"),
        ("<k:KeyName>other</k:KeyName>".to_owned(), "decryption_failed"),
    ] {
        let agreeing = Agreeing { recipient, ..agreeing() };
        assert_eq!(opened(&agreeing.seal(GCM, pair).response(&theirs), &keys), expected);
    }
}
