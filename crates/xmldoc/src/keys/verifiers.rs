//! Verification set up once for a key: libcrypto looks an algorithm up by its name for every new context,
//! which takes a tenth of what the RSA operation itself takes.
use std::sync::Mutex;

use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::md::Md;
use openssl::pkey::{Id, PKeyRef, Public};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier};

use super::SignatureAlgorithm;

/// What is set up for one key: each algorithm that it has verified.
#[derive(Default)]
pub(super) struct Verifiers(Mutex<Vec<(SignatureAlgorithm, PkeyCtx<Public>)>>);

impl Verifiers {
    /// Is `signature` (ECDSA: in DER) what `key` makes of `octets`? It must be the same key each time.
    pub(super) fn verify(
        &self,
        key: &PKeyRef<Public>,
        algorithm: SignatureAlgorithm,
        octets: &[u8],
        signature: &[u8],
    ) -> Result<bool, ErrorStack> {
        // libcrypto takes a number without its leading zeroes for the same (RFC 8017 8.1.2, 8.2.2).
        if key.id() == Id::RSA && signature.len() != key.size() {
            return Ok(false);
        }
        let Some(of_message) = algorithm.message_digest() else {
            return Verifier::new_without_digest(key)?.verify_oneshot(signature, octets);
        };
        let digest = hash(of_message, octets)?;
        // While another thread verifies by what is ready, nobody waits for it.
        let Ok(mut ready) = self.0.try_lock() else {
            return set_up(key, algorithm, of_message)?.verify(&digest, signature);
        };
        if let Some((_, context)) = ready.iter_mut().find(|(ready, _)| *ready == algorithm) {
            return context.verify(&digest, signature);
        }
        let mut context = set_up(key, algorithm, of_message)?;
        let fits = context.verify(&digest, signature);
        ready.push((algorithm, context));
        fits
    }
}

fn set_up(
    key: &PKeyRef<Public>,
    algorithm: SignatureAlgorithm,
    of_message: MessageDigest,
) -> Result<PkeyCtx<Public>, ErrorStack> {
    let mut context = PkeyCtx::new(key)?;
    context.verify_init()?;
    choose(&mut context, algorithm, of_message)?;
    Ok(context)
}

/// Tells a context that is to sign or to verify the algorithm's digest and padding.
pub(super) fn choose<T>(
    context: &mut PkeyCtx<T>,
    algorithm: SignatureAlgorithm,
    of_message: MessageDigest,
) -> Result<(), ErrorStack> {
    let digest = Md::from_nid(of_message.type_()).ok_or_else(ErrorStack::get)?;
    context.set_signature_md(digest)?;
    if algorithm.is_pss() {
        context.set_rsa_padding(Padding::PKCS1_PSS)?;
        // RFC 9231 2.3.10: the salt is as long as the digest.
        context.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn no_verdict_depends_on_those_before_it() {
        for (pair, algorithm) in testing::every_algorithm() {
            let (key, verifiers) = (pair.verifying(), Verifiers::default());
            let good = pair.signing().sign_octets(algorithm, b"octets").unwrap();
            let mut changed = good.clone();
            *changed.last_mut().unwrap() ^= 1;
            let empty = &[][..];
            for _ in 0..2 {
                for (octets, signature, expected) in [
                    (&b"octets"[..], good.as_slice(), true),
                    (b"octets", &changed, false),
                    (b"octets", &good[1..], false),
                    (b"octets", empty, false),
                    (b"other", &good, false),
                    (b"octets", &good, true),
                ] {
                    let verdict = verifiers.verify(key.pkey(), algorithm, octets, signature);
                    assert_eq!(verdict.unwrap_or(false), expected, "{algorithm:?}");
                    assert!(ErrorStack::get().errors().is_empty(), "{algorithm:?}");
                }
            }
        }
    }

    /// One signature of 256 begins with a zero.
    #[test]
    fn a_signature_is_as_long_as_its_key() {
        let pair = testing::rsa();
        let (key, verifiers) = (pair.verifying(), Verifiers::default());
        let algorithm = SignatureAlgorithm::RsaPssSha256;
        let sign = || pair.signing().sign_octets(algorithm, b"octets").unwrap();
        let good = std::iter::repeat_with(sign).find(|signature| signature[0] == 0).unwrap();
        let verdict = |signature: &[u8]| {
            verifiers.verify(key.pkey(), algorithm, b"octets", signature).unwrap_or(false)
        };
        assert!(verdict(&good));
        assert!(!verdict(&good[1..]) && !verdict(&[&[0], &*good].concat()));
    }

    /// The padding belongs to the algorithm, not to the key.
    #[test]
    fn the_algorithms_of_one_key_are_kept_apart() {
        let pair = testing::rsa();
        let (key, verifiers) = (pair.verifying(), Verifiers::default());
        let algorithms = [
            SignatureAlgorithm::RsaSha256,
            SignatureAlgorithm::RsaPssSha256,
            SignatureAlgorithm::RsaSha512,
            SignatureAlgorithm::RsaPssSha512,
        ];
        for signed in algorithms {
            let signature = pair.signing().sign_octets(signed, b"octets").unwrap();
            for said in algorithms {
                let verdict = verifiers.verify(key.pkey(), said, b"octets", &signature);
                assert_eq!(verdict.unwrap_or(false), said == signed, "{signed:?} {said:?}");
            }
        }
    }
}
