//! Keys and certificates for tests, made by OpenSSL and not by our own code.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::{X509, X509NameBuilder};
use xmldoc::{Certificate, DecryptionKey, PrivateKey, SigningKey};

/// A private key with a self-signed certificate of ten years.
pub(crate) struct Credential {
    pub key: PKey<Private>,
    pub x509: X509,
}

impl Credential {
    pub(crate) fn rsa() -> Self {
        Self::new(PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap())
    }

    pub(crate) fn p256() -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        Self::new(PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap())
    }

    pub(crate) fn ed25519() -> Self {
        Self::new(PKey::generate_ed25519().unwrap())
    }

    /// Certified by somebody else, as it signs nothing.
    pub(crate) fn x25519() -> Self {
        let issuer = PKey::generate_ed25519().unwrap();
        Self::certified(PKey::generate_x25519().unwrap(), &issuer)
    }

    fn new(key: PKey<Private>) -> Self {
        Self::certified(key.clone(), &key)
    }

    fn certified(key: PKey<Private>, issuer: &PKey<Private>) -> Self {
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_text("CN", "test").unwrap();
        let name = name.build();
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        builder
            .set_serial_number(&BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap())
            .unwrap();
        builder.set_subject_name(&name).unwrap();
        builder.set_issuer_name(&name).unwrap();
        builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::days_from_now(3650).unwrap()).unwrap();
        builder.set_pubkey(&key).unwrap();
        let is_ed25519 = issuer.id() == Id::ED25519;
        let digest = if is_ed25519 { MessageDigest::null() } else { MessageDigest::sha256() };
        builder.sign(issuer, digest).unwrap();
        Self { key, x509: builder.build() }
    }

    pub(crate) fn signing_key(&self) -> SigningKey {
        SigningKey::from_pem(&self.key.private_key_to_pem_pkcs8().unwrap(), None).unwrap()
    }

    pub(crate) fn decryption_key(&self) -> DecryptionKey {
        let pem = self.key.private_key_to_pem_pkcs8().unwrap();
        match PrivateKey::from_pem(&pem, None).unwrap() {
            PrivateKey::Signing(key) => DecryptionKey::of(&key).unwrap(),
            PrivateKey::DecryptionOnly(key) => key,
        }
    }

    pub(crate) fn certificate(&self) -> Certificate {
        Certificate::from_pem(&self.x509.to_pem().unwrap()).unwrap()
    }

    /// Base64 of the DER, in lines of 64 as in PEM and in most metadata.
    pub(crate) fn certificate_text(&self) -> String {
        let pem = String::from_utf8(self.x509.to_pem().unwrap()).unwrap();
        pem.lines().filter(|line| !line.starts_with("-----")).collect::<Vec<_>>().join("\n")
    }
}
