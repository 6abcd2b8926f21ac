//! Signing set up once for a key, as [verification](super::verifiers) is: libcrypto looks an algorithm up by
//! its name for every new context.
use std::sync::Mutex;

use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{PKeyRef, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::sign::Signer;

use super::SignatureAlgorithm;
use super::verifiers::choose;

/// What is set up for one key: each algorithm that it has signed with.
#[derive(Default)]
pub(super) struct Signers(Mutex<Vec<(SignatureAlgorithm, PkeyCtx<Private>)>>);

impl Signers {
    /// Signs as `algorithm` says; ECDSA gives DER. It must be the same key each time.
    pub(super) fn sign(
        &self,
        key: &PKeyRef<Private>,
        algorithm: SignatureAlgorithm,
        octets: &[u8],
    ) -> Result<Vec<u8>, ErrorStack> {
        let Some(of_message) = algorithm.message_digest() else {
            return Signer::new_without_digest(key)?.sign_oneshot_to_vec(octets);
        };
        let digest = hash(of_message, octets)?;
        let mut signature = Vec::new();
        // While another thread signs by what is ready, nobody waits for it.
        let Ok(mut ready) = self.0.try_lock() else {
            set_up(key, algorithm, of_message)?.sign_to_vec(&digest, &mut signature)?;
            return Ok(signature);
        };
        if let Some((_, context)) = ready.iter_mut().find(|(ready, _)| *ready == algorithm) {
            context.sign_to_vec(&digest, &mut signature)?;
            return Ok(signature);
        }
        let mut context = set_up(key, algorithm, of_message)?;
        context.sign_to_vec(&digest, &mut signature)?;
        ready.push((algorithm, context));
        Ok(signature)
    }
}

fn set_up(
    key: &PKeyRef<Private>,
    algorithm: SignatureAlgorithm,
    of_message: MessageDigest,
) -> Result<PkeyCtx<Private>, ErrorStack> {
    let mut context = PkeyCtx::new(key)?;
    context.sign_init()?;
    choose(&mut context, algorithm, of_message)?;
    Ok(context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::verifiers::Verifiers;
    use crate::testing;

    #[test]
    fn no_signature_depends_on_those_before_it() {
        for (pair, algorithm) in testing::every_algorithm() {
            let (private, public) = (pair.signing(), pair.verifying());
            let (signers, verifiers) = (Signers::default(), Verifiers::default());
            for octets in [&b"octets"[..], b"", b"octets", &[7; 5000]] {
                let signature = signers.sign(private.pkey(), algorithm, octets).unwrap();
                let fits = |octets: &[u8]| {
                    verifiers.verify(public.pkey(), algorithm, octets, &signature).unwrap_or(false)
                };
                assert!(fits(octets) && !fits(b"other"), "{algorithm:?}");
                assert!(ErrorStack::get().errors().is_empty(), "{algorithm:?}");
            }
        }
    }

    /// The padding belongs to the algorithm, not to the key.
    #[test]
    fn the_algorithms_of_one_key_are_kept_apart() {
        let pair = testing::rsa();
        let (private, public, signers) = (pair.signing(), pair.verifying(), Signers::default());
        let algorithms = [
            SignatureAlgorithm::RsaSha256,
            SignatureAlgorithm::RsaPssSha256,
            SignatureAlgorithm::RsaSha512,
        ];
        for signed in [algorithms, algorithms].concat() {
            let signature = signers.sign(private.pkey(), signed, b"octets").unwrap();
            for said in algorithms {
                let verifiers = Verifiers::default();
                let verdict = verifiers.verify(public.pkey(), said, b"octets", &signature);
                assert_eq!(verdict.unwrap_or(false), said == signed, "{signed:?} {said:?}");
            }
        }
        assert_eq!(signers.0.lock().unwrap().len(), algorithms.len());
    }

    #[test]
    fn threads_sign_at_the_same_time() {
        let pair = testing::rsa();
        let (private, public, signers) = (pair.signing(), pair.verifying(), Signers::default());
        let algorithm = SignatureAlgorithm::RsaSha256;
        std::thread::scope(|scope| {
            for thread in 0..4_u8 {
                let (private, public, signers) = (&private, &public, &signers);
                scope.spawn(move || {
                    for round in 0..20_u8 {
                        let octets = [thread, round];
                        let signature = signers.sign(private.pkey(), algorithm, &octets).unwrap();
                        let verifiers = Verifiers::default();
                        let verdict =
                            verifiers.verify(public.pkey(), algorithm, &octets, &signature);
                        assert!(verdict.unwrap());
                    }
                });
            }
        });
        assert_eq!(signers.0.lock().unwrap().len(), 1);
    }
}
