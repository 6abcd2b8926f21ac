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
