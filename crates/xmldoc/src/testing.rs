//! Keys, documents, libxml2 and the `xmlsec1` tool for this crate's tests.

mod codes;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::{X509, X509Name};

use crate::element::plaintext_name;
use crate::{
    Attribute, Element, SecondVerifier, SignatureAlgorithm as S, SigningKey, VerifyingKey,
};

/// The document as libxml2 reads it.
pub(crate) fn read_by_libxml2(bytes: &[u8]) -> Option<Element> {
    libxml2::Tree::parse(bytes).ok()?.root().map(copy)
}

/// What libxml2 has read.
pub(crate) fn copy(node: libxml2::Node<'_>) -> Element {
    let attributes = node.attributes().map(|(namespace, name, value)| Attribute {
        name: name.into(),
        namespace: namespace.into(),
        value: value.into_owned().into(),
    });
    let mut element = Element {
        name: node.name().into(),
        namespace: node.namespace().into(),
        attributes: attributes.collect(),
        ..Element::default()
    };
    if plaintext_name(node.namespace(), node.name()).is_some() {
        element.scope = node.namespaces_in_scope();
    }
    let mut text = String::new();
    for child in node.content() {
        match child {
            libxml2::Child::Element(child) => element.children.push(copy(child)),
            libxml2::Child::Text(piece) => text.push_str(piece),
            libxml2::Child::Other => {}
        }
    }
    element.text = text.into();
    element
}

/// A key pair that one test process shares.
pub(crate) struct Pair {
    pub(crate) pkey: PKey<Private>,
}

impl Pair {
    pub(crate) fn rsa(bits: u32) -> Self {
        Self { pkey: PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap() }
    }

    pub(crate) fn ec(curve: Nid) -> Self {
        let group = EcGroup::from_curve_name(curve).unwrap();
        Self { pkey: PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap() }
    }

    pub(crate) fn private_pem(&self) -> Vec<u8> {
        self.pkey.private_key_to_pem_pkcs8().unwrap()
    }

    pub(crate) fn public_pem(&self) -> Vec<u8> {
        self.pkey.public_key_to_pem().unwrap()
    }

    pub(crate) fn certificate_pem(&self) -> Vec<u8> {
        let mut name = X509Name::builder().unwrap();
        name.append_entry_by_nid(Nid::COMMONNAME, "test").unwrap();
        let name = name.build();
        let mut builder = X509::builder().unwrap();
        builder.set_subject_name(&name).unwrap();
        builder.set_issuer_name(&name).unwrap();
        builder.set_not_before(&Asn1Time::from_unix(1_700_000_000).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::from_unix(1_700_086_400).unwrap()).unwrap();
        builder.set_pubkey(&self.pkey).unwrap();
        let digest = match self.pkey.id() {
            Id::ED25519 | Id::ED448 => MessageDigest::null(),
            _ => MessageDigest::sha256(),
        };
        let signs_nothing = matches!(self.pkey.id(), Id::X25519 | Id::X448);
        let issuer = if signs_nothing { &rsa().pkey } else { &self.pkey };
        builder.sign(issuer, digest).unwrap();
        builder.build().to_pem().unwrap()
    }

    pub(crate) fn signing(&self) -> SigningKey {
        SigningKey::from_pem(&self.private_pem(), None).unwrap()
    }

    pub(crate) fn verifying(&self) -> VerifyingKey {
        VerifyingKey::from_public_key_pem(&self.public_pem()).unwrap()
    }
}

/// xmlsec1 with a key.
pub(crate) struct Xmlsec1(xmlsec1::Key);

impl Xmlsec1 {
    /// The same key, asking xmlsec1 too.
    pub(crate) fn beside(key: VerifyingKey) -> VerifyingKey {
        Self::if_known(key).unwrap()
    }

    /// The same, of a key of a kind that this xmlsec1 may not know.
    pub(crate) fn if_known(key: VerifyingKey) -> Option<VerifyingKey> {
        let theirs = xmlsec1::Key::from_public_der(&key.public_der().unwrap())?;
        Some(key.with_second(Arc::new(Self(theirs))))
    }
}

