//! The numbers that a public key is made of, for formats that write them one by one.
use openssl::bn::{BigNum, BigNumContext};
use openssl::error::ErrorStack;
use openssl::pkey::{HasPublic, PKeyRef};

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
    use openssl::pkey::PKey;

    use super::*;
    use crate::testing;

    #[test]
    fn a_key_made_of_the_numbers_is_the_same() {
        use openssl::ec::{EcGroup, EcKey};
        use openssl::nid::Nid;
        use openssl::pkey::Id;
        use openssl::rsa::Rsa;
        let number = |octets: &[u8]| BigNum::from_slice(octets).unwrap();
        for pair in [
            testing::rsa(),
            testing::ec(256),
            testing::ec(384),
            testing::ec(521),
            testing::ed25519(),
            testing::ed448(),
        ] {
            let made = match pair.signing().public_numbers().unwrap() {
                PublicNumbers::Rsa { modulus, exponent } => {
                    let rsa = Rsa::from_public_components(number(&modulus), number(&exponent));
                    PKey::from_rsa(rsa.unwrap()).unwrap()
                }
                PublicNumbers::Ec { bits, x, y } => {
                    let half = usize::try_from(bits.div_ceil(8)).unwrap();
                    assert_eq!((x.len(), y.len()), (half, half));
                    let curve = match bits {
                        256 => Nid::X9_62_PRIME256V1,
                        384 => Nid::SECP384R1,
                        _ => Nid::SECP521R1,
                    };
                    let group = EcGroup::from_curve_name(curve).unwrap();
                    let key =
                        EcKey::from_public_key_affine_coordinates(&group, &number(&x), &number(&y));
                    PKey::from_ec_key(key.unwrap()).unwrap()
                }
                PublicNumbers::Ed25519(x) => {
                    PKey::public_key_from_raw_bytes(&x, Id::ED25519).unwrap()
                }
                PublicNumbers::Ed448(x) => PKey::public_key_from_raw_bytes(&x, Id::ED448).unwrap(),
            };
            assert!(pair.pkey.public_eq(&made));
        }
    }
}
