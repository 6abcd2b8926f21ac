//! Encryption algorithms by URI (xmlenc-core1 5.2, 5.5).
use openssl::hash::MessageDigest;
use openssl::symm::Cipher;

/// How an EncryptedData's content is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentCipher {
    AesGcm { bits: u16 },
    AesCbc { bits: u16 },
    TripleDesCbc,
}

use ContentCipher::{AesCbc, AesGcm, TripleDesCbc};

const CONTENT: &[(ContentCipher, &str)] = &[
    (AesGcm { bits: 128 }, "http://www.w3.org/2009/xmlenc11#aes128-gcm"),
    (AesGcm { bits: 192 }, "http://www.w3.org/2009/xmlenc11#aes192-gcm"),
    (AesGcm { bits: 256 }, "http://www.w3.org/2009/xmlenc11#aes256-gcm"),
    (AesCbc { bits: 128 }, "http://www.w3.org/2001/04/xmlenc#aes128-cbc"),
    (AesCbc { bits: 192 }, "http://www.w3.org/2001/04/xmlenc#aes192-cbc"),
    (AesCbc { bits: 256 }, "http://www.w3.org/2001/04/xmlenc#aes256-cbc"),
    (TripleDesCbc, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"),
];

impl ContentCipher {
    pub(crate) fn uri(self) -> &'static str {
        CONTENT.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    pub(crate) fn from_uri(uri: &str) -> Option<Self> {
        CONTENT.iter().find(|row| row.1 == uri).map(|row| row.0)
    }

    /// Does a changed ciphertext never decrypt?
    pub(crate) fn is_authenticated(self) -> bool {
        matches!(self, AesGcm { .. })
    }

    /// Bytes.
    pub(crate) fn key_length(self) -> usize {
        self.cipher().key_len()
    }

    pub(crate) fn cipher(self) -> Cipher {
        match self {
            AesGcm { bits: 128 } => Cipher::aes_128_gcm(),
            AesGcm { bits: 192 } => Cipher::aes_192_gcm(),
            AesGcm { .. } => Cipher::aes_256_gcm(),
            AesCbc { bits: 128 } => Cipher::aes_128_cbc(),
            AesCbc { bits: 192 } => Cipher::aes_192_cbc(),
            AesCbc { .. } => Cipher::aes_256_cbc(),
            TripleDesCbc => Cipher::des_ede3_cbc(),
        }
    }
}

pub(super) const RSA_1_5: &str = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";
/// OAEP with MGF1 over SHA-1, whatever the digest is.
pub(crate) const RSA_OAEP_MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
pub(crate) const RSA_OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";

/// A digest inside OAEP, where SHA-1's collisions do no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OaepDigest {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

const OAEP_DIGESTS: &[(OaepDigest, &str, &str)] = &[
    (
        OaepDigest::Sha1,
        "http://www.w3.org/2000/09/xmldsig#sha1",
        "http://www.w3.org/2009/xmlenc11#mgf1sha1",
    ),
    (
        OaepDigest::Sha224,
        "http://www.w3.org/2001/04/xmldsig-more#sha224",
        "http://www.w3.org/2009/xmlenc11#mgf1sha224",
    ),
    (
        OaepDigest::Sha256,
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2009/xmlenc11#mgf1sha256",
    ),
    (
        OaepDigest::Sha384,
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
        "http://www.w3.org/2009/xmlenc11#mgf1sha384",
    ),
    (
        OaepDigest::Sha512,
        "http://www.w3.org/2001/04/xmlenc#sha512",
        "http://www.w3.org/2009/xmlenc11#mgf1sha512",
    ),
];

impl OaepDigest {
    /// By the URI of a `ds:DigestMethod`.
    pub(super) fn from_digest_uri(uri: &str) -> Option<Self> {
        OAEP_DIGESTS.iter().find(|row| row.1 == uri).map(|row| row.0)
    }

    /// By the URI of an `xenc11:MGF`.
    pub(super) fn from_mgf_uri(uri: &str) -> Option<Self> {
        OAEP_DIGESTS.iter().find(|row| row.2 == uri).map(|row| row.0)
    }

    /// The URI of a `ds:DigestMethod`.
    pub(crate) fn digest_uri(self) -> &'static str {
        OAEP_DIGESTS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// The URI of an `xenc11:MGF`.
    pub(crate) fn mgf_uri(self) -> &'static str {
        OAEP_DIGESTS.iter().find(|row| row.0 == self).map_or("", |row| row.2)
    }

    pub(crate) fn message_digest(self) -> MessageDigest {
        match self {
            Self::Sha1 => MessageDigest::sha1(),
            Self::Sha224 => MessageDigest::sha224(),
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }
}

/// How a content key is encrypted for an RSA key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyTransport {
    Rsa1_5,
    RsaOaep { digest: OaepDigest, mgf: OaepDigest, label: Vec<u8> },
}

impl KeyTransport {
    /// For people.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Rsa1_5 => "RSA 1.5",
            Self::RsaOaep { .. } => "RSA-OAEP",
        }
    }
}
