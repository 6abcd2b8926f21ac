//! Keys and certificates, read once at configuration time.
mod algorithm;
mod certificate;
mod octets;
mod private_pem;
mod public_numbers;
mod second_verifier;
mod signers;
mod signing;
mod verifiers;
mod verifying;

use std::fmt;

use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, Id, PKeyRef};

use algorithm::Family;
pub use algorithm::{DigestAlgorithm, SignatureAlgorithm};
pub use certificate::Certificate;
pub(crate) use private_pem::read_pem;
pub use public_numbers::PublicNumbers;
pub use second_verifier::SecondVerifier;
pub use signing::SigningKey;
pub use verifying::VerifyingKey;

/// The libcrypto that runs, which need not be the one of the build: `OpenSSL 3.0.19 27 Jan 2026`.
pub fn libcrypto_version() -> &'static str {
    openssl::version::version()
}

/// Why a key or certificate is unusable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError(pub String);

impl KeyError {
    fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    fn openssl(what: &str, error: &ErrorStack) -> Self {
        let reason = error.errors().first().and_then(|e| e.reason()).unwrap_or("no reason given");
        Self(format!("{what}: {reason}"))
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyError {}

/// What a key is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa {
        bits: u32,
    },
    /// One of the NIST prime curves, by the size of its field.
    Ec {
        bits: u32,
    },
    Ed25519,
    Ed448,
}

impl KeyKind {
    /// RSA, ECDSA on P-256, P-384 and P-521, EdDSA on both of its curves; nothing else signs SAML.
    pub(crate) fn of<T: HasPublic>(key: &PKeyRef<T>) -> Result<Self, KeyError> {
        match key.id() {
            Id::RSA => {
                let rsa = key.rsa().map_err(|e| KeyError::openssl("unusable RSA key", &e))?;
                // With the exponent 1 anybody can sign.
                if key.bits() < 1024 || rsa.e().num_bits() < 2 || !rsa.e().is_bit_set(0) {
                    return Err(KeyError::new("is an RSA key that protects nothing"));
                }
                Ok(Self::Rsa { bits: key.bits() })
            }
            Id::EC => {
                let ec = key.ec_key().map_err(|e| KeyError::openssl("unusable EC key", &e))?;
                match ec.group().curve_name() {
                    Some(Nid::X9_62_PRIME256V1) => Ok(Self::Ec { bits: 256 }),
                    Some(Nid::SECP384R1) => Ok(Self::Ec { bits: 384 }),
                    Some(Nid::SECP521R1) => Ok(Self::Ec { bits: 521 }),
                    _ => {
                        Err(KeyError::new("is an EC key on another curve than P-256, P-384, P-521"))
                    }
                }
            }
            Id::ED25519 => Ok(Self::Ed25519),
            Id::ED448 => Ok(Self::Ed448),
            _ => Err(KeyError::new("is none of an RSA, EC, Ed25519 or Ed448 key")),
        }
    }

    pub(crate) fn fits(self, algorithm: SignatureAlgorithm) -> bool {
        self.family() == algorithm.family()
    }

    fn family(self) -> Family {
        match self {
            Self::Rsa { .. } => Family::Rsa,
            Self::Ec { .. } => Family::Ecdsa,
            Self::Ed25519 => Family::Ed25519,
            Self::Ed448 => Family::Ed448,
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::Ec { bits } => write!(f, "EC P-{bits}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Ed448 => f.write_str("Ed448"),
        }
    }
}

/// `ab:cd:…`, as `openssl x509 -fingerprint` prints it.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(":")
}
