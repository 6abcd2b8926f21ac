//! The XML fence: what a stranger's XML meets first.
//!
//! Bytes go in, plain owned data comes out. What a caller reads as [`Verified`] was copied from the
//! very bytes that a signature covers; nothing else can make one. No C library parses or
//! canonicalises: until a key has vouched for them, bytes are touched by safe Rust and by libcrypto.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod agreement;
mod base64_binary;
mod canonical;
mod decrypt;
mod document;
mod element;
mod encrypt;
mod excerpt;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz_support;
mod gate;
mod keys;
mod members;
mod outline;
mod picture;
mod private_key;
mod reader;
mod sign;
mod soap;
#[cfg(test)]
mod testing;
mod verify;

pub use decrypt::{
    DecryptError, Decrypted, Decryption, DecryptionKey, DecryptionPolicy, Plaintext, Plaintexts,
};
pub use document::{Document, Unverified, XmlError};
pub use element::{Attribute, Element};
pub use encrypt::{
    Agreement, EncryptError, Encrypted, EncryptedKey, EncryptionKey, KeyMethod, PublicKey,
};
pub use excerpt::Excerpt;
pub use gate::{GateError, gate};
pub use keys::{
    Certificate, DigestAlgorithm, KeyError, PublicNumbers, SecondVerifier, SignatureAlgorithm,
    SigningKey, VerifyingKey, libcrypto_version,
};
pub use members::{Member, MemberNames, Members, read_members};
pub use picture::Line;
pub use private_key::PrivateKey;
pub use reader::Limits;
pub use sign::{SignError, SignaturePlace, sign_enveloped};
pub use soap::SoapError;
pub use verify::{SignaturePolicy, SignedBy, Verified, VerifyError};
