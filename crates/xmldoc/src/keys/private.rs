//! The private keys of PEM files, whatever they are good for.
use std::cell::Cell;

use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKey, PKeyRef, Private};

use super::{KeyError, SigningKey};
use crate::DecryptionKey;

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

    pub(super) fn pkey(&self) -> &PKeyRef<Private> {
        match self {
            Self::Signing(key) => key.pkey(),
            Self::DecryptionOnly(key) => key.pkey(),
        }
    }
}

pub(super) fn read_pem(pem: &[u8], passphrase: Option<&[u8]>) -> Result<PKey<Private>, KeyError> {
    let asked = Cell::new(false);
    // Always a callback: without one libcrypto would ask at the terminal.
    let answer = |buffer: &mut [u8]| {
        asked.set(true);
        let passphrase = passphrase.unwrap_or_default();
        match buffer.get_mut(..passphrase.len()) {
            Some(room) if !passphrase.is_empty() => {
                room.copy_from_slice(passphrase);
                Ok(passphrase.len())
            }
            _ => Err(ErrorStack::get()),
        }
    };
    PKey::private_key_from_pem_callback(pem, answer)
        .map_err(|e| no_private_key(pem, passphrase.is_some(), asked.get(), &e))
}

fn no_private_key(
    pem: &[u8],
    has_passphrase: bool,
    encrypted: bool,
    error: &ErrorStack,
) -> KeyError {
    let has = |marker: &str| pem.windows(marker.len()).any(|window| window == marker.as_bytes());
    if encrypted && has_passphrase {
        KeyError::new("holds an encrypted private key that the passphrase does not open")
    } else if encrypted {
        KeyError::new("holds an encrypted private key; set certificate_key_password_file")
    } else if has("PRIVATE KEY-----") {
        KeyError::openssl("holds a private key that cannot be read", error)
    } else if has("BEGIN CERTIFICATE") {
        KeyError::new("holds a certificate and no private key")
    } else {
        KeyError::new("holds no private key (no line `-----BEGIN PRIVATE KEY-----`)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Certificate;
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
            assert!(certificate.matches(&of(pair)));
            assert!(!certificate.matches(&of(&Pair { pkey: PKey::generate_x25519().unwrap() })));
        }
        let dsa = openssl::dsa::Dsa::generate(1024).unwrap();
        let dsa = Pair { pkey: PKey::from_dsa(dsa).unwrap() };
        let error = PrivateKey::from_pem(&dsa.private_pem(), None).err().unwrap().0;
        assert_eq!(error, "is none of an RSA, EC, Ed25519 or Ed448 key");
        assert!(ErrorStack::get().errors().is_empty());
    }
}
