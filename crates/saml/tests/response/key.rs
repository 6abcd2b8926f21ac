//! Key pairs, made by OpenSSL.

use std::sync::LazyLock;

use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private, Public};
use openssl::rsa::Rsa;
use openssl::x509::{X509, X509NameBuilder};
use xmldoc::{
    DecryptionKey, DigestAlgorithm, SignatureAlgorithm, SignaturePlace, SigningKey, VerifyingKey,
    sign_enveloped,
};

/// A key pair in PEM.
pub struct Key {
    private: Vec<u8>,
    public: Vec<u8>,
    certificate: X509,
}

pub static IDP_KEY: LazyLock<Key> = LazyLock::new(|| Key::new(ec_key()));
pub static STRANGER: LazyLock<Key> = LazyLock::new(|| Key::new(ec_key()));
pub static SP_KEY: LazyLock<Key> =
    LazyLock::new(|| Key::new(PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()));
pub static RSA_KEY: LazyLock<Key> =
    LazyLock::new(|| Key::new(PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()));

fn ec_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

impl Key {
    fn new(key: PKey<Private>) -> Self {
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_text("CN", "idp.example.org").unwrap();
        let name = name.build();
        let mut certificate = X509::builder().unwrap();
        certificate.set_subject_name(&name).unwrap();
        certificate.set_issuer_name(&name).unwrap();
        certificate.set_pubkey(&key).unwrap();
        certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        certificate.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
        certificate.sign(&key, MessageDigest::sha256()).unwrap();
        Self {
            private: key.private_key_to_pem_pkcs8().unwrap(),
            public: key.public_key_to_pem().unwrap(),
            certificate: certificate.build(),
        }
    }

    pub fn verifying(&self) -> VerifyingKey {
        VerifyingKey::from_public_key_pem(&self.public).unwrap()
    }

    fn signing(&self) -> SigningKey {
        SigningKey::from_pem(&self.private, None).unwrap()
    }

    pub fn decryption(&self) -> DecryptionKey {
        DecryptionKey::of(&self.signing()).unwrap()
    }

    pub fn public(&self) -> PKey<Public> {
        PKey::public_key_from_pem(&self.public).unwrap()
    }

    /// A detached signature over `octets`, with the URI of its algorithm.
    pub fn sign_octets(&self, octets: &[u8]) -> (&'static str, Vec<u8>) {
        let key = self.signing();
        let algorithm = key.default_algorithm();
        (algorithm.uri(), key.sign_octets(algorithm, octets).unwrap())
    }

    /// Signs the root of `xml`; the certificate goes into KeyInfo.
    pub fn sign(&self, xml: &str, place: SignaturePlace) -> String {
        self.sign_with(xml, place, self.signing().default_algorithm(), DigestAlgorithm::Sha256)
    }

    pub fn sign_with(
        &self,
        xml: &str,
        place: SignaturePlace,
        signature: SignatureAlgorithm,
        digest: DigestAlgorithm,
    ) -> String {
        let key = self.signing();
        let certificate =
            xmldoc::Certificate::from_der(&self.certificate.to_der().unwrap()).unwrap();
        let signed =
            sign_enveloped(xml, place, &key, Some(&certificate), signature, digest).unwrap();
        without_declaration(&signed).to_owned()
    }

    /// The document with values in its signature template, as xmlsec1 signs it.
    pub fn fill(&self, template: &str) -> String {
        let key = xmlsec1::Key::from_pem(&self.private).unwrap();
        let signed = xmlsec1::sign(template.as_bytes(), &key).unwrap();
        without_declaration(str::from_utf8(&signed).unwrap()).to_owned()
    }
}

fn without_declaration(xml: &str) -> &str {
    let xml = xml.trim();
    match xml.strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").unwrap().1.trim(),
        None => xml,
    }
}
