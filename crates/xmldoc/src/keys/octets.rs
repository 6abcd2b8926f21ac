//! Signatures over octets, a canonical SignedInfo or HTTP-Redirect's query: how they are written.
use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;

/// The DER form of an ECDSA signature that is r‖s, when its length is right for `bits`.
pub(super) fn ecdsa_der(bits: u32, signature: &[u8]) -> Option<Vec<u8>> {
    let half = ecdsa_half(bits)?;
    if signature.len() != 2 * half {
        return None;
    }
    let (r, s) = signature.split_at_checked(half)?;
    let (r, s) = (BigNum::from_slice(r).ok()?, BigNum::from_slice(s).ok()?);
    EcdsaSig::from_private_components(r, s).ok()?.to_der().ok()
}

/// `value` when it can be nothing but an ECDSA signature in DER (RFC 3279 2.2.3): not as long as r‖s
/// is, and written in the one way that DER allows.
pub(super) fn only_ecdsa_der(bits: u32, value: &[u8]) -> Option<&[u8]> {
    if value.len() == 2 * ecdsa_half(bits)? || value.first() != Some(&0x30) {
        return None;
    }
    let written = EcdsaSig::from_der(value).ok()?.to_der().ok()?;
    (written == value).then_some(value)
}

/// The r‖s form of an ECDSA signature in DER.
pub(super) fn ecdsa_r_s(bits: u32, der: &[u8]) -> Option<Vec<u8>> {
    let half = i32::try_from(ecdsa_half(bits)?).ok()?;
    let signature = EcdsaSig::from_der(der).ok()?;
    let r = signature.r().to_vec_padded(half).ok()?;
    let s = signature.s().to_vec_padded(half).ok()?;
    Some([r, s].concat())
}

fn ecdsa_half(bits: u32) -> Option<usize> {
    usize::try_from(bits.div_ceil(8)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SignatureAlgorithm;
    use crate::keys::signers::Signers;
    use crate::keys::verifiers::Verifiers;
    use openssl::error::ErrorStack;

    fn octets(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
    }

    /// RFC 8032 7.1 "TEST 2" and 7.4 "Blank": the pure instances, without a context.
    #[test]
    fn eddsa_makes_the_signatures_of_rfc_8032() {
        use openssl::pkey::{Id, PKey};
        for (id, algorithm, private, public, message, signature) in [
            (
                Id::ED25519,
                SignatureAlgorithm::Ed25519,
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                 085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
            (
                Id::ED448,
                SignatureAlgorithm::Ed448,
                "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3\
                 528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b",
                "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778\
                 edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
                "",
                "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f\
                 2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a\
                 9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4db\
                 b61149f05a7363268c71d95808ff2e652600",
            ),
        ] {
            let private = PKey::private_key_from_raw_bytes(&octets(private), id).unwrap();
            let public = PKey::public_key_from_raw_bytes(&octets(public), id).unwrap();
            let (message, signature) = (octets(message), octets(signature));
            assert_eq!(Signers::default().sign(&private, algorithm, &message).unwrap(), signature);
            let verifiers = Verifiers::default();
            assert!(verifiers.verify(&public, algorithm, &message, &signature).unwrap());
            assert!(!verifiers.verify(&public, algorithm, b"other", &signature).unwrap_or(false));
        }
    }

    /// SEQUENCE of two INTEGERs.
    fn sequence(r: &[u8], s: &[u8]) -> Vec<u8> {
        let integer = |value: &[u8]| [&[2, value.len() as u8], value].concat();
        let inside = [integer(r), integer(s)].concat();
        [&[0x30, inside.len() as u8], inside.as_slice()].concat()
    }

    #[test]
    fn der_is_told_from_r_and_s_beyond_doubt() {
        let [r, s] = [[0x7F; 32], [0x11; 32]];
        let der = sequence(&r, &s);
        assert_eq!(only_ecdsa_der(256, &der), Some(der.as_slice()));
        assert_eq!(only_ecdsa_der(256, &sequence(&[1], &[2])), Some(&sequence(&[1], &[2])[..]));
        // As long as r‖s: that is what it is, whatever it looks like.
        let ambiguous = sequence(&[0x7F; 29], &[0x11; 29]);
        assert_eq!((ambiguous.len(), ambiguous[0]), (64, 0x30));
        assert_eq!(only_ecdsa_der(256, &ambiguous), None);
        assert_eq!(only_ecdsa_der(384, &ambiguous), Some(ambiguous.as_slice()));
        for (other, what) in [
            ([&der[..], &[0]].concat(), "something behind it"),
            (der[..69].to_vec(), "cut off"),
            ([&[0x30, 0x81, der[1]], &der[2..]].concat(), "a length in two octets"),
            ([&[0x30, 0x80], &der[2..], &[0, 0]].concat(), "no length"),
            (sequence(&[&[0; 3][..], &r].concat(), &s), "zeros before r"),
            ([&[0x31], &der[1..]].concat(), "a SET"),
            (Vec::new(), "nothing"),
        ] {
            assert_eq!(only_ecdsa_der(256, &other), None, "{what}");
        }
        // No error of ours is left for nginx to find.
        assert!(ErrorStack::get().errors().is_empty());
    }
}
