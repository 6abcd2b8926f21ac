//! What the lines of a `saml_idp` say by themselves, without metadata.

use saml::metadata::MetadataKey;
use saml::provider::{Binding, Endpoint, IdpSettings, LogoutBinding, LogoutEndpoint, Policy};
use xmldoc::VerifyingKey;

use super::{request, signatures};
use crate::certificate::{certified_key, key_error};
use crate::files::Files;
use crate::host::Host;
use crate::place::{ConfigError, Given};
use crate::raw::{RawIdp, RawPolicy};
use crate::surroundings::Surroundings;
use crate::url::check_url;

/// The lines, when each of them can be used.
pub(super) fn settings<H: Host>(
    raw: &RawIdp,
    policy: &RawPolicy,
    around: &mut Surroundings<'_, H>,
) -> Result<IdpSettings, ConfigError> {
    Ok(IdpSettings {
        name: raw.name.clone(),
        disabled: raw.disabled.as_ref().is_some_and(|given| given.value),
        metadata: text(&raw.metadata),
        entity_id: text(&raw.entity_id),
        sso: sso(raw, policy)?,
        sso_binding: policy.sso_binding.as_ref().map(|given| given.value),
        slo: slo(raw, policy)?,
        artifact_url: artifact_url(raw)?,
        demands_response_binding: raw.policy.request.response_binding.is_some(),
        demands_slo_binding: raw.policy.slo_binding.is_some(),
        keys: keys(raw, around.files)?,
        metadata_signers: signatures::metadata_signers(raw, policy, around)?,
        second_verifier: signatures::second_verifier(policy, around)?,
        domains: raw.domain.iter().map(|given| given.value.clone()).collect(),
        policy: Policy { request: request::policy(&policy.request, around)?, ..policy.resolved() },
    })
}

fn text(given: &Option<Given<String>>) -> Option<String> {
    given.as_ref().map(|given| given.value.clone())
}

/// `sso_url`.
fn sso(raw: &RawIdp, policy: &RawPolicy) -> Result<Option<Endpoint>, ConfigError> {
    let Some(given) = &raw.sso_url else { return Ok(None) };
    check_url("sso_url", given)?;
    let binding = policy.sso_binding.as_ref().map_or(Binding::Redirect, |given| given.value);
    Ok(Some(Endpoint { binding, location: given.value.clone() }))
}

/// `artifact_url`.
fn artifact_url(raw: &RawIdp) -> Result<Option<String>, ConfigError> {
    if let Some(given) = &raw.artifact_url {
        check_url("artifact_url", given)?;
    }
    Ok(text(&raw.artifact_url))
}

/// `slo_url` and `slo_response_url`.
fn slo(raw: &RawIdp, policy: &RawPolicy) -> Result<Option<LogoutEndpoint>, ConfigError> {
    let Some(url) = &raw.slo_url else {
        return match &raw.slo_response_url {
            Some(given) => Err(ConfigError::new(
                &given.place,
                "\"slo_response_url\" needs \"slo_url\"; with metadata both come from there",
            )),
            None => Ok(None),
        };
    };
    check_url("slo_url", url)?;
    if let Some(given) = &raw.slo_response_url {
        check_url("slo_response_url", given)?;
    }
    let binding = policy.slo_binding.as_ref().and_then(|given| given.value);
    Ok(Some(LogoutEndpoint {
        binding: binding.unwrap_or(LogoutBinding::REDIRECT),
        location: url.value.clone(),
        response_location: text(&raw.slo_response_url),
    }))
}

/// `signing_certificate` and `signing_key`.
fn keys(raw: &RawIdp, files: &Files) -> Result<Vec<MetadataKey>, ConfigError> {
    let mut keys = Vec::new();
    for given in &raw.signing_certificate {
        let (key, certificate) = certified_key("signing_certificate", given, files)?;
        keys.push(MetadataKey { key, certificate: Some(certificate) });
    }
    for given in &raw.signing_key {
        let pem = files.read("signing_key", given)?;
        let key = VerifyingKey::from_public_key_pem(&pem)
            .map_err(|e| key_error("signing_key", given, &e.to_string()))?;
        keys.push(MetadataKey { key, certificate: None });
    }
    Ok(keys)
}
