//! The numbers that a public key is made of, for formats that write them one by one.
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, Id, PKey, PKeyRef, Public};
use openssl::rsa::Rsa;

use super::{KeyError, KeyKind};

/// A public key in numbers, big-endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicNumbers {
    /// RSA, without leading zeros.
    Rsa {
        /// `n`
        modulus: Vec<u8>,
        /// `e`
        exponent: Vec<u8>,
    },
    /// A point on P-256, P-384 or P-521, each coordinate as long as the curve's field.
    Ec {
        /// Size of the field.
        bits: u32,
        /// The first coordinate.
        x: Vec<u8>,
        /// The second one.
        y: Vec<u8>,
    },
    /// As RFC 8032 5.1.5 writes it, 32 octets.
    Ed25519(Vec<u8>),
    /// As RFC 8032 5.2.5 writes it, 57 octets.
    Ed448(Vec<u8>),
}

impl PublicNumbers {
    pub(super) fn of<T: HasPublic>(key: &PKeyRef<T>, kind: KeyKind) -> Result<Self, KeyError> {
        let numbers = match kind {
            KeyKind::Rsa { .. } => rsa(key),
            KeyKind::Ec { bits } => ec(key, bits),
            KeyKind::Ed25519 => key.raw_public_key().map(Self::Ed25519),
            KeyKind::Ed448 => key.raw_public_key().map(Self::Ed448),
        };
        numbers.map_err(|e| KeyError::openssl("unusable public key", &e))
    }

    /// The key of these numbers.
    pub(super) fn to_pkey(&self) -> Result<PKey<Public>, KeyError> {
        let key = match self {
            Self::Rsa { modulus, exponent } => BigNum::from_slice(modulus)
                .and_then(|n| Rsa::from_public_components(n, BigNum::from_slice(exponent)?))
                .and_then(PKey::from_rsa),
            Self::Ec { bits, x, y } => {
                let curve = match bits {
                    256 => Nid::X9_62_PRIME256V1,
                    384 => Nid::SECP384R1,
                    521 => Nid::SECP521R1,
                    _ => return Err(KeyError::new("is a point on another curve")),
                };
                point(curve, x, y).and_then(PKey::from_ec_key)
            }
            Self::Ed25519(x) => PKey::public_key_from_raw_bytes(x, Id::ED25519),
            Self::Ed448(x) => PKey::public_key_from_raw_bytes(x, Id::ED448),
        };
        key.map_err(|e| KeyError::openssl("unusable public key", &e))
    }
}

/// A point that lies on the curve.
fn point(curve: Nid, x: &[u8], y: &[u8]) -> Result<EcKey<Public>, ErrorStack> {
    let group = EcGroup::from_curve_name(curve)?;
    let (x, y) = (BigNum::from_slice(x)?, BigNum::from_slice(y)?);
    let key = EcKey::from_public_key_affine_coordinates(&group, &x, &y)?;
    key.check_key()?;
    Ok(key)
}

fn rsa<T: HasPublic>(key: &PKeyRef<T>) -> Result<PublicNumbers, ErrorStack> {
    let rsa = key.rsa()?;
    Ok(PublicNumbers::Rsa { modulus: rsa.n().to_vec(), exponent: rsa.e().to_vec() })
}

fn ec<T: HasPublic>(key: &PKeyRef<T>, bits: u32) -> Result<PublicNumbers, ErrorStack> {
    let ec = key.ec_key()?;
    let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
    let mut context = BigNumContext::new()?;
    ec.public_key().affine_coordinates(ec.group(), &mut x, &mut y, &mut context)?;
    // Of 256, 384 or 521 bits.
    let len = i32::try_from(bits.div_ceil(8)).unwrap_or(i32::MAX);
    Ok(PublicNumbers::Ec { bits, x: x.to_vec_padded(len)?, y: y.to_vec_padded(len)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_key_made_of_the_numbers_is_the_same() {
        for pair in [
            testing::rsa(),
            testing::ec(256),
            testing::ec(384),
            testing::ec(521),
            testing::ed25519(),
            testing::ed448(),
        ] {
            let numbers = pair.signing().public_numbers().unwrap();
            if let PublicNumbers::Ec { bits, x, y } = &numbers {
                let half = usize::try_from(bits.div_ceil(8)).unwrap();
                assert_eq!((x.len(), y.len()), (half, half));
            }
            let made = numbers.to_pkey().unwrap();
            assert!(pair.pkey.public_eq(&made));
        }
    }

    #[test]
    fn what_is_no_key_becomes_none() {
        let PublicNumbers::Ec { bits, x, y } = testing::ec(256).signing().public_numbers().unwrap()
        else {
            panic!()
        };
        let made = |bits, x: &[u8], y: &[u8]| {
            PublicNumbers::Ec { bits, x: x.to_vec(), y: y.to_vec() }.to_pkey().is_ok()
        };
        assert!(made(bits, &x, &y));
        assert!(!made(bits, &y, &x), "a point beside the curve");
        assert!(!made(384, &x, &y) && !made(255, &x, &y) && !made(bits, &[], &[]));
        assert!(PublicNumbers::Ed25519(vec![1; 31]).to_pkey().is_err());
        assert!(PublicNumbers::Ed448(vec![1; 32]).to_pkey().is_err());
    }
}
