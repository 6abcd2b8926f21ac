//! The signed seeds and their keys: all that anybody has ever signed in this world.
use clock::UnixTime;
use xmldoc::{Document, Element, Limits, SignaturePolicy, SigningKey, VerifyingKey};

pub const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// 2026-11-21T11:30:00Z, when the seeds were issued.
pub const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);

/// Everything that a policy can allow.
pub const LAX: SignaturePolicy = SignaturePolicy { allow_sha1: true, allow_rsa1024: true };

pub const MESSAGES: &[&str] = &[
    include_str!("../seeds/parse_verify/assertion-signed.xml"),
    include_str!("../seeds/parse_verify/both-signed.xml"),
    include_str!("../seeds/parse_verify/microsoft.xml"),
    include_str!("../seeds/parse_verify/response-signed.xml"),
    include_str!("../seeds/parse_verify/sha1.xml"),
    include_str!("../seeds/parse_verify/sha512.xml"),
    include_str!("../seeds/parse_verify/unsigned.xml"),
];

/// Signed, and encrypted to the SP.
pub const ENCRYPTED: &[&str] = &[
    include_str!("../seeds/decrypt/3des.xml"),
    include_str!("../seeds/decrypt/aes128-gcm.xml"),
    include_str!("../seeds/decrypt/aes256-cbc.xml"),
    include_str!("../seeds/decrypt/aes256-gcm.xml"),
    include_str!("../seeds/decrypt/key-beside.xml"),
    include_str!("../seeds/decrypt/name-id.xml"),
    include_str!("../seeds/decrypt/rsa15.xml"),
    include_str!("../seeds/decrypt/signed-outside.xml"),
];

/// Logout messages; one of them in a SOAP envelope.
pub const LOGOUTS: &[&str] = &[
    include_str!("../seeds/logout/encrypted.xml"),
    include_str!("../seeds/logout/no-end.xml"),
    include_str!("../seeds/logout/partial.xml"),
    include_str!("../seeds/logout/request.xml"),
    include_str!("../seeds/logout/response.xml"),
    include_str!("../seeds/logout/soap.xml"),
    include_str!("../seeds/logout/two-sessions.xml"),
    include_str!("../seeds/logout/unsigned.xml"),
];

/// The IdP's public keys.
pub fn trusted_keys() -> Vec<VerifyingKey> {
    [include_bytes!("../keys/idp-rsa.pub").as_slice(), include_bytes!("../keys/idp-ec.pub")]
        .map(|pem| VerifyingKey::from_public_key_pem(pem).expect("a public key"))
        .into()
}

/// The IdP's P-256 key.
pub fn signing_key() -> SigningKey {
    SigningKey::from_pem(include_bytes!("../keys/idp-ec.key"), None).expect("a private key")
}

thread_local! {
    /// What the signatures of the seeds cover.
    static SIGNED: Vec<Element> = signed();
}

/// Does one of the seeds' signatures cover it?
pub fn is_signed(element: &Element) -> bool {
    SIGNED.with(|signed| signed.contains(element))
}

fn signed() -> Vec<Element> {
    let keys = trusted_keys();
    let mut signed = Vec::new();
    for message in MESSAGES {
        let document = Document::parse(message.as_bytes(), &Limits::default()).expect("a seed");
        let root = document.verify_root(&keys, &LAX);
        let child = document.verify_child(ASSERTION, "Assertion", &keys, &LAX);
        signed.extend([root, child].into_iter().flatten().map(|(element, _)| (*element).clone()));
    }
    assert_eq!(signed.len(), MESSAGES.len(), "every seed but one is signed, one of them twice");
    signed
}
