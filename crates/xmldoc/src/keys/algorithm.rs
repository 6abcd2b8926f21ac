//! Names of algorithms: in XML a URI, in the configuration a short name.
use openssl::hash::MessageDigest;

/// Signature algorithms (xmldsig-core1 6.4, RFC 9231 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// PKCS #1 v1.5 with SHA-1 (xmldsig-core1 6.4.2); weak.
    RsaSha1,
    /// PKCS #1 v1.5 with SHA-256 (RFC 6931 2.3.2), what nearly all IdPs use.
    RsaSha256,
    /// PKCS #1 v1.5 with SHA-384 (RFC 6931 2.3.3).
    RsaSha384,
    /// PKCS #1 v1.5 with SHA-512 (RFC 6931 2.3.4).
    RsaSha512,
    /// PSS, with SHA-256 for message and mask, and a salt of that length (RFC 6931 2.3.10).
    RsaPssSha256,
    /// The same with SHA-384 (RFC 6931 2.3.10).
    RsaPssSha384,
    /// The same with SHA-512 (RFC 6931 2.3.10).
    RsaPssSha512,
    /// The same with SHA3-256 (RFC 9231 2.3.10).
    RsaPssSha3_256,
    /// The same with SHA3-384 (RFC 9231 2.3.10).
    RsaPssSha3_384,
    /// The same with SHA3-512 (RFC 9231 2.3.10).
    RsaPssSha3_512,
    /// ECDSA with SHA-1 (RFC 9231 2.3.6); weak.
    EcdsaSha1,
    /// ECDSA with SHA-256 (RFC 6931 2.3.6).
    EcdsaSha256,
    /// ECDSA with SHA-384 (RFC 6931 2.3.6).
    EcdsaSha384,
    /// ECDSA with SHA-512 (RFC 6931 2.3.6).
    EcdsaSha512,
    /// ECDSA with SHA3-256 (RFC 9231 2.3.6).
    EcdsaSha3_256,
    /// ECDSA with SHA3-384 (RFC 9231 2.3.6).
    EcdsaSha3_384,
    /// ECDSA with SHA3-512 (RFC 9231 2.3.6).
    EcdsaSha3_512,
    /// The pure one: no context, nothing digested beforehand (RFC 9231 2.3.12).
    Ed25519,
    /// The pure one, with an empty context.
    Ed448,
}

/// What kind of key makes a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Rsa,
    Ecdsa,
    Ed25519,
    Ed448,
}

use SignatureAlgorithm as S;

