//! A private key of the service provider's, of any kind.
use openssl::pkey::{Id, PKeyRef, Private};

use crate::keys::read_pem;
use crate::{Certificate, DecryptionKey, KeyError, SigningKey};

/// A private key of the service provider's.
pub enum PrivateKey {
    /// It signs; an RSA or EC key decrypts, too ([`DecryptionKey::of`]).
    Signing(SigningKey),
    /// An X25519 or X448 key, which signs nothing.
    DecryptionOnly(DecryptionKey),
}

impl PrivateKey {
    /// The first private key of a PEM file: PKCS#8 (also encrypted), PKCS#1 or SEC1.
    ///
    /// # Errors
    /// There is no private key, the passphrase does not open it, or it is of a kind or size that is not
    /// taken.
    pub fn from_pem(pem: &[u8], passphrase: Option<&[u8]>) -> Result<Self, KeyError> {
        let pkey = read_pem(pem, passphrase)?;
        match (pkey.id(), DecryptionKey::on_curve(&pkey)) {
            (Id::X25519 | Id::X448, Some(key)) => Ok(Self::DecryptionOnly(key)),
            _ => SigningKey::of(pkey).map(Self::Signing),
        }
    }

    /// Is it the key of this certificate?
    pub fn is_of(&self, certificate: &Certificate) -> bool {
        certificate.x509().public_key().is_ok_and(|public| self.pkey().public_eq(&public))
    }

    fn pkey(&self) -> &PKeyRef<Private> {
        match self {
            Self::Signing(key) => key.pkey(),
            Self::DecryptionOnly(key) => key.pkey(),
        }
    }
}

#[cfg(test)]
mod tests {
    use openssl::error::ErrorStack;
    use openssl::pkey::PKey;

    use super::*;
    use crate::testing::{self, Pair};

    #[test]
    fn a_key_signs_or_only_decrypts() {
        let of = |pair: &Pair| PrivateKey::from_pem(&pair.private_pem(), None).unwrap();
        for pair in [testing::rsa(), testing::ec(384), testing::ed25519(), testing::ed448()] {
            assert!(matches!(of(pair), PrivateKey::Signing(_)));
        }
        for pair in [testing::x25519(), testing::x448()] {
            assert!(matches!(of(pair), PrivateKey::DecryptionOnly(_)));
            let certificate = Certificate::from_pem(&pair.certificate_pem()).unwrap();
            assert!(of(pair).is_of(&certificate));
            assert!(!of(&Pair { pkey: PKey::generate_x25519().unwrap() }).is_of(&certificate));
        }
        let rsa = Certificate::from_pem(&testing::rsa().certificate_pem()).unwrap();
        assert!(of(testing::rsa()).is_of(&rsa));
        for other in [testing::other_rsa(), testing::ec(256), testing::x25519()] {
            assert!(!of(other).is_of(&rsa));
        }
        let dsa = openssl::dsa::Dsa::generate(1024).unwrap();
        let dsa = Pair { pkey: PKey::from_dsa(dsa).unwrap() };
        let error = PrivateKey::from_pem(&dsa.private_pem(), None).err().unwrap().0;
        assert_eq!(error, "is none of an RSA, EC, Ed25519 or Ed448 key");
        assert!(ErrorStack::get().errors().is_empty());
    }
}
