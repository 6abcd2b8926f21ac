//! Who tells of security events at an IdP (SSF 1.0).

use std::rc::Rc;

use http::{HttpUrl, Scheme};
use jwt::TrustedKeys;
use sp::{EventPoll, Transmitter};
use zeroize::Zeroizing;

use crate::host::{Host, Unusable};
use crate::metadata_source::{SourceKind, is_url};
use crate::place::{ConfigError, Given, Place};
use crate::raw::{RawEventPoll, RawIdp};
use crate::store_settings::TlsFiles;
use crate::surroundings::Surroundings;
use crate::warnings::Warnings;

/// Bytes of the shortest secret: who does not know it could try them all.
const SECRET_SHORTEST: usize = 16;

/// `None` = nobody tells.
///
/// # Errors
/// A file that cannot be used, or a line that others lack.
pub(super) fn transmitter<H: Host>(
    raw: &RawIdp,
    around: &mut Surroundings<'_, H>,
    warnings: &mut Warnings,
) -> Result<Option<Rc<Transmitter>>, ConfigError> {
    let Some(issuer) = &raw.events_issuer else {
        return match any_line(raw) {
            None => Ok(None),
            Some((name, place)) => {
                Err(ConfigError::new(place, format!("\"{name}\" needs \"events_issuer\"")))
            }
        };
    };
    let Some(jwks) = &raw.events_jwks else {
        let sentence = "\"events_issuer\" needs \"events_jwks\", the file or URL of the keys with which it signs";
        return Err(ConfigError::new(&issuer.place, sentence));
    };
    let document = around.document(SourceKind::EventKeys, &raw.name);
    let octets = document.and_then(|document| document.octets.as_ref()?.first());
    let keys = match octets.map(|octets| TrustedKeys::parse(octets)) {
        None => None,
        Some(Ok(keys)) => Some(keys),
        Some(Err(why)) if is_url(jwks) => {
            warnings.add(&jwks.place, format!("the copy that was kept cannot be used: {why}"));
            None
        }
        Some(Err(why)) => {
            let sentence = format!("\"events_jwks\" \"{}\" cannot be used: {why}", jwks.value);
            return Err(ConfigError::new(&jwks.place, sentence));
        }
    };
    let bearer = secret("events_bearer_file", raw.events_bearer_file.as_ref(), around, warnings)?;
    let poll = event_poll(raw, around, warnings)?;
    let audience = raw.events_audience.iter().map(|given| given.value.clone()).collect();
    let knows_session_indexes = raw.events_session_index.as_ref().is_some_and(|given| given.value);
    let issuer = issuer.value.clone();
    let bearer = bearer.as_ref().map(|secret| secret.as_slice());
    let made = Transmitter::new(issuer, audience, knows_session_indexes, bearer, keys);
    Ok(Some(Rc::new(made.with_poll(poll))))
}

/// The secret in a file; `None` = none is named.
fn secret<H: Host>(
    directive: &str,
    given: Option<&Given<String>>,
    around: &Surroundings<'_, H>,
    warnings: &mut Warnings,
) -> Result<Option<Zeroizing<Vec<u8>>>, ConfigError> {
    let Some(given) = given else { return Ok(None) };
    let secret = around.files.read_secret(directive, given, warnings)?;
    let secret = Zeroizing::new(secret.trim_ascii().to_vec());
    if secret.len() < SECRET_SHORTEST || !secret.iter().all(u8::is_ascii_graphic) {
        let sentence = format!(
            "\"{directive}\" \"{}\" must hold one secret of at least {SECRET_SHORTEST} characters without \
             blanks, as it is sent behind \"Bearer\"",
            given.value
        );
        return Err(ConfigError::new(&given.place, sentence));
    }
    Ok(Some(secret))
}

/// Where its tokens are asked for; `None` = it pushes them.
fn event_poll<H: Host>(
    raw: &RawIdp,
    around: &mut Surroundings<'_, H>,
    warnings: &mut Warnings,
) -> Result<Option<EventPoll>, ConfigError> {
    let Some(given) = &raw.events_poll else {
        return match &raw.events_poll_bearer_file {
            None => Ok(None),
            Some(given) => {
                let sentence = "\"events_poll_bearer_file\" needs \"events_poll\"; the secret of a \
                                transmitter that pushes is in \"events_bearer_file\"";
                Err(ConfigError::new(&given.place, sentence))
            }
        };
    };
    let RawEventPoll { url, interval } = &given.value;
    let error =
        |why: &str| ConfigError::new(&given.place, format!("\"events_poll\" \"{url}\" {why}"));
    let parsed = HttpUrl::parse(url)
        .ok_or_else(|| error("is no URL; write it whole, like https://idp.example.com/poll"))?;
    if parsed.scheme() != Scheme::Https {
        return Err(error("would be asked in the clear; use https"));
    }
    let trusted = raw.events_ssl_trusted_certificate.as_ref();
    if let Some(given) = trusted {
        around.files.read("events_ssl_trusted_certificate", given)?;
    }
    let trusted_certificate = trusted.map(|given| around.files.full_path(&given.value));
    let tls = TlsFiles { trusted_certificate, certificate: None, name: None };
    let way =
        around.host.back_channel(&[parsed], Some(&tls)).map_err(|unusable| match unusable {
            Unusable::Tls(why) => ConfigError::new(
                trusted.map_or(&given.place, |given| &given.place),
                format!("\"events_ssl_trusted_certificate\" cannot be used: {why}"),
            ),
            Unusable::Zone(why) | Unusable::Address { why, .. } => {
                error(&format!("cannot be asked: {why}"))
            }
        })?;
    let bearer = raw.events_poll_bearer_file.as_ref();
    let bearer = secret("events_poll_bearer_file", bearer, around, warnings)?;
    let authorization = bearer.map(|secret| format!("Bearer {}", String::from_utf8_lossy(&secret)));
    Ok(Some(EventPoll { url: url.clone(), interval: *interval, authorization, way }))
}

/// The first line about events.
pub(super) fn any_line(raw: &RawIdp) -> Option<(&'static str, &Place)> {
    [
        "events_issuer",
        "events_jwks",
        "events_audience",
        "events_poll",
        "events_poll_bearer_file",
        "events_bearer_file",
        "events_session_index",
        "events_ssl_trusted_certificate",
    ]
    .into_iter()
    .find_map(|name| Some((name, raw.place_of(name)?)))
}
