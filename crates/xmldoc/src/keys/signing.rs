//! A private key of the service provider's that signs.
use std::fmt;
use std::sync::Arc;

use openssl::pkey::{PKey, PKeyRef, Private};

use super::signers::Signers;
use super::{KeyError, KeyKind, PublicNumbers, SignatureAlgorithm, octets, read_pem};

/// A private key that signs. A clone is the same key, of which libcrypto has one.
#[derive(Clone)]
pub struct SigningKey {
    pkey: PKey<Private>,
    kind: KeyKind,
    signers: Arc<Signers>,
}

impl SigningKey {
    /// The first private key of a PEM file: PKCS#8 (also encrypted), PKCS#1 or SEC1.
    ///
    /// # Errors
    /// There is no private key, the passphrase does not open it, or it is of a kind or size that is not
    /// taken.
    pub fn from_pem(pem: &[u8], passphrase: Option<&[u8]>) -> Result<Self, KeyError> {
        Self::of(read_pem(pem, passphrase)?)
    }

    pub(crate) fn of(pkey: PKey<Private>) -> Result<Self, KeyError> {
        let kind = KeyKind::of(&pkey)?;
        if let KeyKind::Rsa { bits: bits @ ..2048 } = kind {
            return Err(KeyError::new(format!("is an RSA key of {bits} bits; make one of 2048")));
        }
        Ok(Self { kind, pkey, signers: Arc::default() })
    }

    /// RSA → RSA-SHA256; P-256 → ECDSA-SHA256; P-384 → ECDSA-SHA384; P-521 → ECDSA-SHA512; the only
    /// one of Ed25519 and Ed448.
    pub fn default_algorithm(&self) -> SignatureAlgorithm {
        match self.kind {
            KeyKind::Rsa { .. } => SignatureAlgorithm::RsaSha256,
            KeyKind::Ec { bits: 384 } => SignatureAlgorithm::EcdsaSha384,
            KeyKind::Ec { bits: 521 } => SignatureAlgorithm::EcdsaSha512,
            KeyKind::Ec { .. } => SignatureAlgorithm::EcdsaSha256,
            KeyKind::Ed25519 => SignatureAlgorithm::Ed25519,
            KeyKind::Ed448 => SignatureAlgorithm::Ed448,
        }
    }

    /// Can this key sign with `algorithm`?
    pub fn supports(&self, algorithm: SignatureAlgorithm) -> bool {
        self.kind.fits(algorithm)
    }

    /// Does a signature take so long that it is worth a thread? On P-256 and with Ed25519 or Ed448 it is made
    /// sooner than handed over and back.
    pub fn is_slow(&self) -> bool {
        matches!(self.kind, KeyKind::Rsa { .. } | KeyKind::Ec { bits: 384.. })
    }

    /// Detached signature over octets (Bindings 3.4.4.1). ECDSA gives DER, as running IdPs expect.
    ///
    /// # Errors
    /// The key is of another kind than the algorithm, or libcrypto failed.
    pub fn sign_octets(
        &self,
        algorithm: SignatureAlgorithm,
        octets: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        if !self.supports(algorithm) {
            return Err(KeyError(format!("an {} key cannot sign with {algorithm:?}", self.kind)));
        }
        self.signers
            .sign(&self.pkey, algorithm, octets)
            .map_err(|e| KeyError::openssl("signing failed", &e))
    }

    /// Signature over octets as XML signature and JOSE write it (xmldsig-core1 6.4, RFC 7518 3.4). ECDSA
    /// gives r‖s.
    ///
    /// # Errors
    /// As [`SigningKey::sign_octets`].
    pub fn sign_octets_r_s(
        &self,
        algorithm: SignatureAlgorithm,
        octets: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        let signature = self.sign_octets(algorithm, octets)?;
        match self.kind {
            KeyKind::Rsa { .. } | KeyKind::Ed25519 | KeyKind::Ed448 => Ok(signature),
            KeyKind::Ec { bits } => octets::ecdsa_r_s(bits, &signature)
                .ok_or_else(|| KeyError::new("signing failed: the signature has no r and s")),
        }
    }

