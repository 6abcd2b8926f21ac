//! A validated IdP: raw lines, defaults of the SP, metadata and keys, made into one value.

mod artifacts;
mod back_channel;
mod lines;
mod request;
mod signatures;
mod slo_soap;

use std::rc::Rc;

use clock::UnixTime;
use saml::metadata::{IdpMetadata, MetadataKey};
use saml::provider::{
    self, Binding, Endpoint, IdpSettings, LogoutBinding, LogoutEndpoint, OwnKeys, Policy,
};
use sp::{BackChannels, Current, Idp};
use xmldoc::VerifyingKey;

use self::lines::IdpLines;
use crate::certificate::{certified_key, key_error};
use crate::files::Files;
use crate::host::Host;
use crate::metadata_source::is_url;
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
    let document = around.documents.iter().find(|document| document.idp == raw.name);
    let octets = document.and_then(|document| document.octets.clone());
    let current = match (&raw.metadata, octets) {
        (None, _) if settings.is_awaited() => None,
        (None, _) => Some(current(&lines, &settings, None, own, around.now, warnings)?),
        (Some(_), None) => None,
        (Some(given), Some(octets)) => {
            let found = metadata(raw, &settings, given, &octets, around.now).and_then(|metadata| {
                current(&lines, &settings, Some(&metadata), own, around.now, warnings)
            });
            match found {
                // The server goes on: what lies on the shelf is fetched anew when it runs.
                Err(error) if is_url(given) => {
                    let sentence = format!("the copy that was kept cannot be used: {error}");
                    warnings.add(&given.place, sentence);
                    None
                }
                found => Some(found?),
            }
        }
    };
    if current.is_none() {
        lines.judge(warnings, |found| provider::Idp::check_awaited(&settings, own, found))?;
    }
    let provider = current.as_ref().map(|current| &*current.provider);
    let back_channels = BackChannels {
        logout: slo_soap::way(raw, &policy, provider, around, warnings)?,
        artifacts: artifacts::way(raw, &policy, provider, around, warnings)?,
    };
    Ok(Idp::new(settings, current).with_back_channels(back_channels))
}

/// What there is to know of the IdP at start.
fn current(
    lines: &IdpLines<'_>,
    settings: &IdpSettings,
    metadata: Option<&IdpMetadata>,
    own: OwnKeys<'_>,
    now: UnixTime,
    warnings: &mut Warnings,
) -> Result<Current, ConfigError> {
    let provider =
        lines.judge(warnings, |found| provider::Idp::new(settings, metadata, own, now, found))?;
    request::check_binding(lines.raw, &provider, warnings);
    let ui = metadata.map(|metadata| Rc::new(metadata.ui.clone())).unwrap_or_default();
    Ok(Current { provider: Rc::new(provider), ui })
}

/// The lines, when each of them can be used.
fn settings<H: Host>(
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

/// What `octets`, the document that `metadata` names, say of this IdP.
fn metadata(
    raw: &RawIdp,
    settings: &IdpSettings,
    given: &Given<String>,
    octets: &[u8],
    now: UnixTime,
) -> Result<IdpMetadata, ConfigError> {
    let wanted = settings.entity_id.as_deref();
    let metadata = match &settings.metadata_signers {
        Some(signers) => IdpMetadata::parse_signed(octets, wanted, signers),
        None => IdpMetadata::parse(octets, wanted),
    };
    let longest = raw.metadata_max_validity.as_ref().map(|given| given.value);
    let checked = metadata.and_then(|metadata| {
        // Past its time is a warning, when nothing else is asked for: people stay signed in.
        longest.map_or(Ok(()), |_| metadata.validity.check(now, longest)).map(|()| metadata)
    });
    checked
        .map_err(|e| ConfigError::new(&given.place, format!("metadata \"{}\": {e}", given.value)))
}
