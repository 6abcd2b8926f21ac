//! Decrypting what the IdP encrypted for this SP (Core 2.2.4, 2.3.4, 2.7.3.2).

use xmldoc::{DecryptError, Decryption, Element, Limits, Verified};

use super::expected::Expected;
use crate::examination::Examination;
use crate::refusal::{Refusal, quote};
use crate::xml_error::decryption_reason;

/// The keys of this SP, and what its administrator allows this IdP.
pub(crate) fn decryption<'a>(expected: &Expected<'a>, limits: &'a Limits) -> Decryption<'a> {
    let policy = expected.idp.policy.decryption;
    let (keys, sp) = (expected.decryption_keys, expected.sp_entity_id);
    let plaintexts = expected.examination.map(Examination::plaintexts);
    Decryption { keys, sp, policy, limits, plaintexts }
}

/// The Assertion or LogoutRequest with each EncryptedID and EncryptedAttribute replaced by what it
/// holds.
pub(crate) fn inside(
    element: Verified<Element>,
    decryption: &Decryption<'_>,
) -> Result<Verified<Element>, Refusal> {
    element.decrypt_within(decryption).map_err(|error| refuse("identifier or attribute", &error))
}

/// `what` could not be decrypted.
pub(crate) fn refuse(what: &str, error: &DecryptError) -> Refusal {
    let detail = format!("the encrypted {what}: {}", quote(&error.to_string()));
    Refusal::new(decryption_reason(error), detail)
}
