//! Keys that were agreed on and encrypt the content themselves (xmlenc-core1 5.6): no EncryptedKey.
use super::agreement::{
    Agreeing, ECDH_ES, SHA256, agreeing, der_encoded, key_value, opened, point,
};
use super::*;

/// A ciphertext under the key that was agreed on, and the KeyInfo that says so.
struct Derived {
    cipher: ContentCipher,
    ciphertext: Vec<u8>,
    info: String,
}

impl Derived {
    fn new(cipher: ContentCipher, to: &Pair) -> Self {
        Self::by(&agreeing_with(to), cipher, to)
    }

    fn by(agreeing: &Agreeing, cipher: ContentCipher, to: &Pair) -> Self {
        let (derived, info) = agreeing.agree(to);
        let key = &derived[..cipher.key_length()];
        Self { cipher, ciphertext: encrypt(cipher, key, signed(&assertion()).as_bytes()), info }
    }

    fn response(&self) -> String {
        self.response_with("", "")
    }

    /// With this more in KeyInfo, and this beside EncryptedData.
    fn response_with(&self, inside: &str, beside: &str) -> String {
        let info = self.info.replace("</k:KeyInfo>", &format!("{inside}</k:KeyInfo>"));
        response(&format!(
            "<a:EncryptedAssertion><x:EncryptedData xmlns:x=\"{XENC}\">\
             <x:EncryptionMethod Algorithm=\"{}\"/>{info}<x:CipherData><x:CipherValue>{}\
             </x:CipherValue></x:CipherData></x:EncryptedData>{beside}</a:EncryptedAssertion>",
            self.cipher.uri(),
            base64(&self.ciphertext)
        ))
    }
}

/// X25519 and X448 have one form alone.
fn agreeing_with(pair: &Pair) -> Agreeing {
    match pair.pkey.ec_key() {
        Ok(_) => agreeing(),
        Err(_) => Agreeing { originator: der_encoded, ..agreeing() },
    }
}

#[test]
fn every_curve_and_cipher_opens() {
    let curves = [256, 384, 521].map(testing::ec);
    for pair in curves.into_iter().chain([testing::x25519(), testing::x448()]) {
        for bits in [128, 192, 256] {
            let derived = Derived::new(ContentCipher::AesGcm { bits }, pair);
            assert_eq!(opened(&derived.response(), &[key_of(pair)]), "good", "{bits}");
        }
    }
}

#[test]
fn what_is_weak_needs_the_same_permissions() {
    let (pair, triple_des) = (testing::ec(256), ContentCipher::TripleDesCbc);
    let keys = [key_of(pair)];
    let of = |cipher, policy| {
        code(open_unsigned_with(&Derived::new(cipher, pair).response(), policy, &keys))
    };
    assert_eq!(of(CBC, NONE), "encryption_cbc_unsigned");
    assert_eq!(of(CBC, DecryptionPolicy { allow_cbc: true, ..NONE }), "good");
    assert_eq!(
        of(triple_des, DecryptionPolicy { allow_cbc: true, ..NONE }),
        "encryption_algorithm"
    );
    assert_eq!(of(triple_des, ALL), "good");
    let signed = signed(&Derived::new(CBC, pair).response());
    assert!(open_signed_with(&signed, NONE, &keys).is_ok());
}

#[test]
fn what_does_not_open_is_one_error() {
    let pair = testing::ec(256);
    let keys = [key_of(pair)];
    let failed = |derived: &Derived, case: &str| {
        assert_eq!(opened(&derived.response(), &keys), "decryption_failed", "{case}");
    };
    let good = Derived::new(GCM, pair).ciphertext;
    for place in [0, 11, 12, 40, good.len() - 16, good.len() - 1] {
        let mut derived = Derived::new(GCM, pair);
        derived.ciphertext[place] ^= 1;
        failed(&derived, "changed");
    }
    for length in [0, 1, 11, 12, 27, 28, good.len() - 16, good.len() - 4, good.len() - 1] {
        let mut derived = Derived::new(GCM, pair);
        derived.ciphertext.truncate(length);
        failed(&derived, "cut off");
    }
    for cipher in [ContentCipher::AesGcm { bits: 192 }, ContentCipher::AesGcm { bits: 256 }] {
        failed(&Derived { cipher, ..Derived::new(GCM, pair) }, "a key of another length");
    }
    failed(&Derived { info: Derived::new(GCM, pair).info, ..Derived::new(GCM, pair) }, "another");
    failed(&Derived::new(GCM, testing::ec(384)), "for another key");
    let mut off_curve = point(&pair.pkey);
    *off_curve.last_mut().unwrap() ^= 1;
    let info = agreeing().key_info(ECDH_ES, &key_value("1.2.840.10045.3.1.7", &off_curve));
    failed(&Derived { info, ..Derived::new(GCM, pair) }, "off the curve");
    // The same answers where the administrator has allowed CBC.
    let mut padding = Derived::new(CBC, pair);
    let last = padding.ciphertext.len() - 17;
    padding.ciphertext[last] ^= 0x80;
    let policy = DecryptionPolicy { allow_cbc: true, ..NONE };
    assert_eq!(code(open_unsigned_with(&padding.response(), policy, &keys)), "decryption_failed");
}

