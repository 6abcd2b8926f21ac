//! A public key that the administrator or metadata trusts.
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use openssl::bn::BigNum;
use openssl::pkey::{PKey, PKeyRef, Public};
use openssl::rsa::Rsa;
use openssl::sha::sha256;

use super::verifiers::Verifiers;
use super::{
    Certificate, KeyError, KeyKind, PublicNumbers, SecondVerifier, SignatureAlgorithm, hex, octets,
};
use crate::SignaturePolicy;

/// A trusted public key.
#[derive(Clone)]
pub struct VerifyingKey {
    pkey: PKey<Public>,
    kind: KeyKind,
    fingerprint: [u8; 32],
    verifiers: Arc<Verifiers>,
    second: Option<Arc<dyn SecondVerifier>>,
}

impl VerifyingKey {
    /// The certificate's public key; its dates and issuer play no part (metadata decides on trust).
    ///
    /// # Errors
    /// The key cannot be read, or is of a kind that is not taken.
    pub fn from_certificate(certificate: &Certificate) -> Result<Self, KeyError> {
        let unreadable = |e| KeyError::openssl("holds a certificate with an unreadable key", &e);
        Self::new(certificate.x509().public_key().map_err(unreadable)?)
    }

    /// A `PUBLIC KEY` block (SubjectPublicKeyInfo).
    ///
    /// # Errors
    /// There is no such block, or its key is of a kind that is not taken.
    pub fn from_public_key_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let pkey = PKey::public_key_from_pem(pem)
            .map_err(|_| KeyError::new("holds no public key (no `-----BEGIN PUBLIC KEY-----`)"))?;
        Self::new(pkey)
    }

    /// RSA key from the big-endian modulus and exponent of a `ds:RSAKeyValue`.
    ///
    /// # Errors
    /// They make no RSA key.
    pub fn from_rsa_components(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let read = || {
            let modulus = BigNum::from_slice(modulus)?;
            let exponent = BigNum::from_slice(exponent)?;
            let rsa = Rsa::from_public_components(modulus, exponent)?;
            // Through DER, so that libcrypto's decoder has looked at the key as at any other.
            PKey::public_key_from_der(&rsa.public_key_to_der()?)
        };
        Self::new(read().map_err(|e| KeyError::openssl("is no usable RSA key", &e))?)
    }

    /// The key of these numbers; a point must lie on its curve.
    ///
    /// # Errors
    /// They make no key that is taken.
    pub fn from_public_numbers(numbers: &PublicNumbers) -> Result<Self, KeyError> {
        if let PublicNumbers::Rsa { modulus, exponent } = numbers {
            return Self::from_rsa_components(modulus, exponent);
        }
        Self::new(numbers.to_pkey()?)
    }

    fn new(pkey: PKey<Public>) -> Result<Self, KeyError> {
        let unreadable = |e| KeyError::openssl("is no usable public key", &e);
        Ok(Self {
            kind: KeyKind::of(&pkey)?,
            fingerprint: sha256(&pkey.public_key_to_der().map_err(unreadable)?),
            pkey,
            verifiers: Arc::default(),
            second: None,
        })
    }

    /// The same key; what it has signed by XML signature counts only when `second`, which has the same
    /// key, says so too.
    pub fn with_second(self, second: Arc<dyn SecondVerifier>) -> Self {
        Self { second: Some(second), ..self }
    }

    pub(crate) fn second(&self) -> Option<&dyn SecondVerifier> {
        self.second.as_deref()
    }

    /// The SubjectPublicKeyInfo, DER.
    ///
    /// # Errors
    /// libcrypto cannot write it.
    pub fn public_der(&self) -> Result<Vec<u8>, KeyError> {
        let unwritten = |e| KeyError::openssl("is a key that cannot be written", &e);
        self.pkey.public_key_to_der().map_err(unwritten)
    }

    /// Type, size and SHA-256 of the public key, for the log.
    pub fn describe(&self) -> String {
        format!("{}, SHA-256 {}", self.kind, hex(&self.fingerprint))
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// `Some(bits)` when this is an RSA key.
    pub fn rsa_bits(&self) -> Option<u32> {
        match self.kind {
            KeyKind::Rsa { bits } => Some(bits),
            KeyKind::Ec { .. } | KeyKind::Ed25519 | KeyKind::Ed448 => None,
        }
    }

    /// The algorithm of an Ed25519 or Ed448 key.
    pub fn eddsa_algorithm(&self) -> Option<SignatureAlgorithm> {
        match self.kind {
            KeyKind::Ed25519 => Some(SignatureAlgorithm::Ed25519),
            KeyKind::Ed448 => Some(SignatureAlgorithm::Ed448),
            KeyKind::Rsa { .. } | KeyKind::Ec { .. } => None,
        }
    }

    /// Detached signature over octets (Bindings 3.4.4.1). ECDSA: DER or r‖s, both are accepted.
    pub fn verify_octets(
        &self,
        algorithm: SignatureAlgorithm,
        policy: &SignaturePolicy,
        octets: &[u8],
        signature: &[u8],
    ) -> bool {
        self.may_sign(algorithm, policy)
            && (self.fits(algorithm, octets, signature)
                || self.fits_r_s(algorithm, octets, signature))
    }

    /// The same, and ECDSA is r‖s alone, as JWS has it (RFC 7518 3.4).
    pub fn verify_octets_r_s(
        &self,
        algorithm: SignatureAlgorithm,
        policy: &SignaturePolicy,
        octets: &[u8],
        signature: &[u8],
    ) -> bool {
        self.may_sign(algorithm, policy)
            && match self.kind {
                KeyKind::Ec { .. } => self.fits_r_s(algorithm, octets, signature),
                KeyKind::Rsa { .. } | KeyKind::Ed25519 | KeyKind::Ed448 => {
                    self.fits(algorithm, octets, signature)
                }
            }
    }

    /// SignatureValue over a canonical SignedInfo (xmldsig-core1 6.4). ECDSA: r‖s as it must be, or
    /// the DER of Go's libraries when it can be nothing else.
    pub(crate) fn verify_signed_info(
        &self,
        algorithm: SignatureAlgorithm,
        policy: &SignaturePolicy,
        canonical: &[u8],
        value: &[u8],
    ) -> bool {
        self.may_sign(algorithm, policy)
            && match self.kind {
                KeyKind::Rsa { .. } | KeyKind::Ed25519 | KeyKind::Ed448 => {
                    self.fits(algorithm, canonical, value)
                }
                KeyKind::Ec { bits } => {
                    let der = octets::only_ecdsa_der(bits, value);
                    self.fits_r_s(algorithm, canonical, value)
                        || der.is_some_and(|der| self.fits(algorithm, canonical, der))
                }
            }
    }

    /// A SignatureValue that [`Self::verify_signed_info`] takes, as others want it: ECDSA is r‖s.
    pub(crate) fn xmldsig_value<'v>(&self, value: &'v [u8]) -> Cow<'v, [u8]> {
        let r_s = match self.kind {
            KeyKind::Rsa { .. } | KeyKind::Ed25519 | KeyKind::Ed448 => None,
            KeyKind::Ec { bits } => {
                octets::only_ecdsa_der(bits, value).and_then(|der| octets::ecdsa_r_s(bits, der))
            }
        };
        r_s.map_or(Cow::Borrowed(value), Cow::Owned)
    }

    fn may_sign(&self, algorithm: SignatureAlgorithm, policy: &SignaturePolicy) -> bool {
        policy.allows_signature(algorithm)
            && self.kind.fits(algorithm)
            && policy.allows_key(self.kind)
    }

    fn fits(&self, algorithm: SignatureAlgorithm, octets: &[u8], signature: &[u8]) -> bool {
        self.verifiers.verify(&self.pkey, algorithm, octets, signature).unwrap_or(false)
    }

    fn fits_r_s(&self, algorithm: SignatureAlgorithm, octets: &[u8], signature: &[u8]) -> bool {
        let der = match self.kind {
            KeyKind::Rsa { .. } | KeyKind::Ed25519 | KeyKind::Ed448 => None,
            KeyKind::Ec { bits } => octets::ecdsa_der(bits, signature),
        };
        der.is_some_and(|der| self.fits(algorithm, octets, &der))
    }

    pub(crate) fn kind(&self) -> KeyKind {
        self.kind
    }

    pub(crate) fn pkey(&self) -> &PKeyRef<Public> {
        &self.pkey
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.describe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::signers::Signers;
    use crate::testing;
    use openssl::ecdsa::EcdsaSig;

    const POLICY: SignaturePolicy = SignaturePolicy { allow_sha1: false, allow_rsa1024: false };

    #[test]
    fn one_key_from_three_sources() {
        let pair = testing::rsa();
        let certificate = Certificate::from_pem(&pair.certificate_pem()).unwrap();
        let from_certificate = VerifyingKey::from_certificate(&certificate).unwrap();
        let from_pem = VerifyingKey::from_public_key_pem(&pair.public_pem()).unwrap();
        let rsa = pair.pkey.rsa().unwrap();
        let from_parts =
            VerifyingKey::from_rsa_components(&rsa.n().to_vec(), &rsa.e().to_vec()).unwrap();
        assert_eq!(from_certificate.fingerprint(), from_pem.fingerprint());
        assert_eq!(from_certificate.fingerprint(), from_parts.fingerprint());
        assert_eq!(from_parts.rsa_bits(), Some(2048));
        assert!(from_pem.describe().starts_with("RSA 2048, SHA-256 "));
        assert!(VerifyingKey::from_rsa_components(&[], &[]).is_err());
        assert!(VerifyingKey::from_rsa_components(&rsa.n().to_vec(), &[1]).is_err());
        assert!(VerifyingKey::from_rsa_components(&rsa.n().to_vec(), &[2]).is_err());
        assert!(VerifyingKey::from_rsa_components(&[0xFF; 64], &[3]).is_err());
        assert!(VerifyingKey::from_public_key_pem(b"no key").is_err());
    }

    #[test]
    fn checks_octets_with_every_algorithm() {
        for (pair, algorithm) in testing::every_algorithm() {
            let policy = SignaturePolicy { allow_sha1: true, ..POLICY };
            let key = pair.verifying();
            let signature = pair.signing().sign_octets(algorithm, b"octets").unwrap();
            assert!(key.verify_octets(algorithm, &policy, b"octets", &signature), "{algorithm:?}");
            assert!(!key.verify_octets(algorithm, &policy, b"others", &signature), "{algorithm:?}");
            assert!(!key.verify_octets(algorithm, &policy, b"octets", b""), "{algorithm:?}");
            let strict = key.verify_octets(algorithm, &POLICY, b"octets", &signature);
            assert_eq!(strict, !algorithm.is_sha1(), "{algorithm:?}");
        }
    }

    #[test]
    fn takes_ecdsa_as_r_and_s() {
        for bits in [256, 384, 521] {
            let pair = testing::ec(bits);
            let algorithm = pair.signing().default_algorithm();
            let der = pair.signing().sign_octets(algorithm, b"octets").unwrap();
            let parsed = EcdsaSig::from_der(&der).unwrap();
            let half = (bits as i32 + 7) / 8;
            let mut flat = parsed.r().to_vec_padded(half).unwrap();
            flat.extend(parsed.s().to_vec_padded(half).unwrap());
            assert!(pair.verifying().verify_octets(algorithm, &POLICY, b"octets", &flat));
            let strict = |value: &[u8]| {
                pair.verifying().verify_octets_r_s(algorithm, &POLICY, b"octets", value)
            };
            assert!(strict(&flat) && !strict(&der));
            assert!(
                !testing::ec(bits).verifying().verify_octets(algorithm, &POLICY, b"octet!", &flat)
            );
        }
    }

    #[test]
    fn small_rsa_needs_a_policy() {
        let pair = testing::Pair::rsa(1024);
        let key = pair.verifying();
        let algorithm = SignatureAlgorithm::RsaSha256;
        let signature = Signers::default().sign(&pair.pkey, algorithm, b"octets").unwrap();
        assert!(!key.verify_octets(algorithm, &POLICY, b"octets", &signature));
        let weak = SignaturePolicy { allow_rsa1024: true, ..POLICY };
        assert!(key.verify_octets(algorithm, &weak, b"octets", &signature));
    }
}
