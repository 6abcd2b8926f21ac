//! A block that is a whole federation: `entity_id *`.

use std::sync::Arc;

use clock::UnixTime;
use saml::metadata::{Federation, MetadataFilter};
use saml::provider::{self, IdpSettings, OwnKeys};
use sp::{BackChannels, FederatedIdps};

use super::by_hand::settings;
use super::lines::IdpLines;
use super::{artifacts, slo_soap, transmitter};
use crate::host::Host;
use crate::metadata_source::{SourceKind, is_url};
use crate::place::{ConfigError, Given, Place};
use crate::raw::{RawIdp, RawPolicy};
use crate::surroundings::Surroundings;
use crate::warnings::Warnings;

/// Validates `raw`, which [is a federation](RawIdp::is_federation), for an SP whose defaults are `defaults`
/// and that has these keys.
///
/// # Errors
/// A file, URL or setting that cannot be used, or is for one IdP.
pub(crate) fn federation<H: Host>(
    raw: &RawIdp,
    defaults: &RawPolicy,
    own: OwnKeys<'_>,
    around: &mut Surroundings<'_, H>,
    warnings: &mut Warnings,
) -> Result<FederatedIdps, ConfigError> {
    let Some(given) = &raw.metadata else {
        return Err(ConfigError::new(
            raw.entity_id.as_ref().map_or(&raw.place, |given| &given.place),
            "\"entity_id *\" needs \"metadata\": it means all IdPs that are in it",
        ));
    };
    only_of_one(raw)?;
    let policy = raw.policy.over(defaults);
    let settings = IdpSettings { entity_id: None, ..settings(raw, &policy, around)? };
    let lines = IdpLines { raw, policy: &policy };
    lines.judge(warnings, |found| provider::Idp::check_awaited(&settings, own, found))?;
    let filter = Arc::new(MetadataFilter(
        raw.metadata_filter.iter().map(|given| given.value.clone()).collect(),
    ));
    let document = around.document(SourceKind::Metadata, &raw.name);
    let octets = document.and_then(|document| document.octets.clone());
    let current = match octets.map(|octets| read(raw, &settings, &filter, &octets, around.now)) {
        None => None,
        // The server goes on: what lies on the shelf is fetched anew when it runs.
        Some(Err(why)) if is_url(given) => {
            let sentence = format!("the copy that was kept cannot be used: {why}");
            warnings.add(&given.place, sentence);
            None
        }
        Some(Err(why)) => {
            let sentence = format!("metadata \"{}\": {why}", given.value);
            return Err(ConfigError::new(&given.place, sentence));
        }
        Some(Ok(federation)) => {
            for why in &federation.warnings {
                warnings.add(&given.place, format!("metadata \"{}\": {why}", given.value));
            }
            Some(Arc::new(federation))
        }
    };
    let back_channels = BackChannels {
        logout: slo_soap::way(raw, &policy, None, around, warnings)?,
        artifacts: artifacts::way(raw, &policy, None, around, warnings)?,
    };
    Ok(FederatedIdps::new(settings, filter, own, current).with_back_channels(back_channels))
}

fn read(
    raw: &RawIdp,
    settings: &IdpSettings,
    filter: &MetadataFilter,
    octets: &[Vec<u8>],
    now: UnixTime,
) -> Result<Federation, String> {
    let documents = octets.iter().map(Vec::as_slice);
    let signers = settings.metadata_signers.as_deref();
    let found = Federation::read(documents, filter, signers).map_err(|error| error.to_string())?;
    let longest = raw.metadata_max_validity.as_ref().map(|given| given.value);
    let checked = longest.map_or(Ok(()), |_| found.check_validity(now, longest));
    checked.map(|()| found).map_err(|error| error.to_string())
}

/// What says something of one IdP.
fn only_of_one(raw: &RawIdp) -> Result<(), ConfigError> {
    fn once<'a, T>(
        name: &'static str,
        given: &'a Option<Given<T>>,
    ) -> Option<(&'static str, &'a Place)> {
        given.as_ref().map(|given| (name, &given.place))
    }
    fn many<'a, T>(name: &'static str, given: &'a [Given<T>]) -> Option<(&'static str, &'a Place)> {
        given.first().map(|given| (name, &given.place))
    }
    let found = once("sso_url", &raw.sso_url)
        .or_else(|| once("slo_url", &raw.slo_url))
        .or_else(|| once("slo_response_url", &raw.slo_response_url))
        .or_else(|| once("artifact_url", &raw.artifact_url))
        .or_else(|| many("signing_certificate", &raw.signing_certificate))
        .or_else(|| many("signing_key", &raw.signing_key))
        .or_else(|| many("domain", &raw.domain))
        .or_else(|| transmitter::any_line(raw));
    match found {
        None => Ok(()),
        Some((name, place)) => Err(ConfigError::new(
            place,
            format!(
                "\"{name}\" is of one IdP, and \"entity_id *\" means all of the metadata; give that IdP a \
                 saml_idp of its own"
            ),
        )),
    }
}

/// What chooses among the IdPs of a federation.
pub(super) fn only_of_federations(raw: &RawIdp) -> Result<(), ConfigError> {
    match raw.metadata_filter.first() {
        None => Ok(()),
        Some(given) => Err(ConfigError::new(
            &given.place,
            "\"metadata_filter\" chooses among all IdPs of the metadata: add \"entity_id *\"",
        )),
    }
}