    /// Its public half.
    ///
    /// # Errors
    /// libcrypto failed.
    pub fn public_numbers(&self) -> Result<PublicNumbers, KeyError> {
        PublicNumbers::of(&self.pkey, self.kind)
    }

    pub(crate) fn kind(&self) -> KeyKind {
        self.kind
    }

    pub(crate) fn pkey(&self) -> &PKeyRef<Private> {
        &self.pkey
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use openssl::symm::Cipher;

    #[test]
    fn opens_an_encrypted_key_with_its_passphrase_only() {
        let pkey = &testing::rsa().pkey;
        let pem = pkey.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"open").unwrap();
        assert!(SigningKey::from_pem(&pem, Some(b"open")).is_ok());
        let error = |passphrase| SigningKey::from_pem(&pem, passphrase).unwrap_err().0;
        assert!(error(None).contains("certificate_key_password_file"));
        assert!(error(Some(b"shut")).contains("does not open"));
        assert!(error(Some(&[b'x'; 5000])).contains("does not open"));
    }

    #[test]
    fn reads_pkcs1_and_sec1() {
        let rsa = testing::rsa().pkey.rsa().unwrap().private_key_to_pem().unwrap();
        assert!(SigningKey::from_pem(&rsa, None).is_ok());
        let ec = testing::ec(256).pkey.ec_key().unwrap().private_key_to_pem().unwrap();
        assert!(SigningKey::from_pem(&ec, None).is_ok());
    }

    #[test]
    fn says_what_the_file_holds_instead() {
        let error = |pem: &[u8]| SigningKey::from_pem(pem, None).unwrap_err().0;
        assert!(
            error(&testing::rsa().certificate_pem()).contains("certificate and no private key")
        );
        assert!(error(b"").contains("no private key"));
        assert!(error(&testing::Pair::rsa(1024).private_pem()).contains("1024 bits"));
        let x25519 = PKey::generate_x25519().unwrap().private_key_to_pem_pkcs8().unwrap();
        assert!(error(&x25519).contains("none of an RSA, EC, Ed25519 or Ed448 key"));
    }

    #[test]
    fn it_takes_a_key_of_rsa_or_a_long_one_to_be_slow() {
        let slow = [testing::rsa(), testing::ec(384), testing::ec(521)];
        assert!(slow.iter().all(|pair| pair.signing().is_slow()));
        let quick = [testing::ec(256), testing::ed25519(), testing::ed448()];
        assert!(!quick.iter().any(|pair| pair.signing().is_slow()));
    }

    #[test]
    fn signs_with_its_own_kind_only() {
        let rsa = testing::rsa().signing();
        assert_eq!(rsa.default_algorithm(), SignatureAlgorithm::RsaSha256);
        assert!(rsa.supports(SignatureAlgorithm::RsaPssSha512));
        for other in [SignatureAlgorithm::EcdsaSha256, SignatureAlgorithm::Ed25519] {
            assert!(rsa.sign_octets(other, b"").is_err());
        }
        let defaults = [256, 384, 521].map(|bits| testing::ec(bits).signing().default_algorithm());
        assert_eq!(
            defaults,
            [
                SignatureAlgorithm::EcdsaSha256,
                SignatureAlgorithm::EcdsaSha384,
                SignatureAlgorithm::EcdsaSha512
            ]
        );
        for (pair, own) in [
            (testing::ed25519(), SignatureAlgorithm::Ed25519),
            (testing::ed448(), SignatureAlgorithm::Ed448),
        ] {
            assert_eq!(pair.signing().default_algorithm(), own);
            let fitting = testing::every_algorithm().into_iter().map(|(_, algorithm)| algorithm);
            let fitting: Vec<_> = fitting.filter(|a| pair.signing().supports(*a)).collect();
            assert_eq!(fitting, [own]);
        }
    }
}