impl SecondVerifier for Xmlsec1 {
    fn verify(&self, document: &str, octets: &str) -> Result<(), String> {
        xmlsec1::verify(document.as_bytes(), octets.as_bytes(), &self.0)
    }
}

pub(crate) fn rsa() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| Pair::rsa(2048))
}

pub(crate) fn other_rsa() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| Pair::rsa(2048))
}

pub(crate) fn ec(bits: u32) -> &'static Pair {
    static PAIRS: [OnceLock<Pair>; 3] = [const { OnceLock::new() }; 3];
    match bits {
        256 => PAIRS[0].get_or_init(|| Pair::ec(Nid::X9_62_PRIME256V1)),
        384 => PAIRS[1].get_or_init(|| Pair::ec(Nid::SECP384R1)),
        _ => PAIRS[2].get_or_init(|| Pair::ec(Nid::SECP521R1)),
    }
}

pub(crate) fn ed25519() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| Pair { pkey: PKey::generate_ed25519().unwrap() })
}

pub(crate) fn ed448() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| Pair { pkey: PKey::generate_ed448().unwrap() })
}

pub(crate) fn x25519() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| Pair { pkey: PKey::generate_x25519().unwrap() })
}

pub(crate) fn x448() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| Pair { pkey: PKey::generate_x448().unwrap() })
}

/// Each algorithm with a key that can use it; ECDSA with every curve.
pub(crate) fn every_algorithm() -> Vec<(&'static Pair, S)> {
    let with_rsa = [
        S::RsaSha1,
        S::RsaSha256,
        S::RsaSha384,
        S::RsaSha512,
        S::RsaPssSha256,
        S::RsaPssSha384,
        S::RsaPssSha512,
        S::RsaPssSha3_256,
        S::RsaPssSha3_384,
        S::RsaPssSha3_512,
    ];
    let with_ec = [
        S::EcdsaSha1,
        S::EcdsaSha256,
        S::EcdsaSha384,
        S::EcdsaSha512,
        S::EcdsaSha3_256,
        S::EcdsaSha3_384,
        S::EcdsaSha3_512,
    ];
    let eddsa = [(ed25519(), S::Ed25519), (ed448(), S::Ed448)];
    let curves = [256, 384, 521].into_iter().map(ec);
    let ecdsa = curves.flat_map(|pair| with_ec.into_iter().map(move |algorithm| (pair, algorithm)));
    with_rsa.into_iter().map(|algorithm| (rsa(), algorithm)).chain(ecdsa).chain(eddsa).collect()
}

/// Has the tool of xmlsec1 1.2 the algorithm of this URI? The tests of
/// `tests/test_signature_algorithms.py` hold the others against signxml.
pub(crate) fn xmlsec1_knows(uri: &str) -> bool {
    !["sha3-", "#eddsa-", "-rsa-MGF1"].iter().any(|newer| uri.contains(newer))
}

/// Runs `xmlsec1`, each `@` argument replaced by a file with its content; `None` without the tool.
pub(crate) fn xmlsec1(arguments: &[Argument<'_>]) -> Option<std::process::Output> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let mut command = Command::new("xmlsec1");
    let mut files: Vec<PathBuf> = Vec::new();
    for argument in arguments {
        match argument {
            Argument::Word(word) => {
                command.arg(word);
            }
            Argument::File(content) => {
                let number = NUMBER.fetch_add(1, Ordering::Relaxed);
                let name = format!("xmldoc-test-{}-{number}", std::process::id());
                let path = std::env::temp_dir().join(name);
                fs::write(&path, content).unwrap();
                command.arg(&path);
                files.push(path);
            }
        }
    }
    let output = command.output();
    for file in files {
        fs::remove_file(file).unwrap();
    }
    match output {
        Ok(output) => Some(output),
        Err(_) => {
            println!("SKIPPED: no xmlsec1 tool to check against");
            None
        }
    }
}

pub(crate) enum Argument<'a> {
    Word(&'a str),
    File(&'a [u8]),
}
