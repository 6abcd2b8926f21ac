//! The curves that keys are agreed on, and what a public key on each looks like.
use std::fmt;

use openssl::bn::BigNumContext;
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, Id, PKey, PKeyRef, Private, Public};

/// A curve, and how XML names what is done on it.
pub(crate) struct Curve {
    name: &'static str,
    form: Form,
    /// The Algorithm of an AgreementMethod with keys on it.
    pub(crate) method: &'static str,
    /// What stands before the key in a SubjectPublicKeyInfo (RFC 5480 2, RFC 8410 4; DER).
    header: &'static [u8],
    /// Bytes of a public key.
    length: usize,
}

/// Of a public key.
#[derive(Clone, Copy)]
enum Form {
    /// A point of a NIST curve, uncompressed; what an ECKeyValue calls the curve (RFC 5480 2.1.1.1).
    Point { curve: Nid, urn: &'static str },
    /// A u-coordinate (RFC 7748 5).
    Coordinate(Id),
}

/// xmlenc-core1 5.6.4.
const ECDH_ES: &str = "http://www.w3.org/2009/xmlenc11#ECDH-ES";

static CURVES: [Curve; 5] = [
    Curve {
        name: "EC P-256",
        form: Form::Point { curve: Nid::X9_62_PRIME256V1, urn: "urn:oid:1.2.840.10045.3.1.7" },
        method: ECDH_ES,
        header: b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\
                  \x03\x01\x07\x03\x42\x00",
        length: 65,
    },
    Curve {
        name: "EC P-384",
        form: Form::Point { curve: Nid::SECP384R1, urn: "urn:oid:1.3.132.0.34" },
        method: ECDH_ES,
        header: b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\
                  \x03\x62\x00",
        length: 97,
    },
    Curve {
        name: "EC P-521",
        form: Form::Point { curve: Nid::SECP521R1, urn: "urn:oid:1.3.132.0.35" },
        method: ECDH_ES,
        header: b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\
                  \x23\x03\x81\x86\x00",
        length: 133,
    },
    Curve {
        name: "X25519",
        form: Form::Coordinate(Id::X25519),
        method: "http://www.w3.org/2021/04/xmldsig-more#x25519",
        header: b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x6e\x03\x21\x00",
        length: 32,
    },
    Curve {
        name: "X448",
        form: Form::Coordinate(Id::X448),
        method: "http://www.w3.org/2021/04/xmldsig-more#x448",
        header: b"\x30\x42\x30\x05\x06\x03\x2b\x65\x6f\x03\x39\x00",
        length: 56,
    },
];

impl Curve {
    /// The curve of a key, which must be one of ours.
    pub(crate) fn of<T: HasPublic>(key: &PKeyRef<T>) -> Option<&'static Self> {
        let id = key.id();
        let curve = (id == Id::EC).then(|| key.ec_key().ok()?.group().curve_name()).flatten();
        CURVES.iter().find(|known| match known.form {
            Form::Point { curve: nid, .. } => curve == Some(nid),
            Form::Coordinate(known) => id == known,
        })
    }

    /// The curve and the octets of a SubjectPublicKeyInfo (DER), on the curve or not.
    pub(crate) fn split(info: &[u8]) -> Option<(&'static Self, &[u8])> {
        let mut found =
            CURVES.iter().filter_map(|curve| Some((curve, info.strip_prefix(curve.header)?)));
        found.next().filter(|(curve, octets)| curve.takes(octets))
    }

    /// Is it the Algorithm of an AgreementMethod with keys on one of ours?
    pub(crate) fn is_method(uri: &str) -> bool {
        CURVES.iter().any(|curve| curve.method == uri)
    }

