//! Signatures over octets: a canonical SignedInfo, HTTP-Redirect's query.
use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::pkey::{HasPrivate, HasPublic, PKeyRef};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer, Verifier};

use super::SignatureAlgorithm;

/// Signs as `algorithm` says; ECDSA gives DER.
pub(crate) fn sign<T: HasPrivate>(
    key: &PKeyRef<T>,
    algorithm: SignatureAlgorithm,
    octets: &[u8],
) -> Result<Vec<u8>, ErrorStack> {
    let mut signer = Signer::new(algorithm.message_digest(), key)?;
    if algorithm.is_pss() {
        signer.set_rsa_padding(Padding::PKCS1_PSS)?;
        signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
    }
    signer.sign_oneshot_to_vec(octets)
}

/// Is `signature` (ECDSA: in DER) what `key` makes of `octets`?
pub(crate) fn verify<T: HasPublic>(
    key: &PKeyRef<T>,
    algorithm: SignatureAlgorithm,
    octets: &[u8],
    signature: &[u8],
) -> Result<bool, ErrorStack> {
    let mut verifier = Verifier::new(algorithm.message_digest(), key)?;
    if algorithm.is_pss() {
        verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
        // RFC 6931 2.3.10: the salt is as long as the digest.
        verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
    }
    verifier.verify_oneshot(signature, octets)
}

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
