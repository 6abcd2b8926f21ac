//! Keys and certificates, made by OpenSSL and not by our own code.

use std::sync::LazyLock;

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::{X509, X509NameBuilder};
use sp::Credential;
use xmldoc::{Certificate, SigningKey, VerifyingKey};

/// The keys of all, made once.
pub static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    sp: PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap(),
    corp: p256(),
    other: p256(),
});

/// Who has a key.
pub struct Keys {
    /// Of the kind that can decrypt.
    pub sp: PKey<Private>,
    pub corp: PKey<Private>,
    pub other: PKey<Private>,
}

fn p256() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

/// The key, to sign with.
pub fn signing(key: &PKey<Private>) -> SigningKey {
    SigningKey::from_pem(&key.private_key_to_pem_pkcs8().unwrap(), None).unwrap()
}

/// What the key signed is verified with this.
pub fn verifying(key: &PKey<Private>) -> VerifyingKey {
    VerifyingKey::from_public_key_pem(&key.public_key_to_pem().unwrap()).unwrap()
}

/// The key with a self-signed certificate.
pub fn credential(key: &PKey<Private>) -> Credential {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "app.example.com").unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    let serial = BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(3650).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.sign(key, MessageDigest::sha256()).unwrap();
    let certificate = Certificate::from_der(&builder.build().to_der().unwrap()).unwrap();
    Credential { certificate, key: signing(key) }
}
