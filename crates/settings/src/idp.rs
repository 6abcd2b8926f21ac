//! A validated IdP: raw lines, defaults of the SP, metadata and keys, made into one value.

mod artifacts;
mod back_channel;
mod by_hand;
mod federation;
mod lines;
mod request;
mod signatures;
mod slo_soap;
mod transmitter;

use std::rc::Rc;
use std::sync::Arc;

use clock::UnixTime;
use saml::metadata::IdpMetadata;
use saml::provider::{self, IdpSettings, OwnKeys};
use sp::{BackChannels, Current, Idp};

use self::by_hand::settings;
pub(crate) use self::federation::federation;
use self::lines::IdpLines;
use crate::host::Host;
use crate::metadata_source::{SourceKind, is_url};
use crate::place::{ConfigError, Given};
use crate::raw::{RawIdp, RawPolicy};
use crate::surroundings::Surroundings;
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
    federation::only_of_federations(raw)?;
    let policy = raw.policy.over(defaults);
    let settings = settings(raw, &policy, around)?;
    let lines = IdpLines { raw, policy: &policy };
    let document = around.document(SourceKind::Metadata, &raw.name);
    let octets = document.and_then(|document| document.octets.as_ref()?.first().cloned());
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
    let transmitter = transmitter::transmitter(raw, around, warnings)?;
    let idp = Idp::new(settings, current).with_back_channels(back_channels);
    Ok(idp.with_transmitter(transmitter))
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
    Ok(Current { provider: Arc::new(provider), ui })
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
