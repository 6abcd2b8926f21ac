//! Why a signature was refused.
use std::fmt;

use crate::SignatureAlgorithm;

/// Why a signature was refused. A text in a variant is what the message has in that place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// The element has no `ds:Signature` among its children.
    Missing,
    /// The element has several, and SAML means one (Core 5.4.1).
    Multiple,
    /// The signed data was changed after it was signed.
    DigestMismatch,
    /// The signature value fits none of the keys.
    Invalid {
        /// How many keys are of the type that the algorithm needs, and large enough.
        tried: usize,
    },
    /// `ds:Signature` is not what SAML makes of it (Core 5.4): what it has beyond that, or lacks.
    Structure(&'static str),
    /// SignatureMethod, or SigAlg of a query, is unknown or not allowed: its URI.
    SignatureAlgorithm(String),
    /// DigestMethod is unknown or not allowed: its URI.
    DigestAlgorithm(String),
    /// CanonicalizationMethod is not exclusive C14N: its URI (Core 5.4.3).
    Canonicalization(String),
    /// The Transforms are not enveloped-signature and exclusive C14N: their URIs (Core 5.4.4).
    Transform(String),
    /// SignedInfo must have one Reference: several could each cover a part.
    ReferenceCount,
    /// The Reference, or the ID that it should name, is not plainly that element's: the URI.
    ReferenceUri(String),
    /// The one trusted key that is of the right type.
    KeyTooSmall(String),
    /// No trusted key is of the type that the algorithm needs.
    KeyType(SignatureAlgorithm),
    /// Canonicalisation failed, or yielded nothing that can be read, or far more than was sent.
    Void,
    /// The second verifier does not say so too, and what it says.
    SecondVerifier(String),
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no signature"),
            Self::Multiple => f.write_str("there is more than one signature"),
            Self::Invalid { tried } => {
                write!(f, "the signature fits none of the {tried} trusted keys of its type")
            }
            Self::DigestMismatch => f.write_str("the data is not what was signed"),
            Self::Structure(what) => f.write_str(what),
            Self::SignatureAlgorithm(uri) => {
                write!(f, "the signature algorithm {uri:?} is not allowed")
            }
            Self::DigestAlgorithm(uri) => write!(f, "the digest algorithm {uri:?} is not allowed"),
            Self::Canonicalization(uri) => {
                write!(f, "SignedInfo's canonicalization {uri:?} is not the exclusive one")
            }
            Self::Transform(uri) => {
                write!(f, "the transforms are not enveloped-signature and exclusive c14n: {uri:?}")
            }
            Self::ReferenceCount => f.write_str("the signature has not exactly one Reference"),
            Self::ReferenceUri(uri) => {
                write!(f, "the Reference URI {uri:?} does not name the signed element")
            }
            Self::KeyTooSmall(key) => write!(f, "the trusted key is too small: {key}"),
            Self::KeyType(algorithm) => {
                write!(f, "no trusted key can have made a signature with {}", algorithm.uri())
            }
            Self::Void => f.write_str("canonicalization yielded nothing to read"),
            Self::SecondVerifier(said) => {
                write!(f, "it is good, but the second verifier says: {said}")
            }
        }
    }
}

impl std::error::Error for VerifyError {}
