//! What only the SP's metadata says.

use saml::provider::{Policy, ResponseBinding};
use sp::{Credential, Publication};

use super::description::description;
use crate::files::Files;
use crate::place::ConfigError;
use crate::raw::RawSp;

/// Validates what an SP publishes.
///
/// # Errors
/// What it says of itself is wrong, or there is no key to sign it with.
pub(super) fn publication<'a>(
    raw: &RawSp,
    entity_id: &str,
    credentials: &[Credential],
    mut policies: impl Iterator<Item = &'a Policy> + Clone,
    files: &Files,
) -> Result<Publication, ConfigError> {
    let sign = raw.sign_metadata.as_ref().is_some_and(|g| g.value);
    if let (Some(given), true, true) = (&raw.sign_metadata, sign, credentials.is_empty()) {
        return Err(ConfigError::new(
            &given.place,
            "\"sign_metadata on\" needs \"certificate\" and \"certificate_key\"",
        ));
    }
    let formats = &raw.metadata_name_id_formats;
    let formats = || formats.iter().map(|given| given.value.clone()).collect();
    Ok(Publication {
        description: description(raw, entity_id, files)?,
        name_id_formats: (!raw.metadata_name_id_formats.is_empty()).then(formats),
        valid: raw.metadata_valid.as_ref().and_then(|g| g.value),
        sign,
        want_assertions_signed: policies.clone().any(|p| p.want_assertion_signed),
        authn_requests_signed: !credentials.is_empty()
            && policies.clone().any(|p| p.sign_requests != saml::provider::SignRequests::Off),
        takes_artifacts: policies
            .clone()
            .any(|p| p.request.response_binding == ResponseBinding::Artifact),
        offer_simple_sign: raw.offer_simple_sign.as_ref().is_some_and(|g| g.value),
        offer_encryption: policies.any(|p| p.encryption != saml::provider::Encryption::Off),
    })
}
