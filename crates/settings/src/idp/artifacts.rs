//! An IdP's ArtifactResolutionServices: the host itself connects to them.

use std::rc::Rc;

use http::{HttpUrl, Scheme};
use saml::provider::{Idp, ResponseBinding};
use sp::BackChannel;

use super::back_channel::back_channel;
use crate::files::Files;
use crate::host::{Host, Unusable};
use crate::place::{ConfigError, Given, Place};
use crate::raw::{RawIdp, RawPolicy};
use crate::store_settings::TlsFiles;
use crate::surroundings::Surroundings;
use crate::warnings::Warnings;

/// The settings that say something only for a server by https.
const OF_TLS: [&str; 3] = [
    "artifact_ssl_trusted_certificate",
    "artifact_ssl_certificate",
    "artifact_ssl_certificate_key",
];

/// The ways to them, and to where new metadata may move them; `None` = no artifact is taken.
pub(super) fn way<H: Host>(
    raw: &RawIdp,
    policy: &RawPolicy,
    idp: Option<&Idp>,
    around: &mut Surroundings<'_, H>,
    warnings: &mut Warnings,
) -> Result<Option<Rc<dyn BackChannel>>, ConfigError> {
    let binding = policy.request.response_binding.as_ref().map(|given| given.value);
    if binding != Some(ResponseBinding::Artifact) {
        warn_of_idle(raw, &["artifact_url"], "response_binding is not artifact", warnings);
        warn_of_idle(raw, &OF_TLS, "response_binding is not artifact", warnings);
        return Ok(None);
    }
    let endpoints = idp.map(|idp| idp.artifact_resolution.as_slice()).unwrap_or_default();
    let urls: Vec<_> =
        endpoints.iter().filter_map(|endpoint| HttpUrl::parse(&endpoint.location)).collect();
    let may_be_secure = urls.is_empty() || urls.iter().any(|url| url.scheme() == Scheme::Https);
    if !may_be_secure {
        warn_of_idle(raw, &OF_TLS, "its artifacts are not resolved by https", warnings);
    }
    let tls = match may_be_secure {
        true => Some(tls_files(policy, around.files)?),
        false => None,
    };
    let refuse = |unusable| match unusable {
        Unusable::Tls(why) => ConfigError::new(
            OF_TLS.iter().find_map(|name| policy.place_of(name)).unwrap_or(&raw.place),
            format!(
                "TLS for the artifacts of saml_idp \"{}\" cannot be set up, see \
                 \"artifact_ssl_trusted_certificate\" and \"artifact_ssl_certificate\": {why}",
                raw.name
            ),
        ),
        Unusable::Zone(why) => ConfigError::new(&raw.place, why),
        Unusable::Address { address, why } => ConfigError::new(
            place(raw, policy),
            format!(
                "the ArtifactResolutionService at {address} of saml_idp \"{}\" cannot be used: {why}; \
                 make its name known to this host, give another by \"artifact_url\", or say \
                 \"response_binding post\"",
                raw.name
            ),
        ),
    };
    let (by_hand, tls) = (raw.artifact_url.as_ref(), tls.as_ref());
    back_channel(raw, by_hand, &urls, tls, refuse, around, warnings).map(Some)
}

fn tls_files(policy: &RawPolicy, files: &Files) -> Result<TlsFiles, ConfigError> {
    let read = |name: &str, given: &Option<Given<String>>| match given {
        Some(given) => {
            files.read(name, given)?;
            Ok(Some(files.full_path(&given.value)))
        }
        None => Ok(None),
    };
    let [trusted, shown, shown_key] = OF_TLS;
    let certificate = read(shown, &policy.artifact_ssl_certificate)?;
    let key = read(shown_key, &policy.artifact_ssl_certificate_key)?;
    let alone = match (&policy.artifact_ssl_certificate, &policy.artifact_ssl_certificate_key) {
        (Some(given), None) | (None, Some(given)) => Some(&given.place),
        _ => None,
    };
    if let Some(place) = alone {
        let sentence = format!("\"{shown}\" and \"{shown_key}\" go together; give both");
        return Err(ConfigError::new(place, sentence));
    }
    Ok(TlsFiles {
        trusted_certificate: read(trusted, &policy.artifact_ssl_trusted_certificate)?,
        certificate: certificate.zip(key),
        name: None,
    })
}

/// What led to these endpoints.
fn place<'a>(raw: &'a RawIdp, policy: &'a RawPolicy) -> &'a Place {
    let by_hand = raw.artifact_url.as_ref().map(|given| &given.place);
    let binding = policy.request.response_binding.as_ref().map(|given| &given.place);
    by_hand.or(binding).unwrap_or(&raw.place)
}

/// Someone expects what is not done.
fn warn_of_idle(raw: &RawIdp, names: &[&str], why: &str, warnings: &mut Warnings) {
    let given = names.iter().find_map(|name| {
        let place = raw.place_of(name).or_else(|| raw.policy.place_of(name))?;
        Some((name, place))
    });
    if let Some((name, place)) = given {
        warnings.add(place, format!("\"{name}\" is of no use at saml_idp \"{}\": {why}", raw.name));
    }
}
