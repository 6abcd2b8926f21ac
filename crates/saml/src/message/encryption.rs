//! Decrypting what the IdP encrypted for this SP (Core 2.2.4, 2.3.4, 2.7.3.2).

use xmldoc::{DecryptError, Decryption, Element, Limits, Verified};

use crate::reason::{self, Reason};
use crate::refusal::{Refusal, quote};
use crate::response::Expected;
use crate::response::assertion::reason_of;

/// The keys of this SP, and what its administrator allows this IdP.
pub fn decryption<'a>(expected: &Expected<'a>, limits: &'a Limits) -> Decryption<'a> {
    let policy = expected.idp.policy.decryption;
    let (keys, sp) = (expected.decryption_keys, expected.sp_entity_id);
    Decryption { keys, sp, policy, limits }
}

/// The Assertion with each EncryptedID and EncryptedAttribute replaced by what it holds.
pub fn inside(
    assertion: Verified<Element>,
    decryption: &Decryption<'_>,
) -> Result<Verified<Element>, Refusal> {
    assertion.decrypt_within(decryption).map_err(|error| refuse("identifier or attribute", &error))
}

pub fn refuse(what: &str, error: &DecryptError) -> Refusal {
    let detail = format!("the encrypted {what}: {}", quote(&error.to_string()));
    Refusal::new(reason_of_decryption(error), detail)
}

fn reason_of_decryption(error: &DecryptError) -> &'static Reason {
    match error {
        DecryptError::Structure(_) => &reason::ENCRYPTION_STRUCTURE,
        DecryptError::Algorithm(_) => &reason::ENCRYPTION_ALGORITHM,
        DecryptError::UnsignedCbc(_) => &reason::ENCRYPTION_CBC_UNSIGNED,
        DecryptError::NoKey => &reason::DECRYPTION_KEY_MISSING,
        DecryptError::Failed => &reason::DECRYPTION_FAILED,
        DecryptError::Signature(error) => reason_of(error),
    }
}

#[cfg(test)]
mod tests {
    use xmldoc::VerifyError;

    use super::*;

    #[test]
    fn the_codes_of_encryption_are_public_ones() {
        for error in [
            DecryptError::Structure("x"),
            DecryptError::Algorithm(String::new()),
            DecryptError::UnsignedCbc(String::new()),
            DecryptError::NoKey,
            DecryptError::Failed,
            DecryptError::Signature(VerifyError::Missing),
        ] {
            assert_eq!(refuse("x", &error).code(), error.code());
        }
    }
}
