//! A validated IdP: raw lines, defaults of the SP, metadata and keys, made into one value.

mod lines;
mod signatures;
mod slo_soap;

use std::rc::Rc;

use saml::metadata::{IdpMetadata, MetadataKey};
use saml::provider::{
    self, Binding, Endpoint, IdpSettings, LogoutBinding, LogoutEndpoint, OwnKeys,
};
use sp::{Current, Idp};
use xmldoc::VerifyingKey;

use self::lines::IdpLines;
use crate::certificate::{certified_key, key_error};
use crate::files::Files;
use crate::host::Host;
use crate::place::{ConfigError, Given};
use crate::raw::{RawIdp, RawPolicy};
use crate::surroundings::Surroundings;
use crate::url::check_url;
use crate::warnings::Warnings;

/// Validates `raw` for an SP whose defaults are `defaults` and that has these keys.
///
/// # Errors
/// A file, URL or setting that cannot be used, or something that is missing.
pub(crate) fn idp<H: Host>(
    raw: &RawIdp,
    defaults: &RawPolicy,
    own: OwnKeys<'_>,
    around: &mut Surroundings<'_, H>,
    warnings: &mut Warnings,
) -> Result<Idp, ConfigError> {
    let policy = raw.policy.over(defaults);
    let settings = settings(raw, &policy, around)?;
    let lines = IdpLines { raw, policy: &policy };
    if settings.is_awaited() {
        lines.judge(warnings, |found| provider::Idp::check_awaited(&settings, own, found))?;
        return Ok(Idp::new(settings, None));
    }
    let metadata = metadata(raw, &settings, around.files)?;
    let provider = lines.judge(warnings, |found| {
        provider::Idp::new(&settings, metadata.as_ref(), own, around.now, found)
    })?;
    let soap_slo = slo_soap::back_channel(raw, &policy, &provider, around, warnings)?;
    Ok(Idp::new(settings, Some(Current { provider: Rc::new(provider), soap_slo })))
}

/// The lines, when each of them can be used.
fn settings<H: Host>(
    raw: &RawIdp,
    policy: &RawPolicy,
    around: &mut Surroundings<'_, H>,
) -> Result<IdpSettings, ConfigError> {
    Ok(IdpSettings {
        name: raw.name.clone(),
        metadata: text(&raw.metadata),
        entity_id: text(&raw.entity_id),
        sso: sso(raw, policy)?,
        sso_binding: policy.sso_binding.as_ref().map(|given| given.value),
        slo: slo(raw, policy)?,
        demands_slo_binding: raw.policy.slo_binding.is_some(),
        keys: keys(raw, around.files)?,
        metadata_signers: signatures::metadata_signers(raw, policy, around)?,
        second_verifier: signatures::second_verifier(policy, around)?,
        policy: policy.resolved(),
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

/// The file that `metadata` names.
fn metadata(
    raw: &RawIdp,
    settings: &IdpSettings,
    files: &Files,
) -> Result<Option<IdpMetadata>, ConfigError> {
    let Some(given) = &raw.metadata else { return Ok(None) };
    if given.value.contains("://") {
        return Err(ConfigError::new(
            &given.place,
            "\"metadata\" takes a file; save the IdP's metadata next to nginx.conf and name it",
        ));
    }
    let xml = files.read("metadata", given)?;
    let wanted = settings.entity_id.as_deref();
    let metadata = match &settings.metadata_signers {
        Some(signers) => IdpMetadata::parse_signed(&xml, wanted, signers),
        None => IdpMetadata::parse(&xml, wanted),
    };
    metadata
        .map(Some)
        .map_err(|e| ConfigError::new(&given.place, format!("metadata \"{}\": {e}", given.value)))
}