#[test]
fn where_the_key_comes_from_must_be_beyond_doubt() {
    let (ec, rsa) = (testing::ec(256), testing::other_rsa());
    let keys = [key_of(ec), key_of(rsa)];
    let derived = Derived::new(GCM, ec);
    let encrypted_key = Sealing::new(GCM, rsa).encrypted_key(" Id=\"k\"");
    let method = derived.info.split_once("<x:AgreementMethod").unwrap().1;
    let second = format!("<x:AgreementMethod{}", method.strip_suffix("</k:KeyInfo>").unwrap());
    let retrieval = format!("<k:RetrievalMethod xmlns:k=\"{DSIG}\" URI=\"#k\"/>");
    for (inside, beside, case) in [
        (encrypted_key.as_str(), "", "an EncryptedKey inside"),
        ("", encrypted_key.as_str(), "an EncryptedKey beside"),
        (&retrieval, &encrypted_key, "one that is named"),
        (&retrieval, "", "one that is named and not there"),
        (&second, "", "two AgreementMethods"),
    ] {
        let xml = derived.response_with(inside, beside);
        assert_eq!(opened(&xml, &keys), "encryption_structure", "{case}");
    }
    assert_eq!(opened(&derived.response(), &keys), "good");
}

#[test]
fn every_parameter_must_be_there_and_be_known() {
    let pair = testing::ec(256);
    let good = Derived::new(GCM, pair).response();
    for (from, to, expected) in [
        ("#ECDH-ES", "#dh-es", "encryption_algorithm"),
        ("#ConcatKDF\"", "#pbkdf2\"", "encryption_algorithm"),
        (SHA256, "http://www.w3.org/2000/09/xmldsig#sha1", "encryption_algorithm"),
        ("f:KeyDerivationMethod", "f:Other", "encryption_structure"),
        ("f:ConcatKDFParams", "f:Other", "encryption_structure"),
        ("k:DigestMethod", "k:Other", "encryption_structure"),
        ("x:OriginatorKeyInfo", "x:Other", "encryption_structure"),
        ("\"00697a\"", "\"01697a\"", "encryption_structure"),
        ("x:AgreementMethod", "x:Other", "encryption_structure"),
    ] {
        assert!(good.contains(from), "{from}");
        assert_eq!(opened(&good.replace(from, to), &[key_of(pair)]), expected, "{from} -> {to}");
    }
}

/// Whoever has two keys of one kind says by RecipientKeyInfo which.
#[test]
fn the_recipients_key_is_a_hint() {
    let pair = testing::ec(256);
    let certificate = crate::Certificate::from_pem(&pair.certificate_pem()).unwrap();
    let others = std::iter::repeat_with(|| Pair::ec(openssl::nid::Nid::X9_62_PRIME256V1)).take(2);
    let mut keys: Vec<_> = others.map(|other| key_of(&other)).collect();
    keys.push(key_of(pair).with_certificate(certificate.clone()));
    let x509 = base64(certificate.der());
    let named = format!("<k:X509Data><k:X509Certificate>{x509}</k:X509Certificate></k:X509Data>");
    for (recipient, expected) in [(String::new(), "decryption_failed"), (named, "good")] {
        let agreeing = Agreeing { recipient, ..agreeing() };
        assert_eq!(opened(&Derived::by(&agreeing, GCM, pair).response(), &keys), expected);
    }
}