const SIGNATURES: &[(SignatureAlgorithm, &str, &str)] = &[
    (S::RsaSha1, "rsa-sha1", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
    (S::RsaSha256, "rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
    (S::RsaSha384, "rsa-sha384", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"),
    (S::RsaSha512, "rsa-sha512", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"),
    (S::RsaPssSha256, "rsa-pss-sha256", "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"),
    (S::RsaPssSha384, "rsa-pss-sha384", "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1"),
    (S::RsaPssSha512, "rsa-pss-sha512", "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"),
    (
        S::RsaPssSha3_256,
        "rsa-pss-sha3-256",
        "http://www.w3.org/2007/05/xmldsig-more#sha3-256-rsa-MGF1",
    ),
    (
        S::RsaPssSha3_384,
        "rsa-pss-sha3-384",
        "http://www.w3.org/2007/05/xmldsig-more#sha3-384-rsa-MGF1",
    ),
    (
        S::RsaPssSha3_512,
        "rsa-pss-sha3-512",
        "http://www.w3.org/2007/05/xmldsig-more#sha3-512-rsa-MGF1",
    ),
    (S::EcdsaSha1, "ecdsa-sha1", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"),
    (S::EcdsaSha256, "ecdsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
    (S::EcdsaSha384, "ecdsa-sha384", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"),
    (S::EcdsaSha512, "ecdsa-sha512", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"),
    (S::EcdsaSha3_256, "ecdsa-sha3-256", "http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-256"),
    (S::EcdsaSha3_384, "ecdsa-sha3-384", "http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-384"),
    (S::EcdsaSha3_512, "ecdsa-sha3-512", "http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-512"),
    (S::Ed25519, "ed25519", "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"),
    (S::Ed448, "ed448", "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448"),
];

impl SignatureAlgorithm {
    /// The algorithm's URI, as in `SignatureMethod` and `SigAlg`.
    pub fn uri(self) -> &'static str {
        SIGNATURES.iter().find(|row| row.0 == self).map_or("", |row| row.2)
    }

    /// `None` for every algorithm that this crate neither makes nor trusts (HMAC, DSA, MD5, …).
    pub fn from_uri(uri: &str) -> Option<Self> {
        SIGNATURES.iter().find(|row| row.2 == uri).map(|row| row.0)
    }

    /// Configuration name: `rsa-sha256`, `rsa-pss-sha256`, `ecdsa-sha256`, `ed25519`, …
    pub fn from_name(name: &str) -> Option<Self> {
        SIGNATURES.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The names of all that are strong enough to sign with, separated by commas.
    pub fn strong_names() -> String {
        strong_names(SIGNATURES.iter().map(|row| row.1))
    }

    pub(crate) fn family(self) -> Family {
        match self {
            Self::RsaSha1
            | Self::RsaSha256
            | Self::RsaSha384
            | Self::RsaSha512
            | Self::RsaPssSha256
            | Self::RsaPssSha384
            | Self::RsaPssSha512
            | Self::RsaPssSha3_256
            | Self::RsaPssSha3_384
            | Self::RsaPssSha3_512 => Family::Rsa,
            Self::EcdsaSha1
            | Self::EcdsaSha256
            | Self::EcdsaSha384
            | Self::EcdsaSha512
            | Self::EcdsaSha3_256
            | Self::EcdsaSha3_384
            | Self::EcdsaSha3_512 => Family::Ecdsa,
            Self::Ed25519 => Family::Ed25519,
            Self::Ed448 => Family::Ed448,
        }
    }

    pub(crate) fn is_pss(self) -> bool {
        matches!(
            self,
            Self::RsaPssSha256
                | Self::RsaPssSha384
                | Self::RsaPssSha512
                | Self::RsaPssSha3_256
                | Self::RsaPssSha3_384
                | Self::RsaPssSha3_512
        )
    }

    pub(crate) fn is_sha1(self) -> bool {
        matches!(self, Self::RsaSha1 | Self::EcdsaSha1)
    }

    /// What is signed in the message's stead; `None` where the whole of it is (RFC 8032 5).
    pub(crate) fn message_digest(self) -> Option<MessageDigest> {
        Some(match self {
            Self::RsaSha1 | Self::EcdsaSha1 => MessageDigest::sha1(),
            Self::RsaSha256 | Self::RsaPssSha256 | Self::EcdsaSha256 => MessageDigest::sha256(),
            Self::RsaSha384 | Self::RsaPssSha384 | Self::EcdsaSha384 => MessageDigest::sha384(),
            Self::RsaSha512 | Self::RsaPssSha512 | Self::EcdsaSha512 => MessageDigest::sha512(),
            Self::RsaPssSha3_256 | Self::EcdsaSha3_256 => MessageDigest::sha3_256(),
            Self::RsaPssSha3_384 | Self::EcdsaSha3_384 => MessageDigest::sha3_384(),
            Self::RsaPssSha3_512 | Self::EcdsaSha3_512 => MessageDigest::sha3_512(),
            Self::Ed25519 | Self::Ed448 => return None,
        })
    }
}

/// Digest algorithms (xmldsig-core1 6.2, RFC 9231 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestAlgorithm {
    /// 160 bits (xmldsig-core1 6.2.1); weak, as two texts can be made that have the same.
    Sha1,
    /// 256 bits (xmldsig-core1 6.2.3).
    Sha256,
    /// 384 bits (xmldsig-core1 6.2.4).
    Sha384,
    /// 512 bits (xmldsig-core1 6.2.5).
    Sha512,
    /// SHA-3 of 256 bits (RFC 9231 2.1.5).
    Sha3_256,
    /// SHA-3 of 384 bits (RFC 9231 2.1.5).
    Sha3_384,
    /// SHA-3 of 512 bits (RFC 9231 2.1.5).
    Sha3_512,
}

const DIGESTS: &[(DigestAlgorithm, &str, &str)] = &[
    (DigestAlgorithm::Sha1, "sha1", "http://www.w3.org/2000/09/xmldsig#sha1"),
    (DigestAlgorithm::Sha256, "sha256", "http://www.w3.org/2001/04/xmlenc#sha256"),
    (DigestAlgorithm::Sha384, "sha384", "http://www.w3.org/2001/04/xmldsig-more#sha384"),
    (DigestAlgorithm::Sha512, "sha512", "http://www.w3.org/2001/04/xmlenc#sha512"),
    (DigestAlgorithm::Sha3_256, "sha3-256", "http://www.w3.org/2007/05/xmldsig-more#sha3-256"),
    (DigestAlgorithm::Sha3_384, "sha3-384", "http://www.w3.org/2007/05/xmldsig-more#sha3-384"),
    (DigestAlgorithm::Sha3_512, "sha3-512", "http://www.w3.org/2007/05/xmldsig-more#sha3-512"),
];

impl DigestAlgorithm {
    /// The algorithm's URI, as in `DigestMethod`.
    pub fn uri(self) -> &'static str {
        DIGESTS.iter().find(|row| row.0 == self).map_or("", |row| row.2)
    }

    /// `None` for every digest that this crate neither makes nor trusts.
    pub fn from_uri(uri: &str) -> Option<Self> {
        DIGESTS.iter().find(|row| row.2 == uri).map(|row| row.0)
    }

    pub(crate) fn message_digest(self) -> MessageDigest {
        match self {
            Self::Sha1 => MessageDigest::sha1(),
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
            Self::Sha3_256 => MessageDigest::sha3_256(),
            Self::Sha3_384 => MessageDigest::sha3_384(),
            Self::Sha3_512 => MessageDigest::sha3_512(),
        }
    }

    /// Configuration name: `sha256`, …
    pub fn from_name(name: &str) -> Option<Self> {
        DIGESTS.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The names of all that are strong enough to sign with, separated by commas.
    pub fn strong_names() -> String {
        strong_names(DIGESTS.iter().map(|row| row.1))
    }
}

fn strong_names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.filter(|name| !name.ends_with("sha1")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_uris_lead_back_to_their_algorithm() {
        for (algorithm, name, uri) in SIGNATURES {
            assert_eq!(SignatureAlgorithm::from_name(name), Some(*algorithm));
            assert_eq!(SignatureAlgorithm::from_uri(uri), Some(*algorithm));
            assert_eq!(algorithm.uri(), *uri);
        }
        for (algorithm, name, uri) in DIGESTS {
            assert_eq!(DigestAlgorithm::from_name(name), Some(*algorithm));
            assert_eq!(DigestAlgorithm::from_uri(uri), Some(*algorithm));
            assert_eq!(algorithm.uri(), *uri);
        }
    }

    #[test]
    fn what_is_not_on_the_list_has_no_name() {
        for uri in [
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
            "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
            "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519ph",
            "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519ctx",
            "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448ph",
            "http://www.w3.org/2007/05/xmldsig-more#sha3-224-rsa-MGF1",
            "",
        ] {
            assert_eq!(SignatureAlgorithm::from_uri(uri), None, "{uri}");
        }
        assert_eq!(DigestAlgorithm::from_uri("http://www.w3.org/2001/04/xmldsig-more#md5"), None);
    }
}