    /// The URI of an `xmldsig11:NamedCurve`; `None` where there is none.
    pub(crate) fn urn(&self) -> Option<&'static str> {
        match self.form {
            Form::Point { urn, .. } => Some(urn),
            Form::Coordinate(_) => None,
        }
    }

    /// By the URI of an `xmldsig11:NamedCurve`.
    pub(crate) fn from_urn(wanted: &str) -> Option<&'static Self> {
        CURVES.iter().find(|known| known.urn() == Some(wanted))
    }

    /// Have the octets the form of a public key, an uncompressed point (SEC 1 2.3.3) or a u-coordinate?
    /// Each reader must take these.
    pub(crate) fn takes(&self, octets: &[u8]) -> bool {
        let begins = matches!(self.form, Form::Coordinate(_)) || octets.first() == Some(&4);
        begins && octets.len() == self.length
    }

    /// The public key of these octets.
    ///
    /// # Errors
    /// They are none of a point on the curve.
    pub(crate) fn public_key(&self, octets: &[u8]) -> Result<PKey<Public>, ErrorStack> {
        let curve = match self.form {
            Form::Coordinate(id) => return PKey::public_key_from_raw_bytes(octets, id),
            Form::Point { curve, .. } => curve,
        };
        let group = EcGroup::from_curve_name(curve)?;
        let mut context = BigNumContext::new()?;
        let point = EcPoint::from_bytes(&group, octets, &mut context)?;
        let key = EcKey::from_public_key(&group, &point)?;
        key.check_key()?;
        PKey::from_ec_key(key)
    }

    /// A new key.
    ///
    /// # Errors
    /// libcrypto has no randomness or no memory.
    pub(crate) fn generate(&self) -> Result<PKey<Private>, ErrorStack> {
        match self.form {
            Form::Point { curve, .. } => {
                PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(curve)?)?)
            }
            Form::Coordinate(Id::X448) => PKey::generate_x448(),
            Form::Coordinate(_) => PKey::generate_x25519(),
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DigestAlgorithm;
    use crate::agreement::{ConcatKdf, shared_secret};

    fn octets(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
    }

    #[test]
    fn a_generated_key_is_told_by_its_curve_and_its_octets() {
        for curve in &CURVES {
            let key = curve.generate().unwrap();
            assert!(std::ptr::eq(Curve::of(&key).unwrap(), curve), "{curve}");
            let info = key.public_key_to_der().unwrap();
            let (found, octets) = Curve::split(&info).unwrap();
            assert!(std::ptr::eq(found, curve), "{curve}");
            assert!(curve.public_key(octets).unwrap().public_eq(&key), "{curve}");
            assert!(Curve::split(&info[..info.len() - 1]).is_none());
            assert!(Curve::split(&[&info[..], &[0]].concat()).is_none());
        }
        let others = [PKey::generate_ed25519().unwrap(), PKey::generate_ed448().unwrap()];
        assert!(others.iter().all(|key| Curve::of(key).is_none()));
        let brainpool = EcGroup::from_curve_name(Nid::BRAINPOOL_P256R1).unwrap();
        let brainpool = PKey::from_ec_key(EcKey::generate(&brainpool).unwrap()).unwrap();
        assert!(Curve::of(&brainpool).is_none());
        assert!(Curve::split(&brainpool.public_key_to_der().unwrap()).is_none());
    }

    /// RFC 7748 6.1 and 6.2: Alice's private key, Bob's public one.
    #[test]
    fn agrees_on_the_secrets_of_rfc_7748() {
        for (id, private, public, secret) in [
            (
                Id::X25519,
                "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
                "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
                "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
            ),
            (
                Id::X448,
                "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28d\
                 d9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
                "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b430\
                 27d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609",
                "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282b\
                 b60c0b56fd2464c335543936521c24403085d59a449a5037514a879d",
            ),
        ] {
            let ours = PKey::private_key_from_raw_bytes(&octets(private), id).unwrap();
            let theirs = Curve::of(&ours).unwrap().public_key(&octets(public)).unwrap();
            assert_eq!(shared_secret(&ours, &theirs).unwrap(), octets(secret));
        }
    }

    /// Whoever sends one makes us agree on zeros (RFC 7748 6).
    #[test]
    fn points_of_small_order_agree_on_nothing() {
        let (ff, zero) = (|count| "ff".repeat(count), |count| "00".repeat(count));
        let of_x25519 = [
            zero(32),
            "01".to_owned() + &zero(31),
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800".to_owned(),
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157".to_owned(),
            "ec".to_owned() + &ff(30) + "7f",
            "ed".to_owned() + &ff(30) + "7f",
            "ee".to_owned() + &ff(30) + "7f",
        ];
        let of_x448 = [
            zero(56),
            "01".to_owned() + &zero(55),
            "fe".to_owned() + &ff(27) + "fe" + &ff(27),
            ff(28) + "fe" + &ff(27),
            zero(28) + &ff(28),
        ];
        let kdf = ConcatKdf { digest: DigestAlgorithm::Sha256, other_info: Vec::new() };
        for (ours, points) in [
            (PKey::generate_x25519().unwrap(), &of_x25519[..]),
            (PKey::generate_x448().unwrap(), &of_x448[..]),
        ] {
            let curve = Curve::of(&ours).unwrap();
            for point in points {
                let theirs = curve.public_key(&octets(point)).unwrap();
                assert_eq!(kdf.key(&ours, &theirs, 32), None, "{curve} {point}");
                assert!(ErrorStack::get().errors().is_empty());
            }
        }
    }

    #[test]
    fn a_key_is_as_long_as_a_digest_at_most() {
        let (ours, theirs) = (PKey::generate_x25519().unwrap(), PKey::generate_x25519().unwrap());
        let info = theirs.public_key_to_der().unwrap();
        let (curve, octets) = Curve::split(&info).unwrap();
        let theirs = curve.public_key(octets).unwrap();
        let kdf = ConcatKdf { digest: DigestAlgorithm::Sha256, other_info: Vec::new() };
        assert_eq!(kdf.key(&ours, &theirs, 32).unwrap().len(), 32);
        assert_eq!(kdf.key(&ours, &theirs, 33), None);
        let other = Curve::from_urn("urn:oid:1.3.132.0.34").unwrap().generate().unwrap();
        assert_eq!(kdf.key(&other, &theirs, 32), None, "of two curves");
        assert!(ErrorStack::get().errors().is_empty());
    }
}
