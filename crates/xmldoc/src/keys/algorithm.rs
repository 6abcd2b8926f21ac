//! Names of algorithms: in XML a URI, in the configuration a short name.
use openssl::hash::MessageDigest;

/// Signature algorithms (xmldsig-core1 6.4, RFC 6931 2.3).
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
    /// ECDSA with SHA-1 (RFC 6931 2.3.6); weak.
    EcdsaSha1,
    /// ECDSA with SHA-256 (RFC 6931 2.3.6).
    EcdsaSha256,
    /// ECDSA with SHA-384 (RFC 6931 2.3.6).
    EcdsaSha384,
    /// ECDSA with SHA-512 (RFC 6931 2.3.6).
    EcdsaSha512,
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
    (S::EcdsaSha1, "ecdsa-sha1", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"),
    (S::EcdsaSha256, "ecdsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
    (S::EcdsaSha384, "ecdsa-sha384", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"),
    (S::EcdsaSha512, "ecdsa-sha512", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"),
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

    /// Configuration name: `rsa-sha256`, `rsa-pss-sha256`, `ecdsa-sha256`, …
    pub fn from_name(name: &str) -> Option<Self> {
        SIGNATURES.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    pub(crate) fn is_rsa(self) -> bool {
        !matches!(self, Self::EcdsaSha1 | Self::EcdsaSha256 | Self::EcdsaSha384 | Self::EcdsaSha512)
    }

    pub(crate) fn is_pss(self) -> bool {
        matches!(self, Self::RsaPssSha256 | Self::RsaPssSha384 | Self::RsaPssSha512)
    }

    pub(crate) fn is_sha1(self) -> bool {
        matches!(self, Self::RsaSha1 | Self::EcdsaSha1)
    }

    pub(crate) fn message_digest(self) -> MessageDigest {
        match self {
            Self::RsaSha1 | Self::EcdsaSha1 => MessageDigest::sha1(),
            Self::RsaSha256 | Self::RsaPssSha256 | Self::EcdsaSha256 => MessageDigest::sha256(),
            Self::RsaSha384 | Self::RsaPssSha384 | Self::EcdsaSha384 => MessageDigest::sha384(),
            Self::RsaSha512 | Self::RsaPssSha512 | Self::EcdsaSha512 => MessageDigest::sha512(),
        }
    }
}

/// Digest algorithms (xmldsig-core1 6.2).
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
}

const DIGESTS: &[(DigestAlgorithm, &str, &str)] = &[
    (DigestAlgorithm::Sha1, "sha1", "http://www.w3.org/2000/09/xmldsig#sha1"),
    (DigestAlgorithm::Sha256, "sha256", "http://www.w3.org/2001/04/xmlenc#sha256"),
    (DigestAlgorithm::Sha384, "sha384", "http://www.w3.org/2001/04/xmldsig-more#sha384"),
    (DigestAlgorithm::Sha512, "sha512", "http://www.w3.org/2001/04/xmlenc#sha512"),
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
        }
    }

    /// Configuration name: `sha256`, …
    pub fn from_name(name: &str) -> Option<Self> {
        DIGESTS.iter().find(|row| row.1 == name).map(|row| row.0)
    }
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
            "",
        ] {
            assert_eq!(SignatureAlgorithm::from_uri(uri), None, "{uri}");
        }
        assert_eq!(DigestAlgorithm::from_uri("http://www.w3.org/2001/04/xmldsig-more#md5"), None);
    }
}
