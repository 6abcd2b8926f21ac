//! Who tells of security events at an IdP (SSF 1.0).

use std::rc::Rc;

use jwt::TrustedKeys;
use sp::Transmitter;

use crate::host::Host;
use crate::metadata_source::{SourceKind, is_url};
use crate::place::{ConfigError, Place};
use crate::raw::RawIdp;
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
    around: &Surroundings<'_, H>,
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
    let bearer = match &raw.events_bearer_file {
        None => None,
        Some(given) => {
            let secret = around.files.read_secret("events_bearer_file", given, warnings)?;
            let secret = secret.trim_ascii().to_vec();
            if secret.len() < SECRET_SHORTEST || !secret.iter().all(u8::is_ascii_graphic) {
                let sentence = format!(
                    "\"events_bearer_file\" \"{}\" must hold one secret of at least {SECRET_SHORTEST} \
                     characters without blanks, as the transmitter sends it behind \"Bearer\"",
                    given.value
                );
                return Err(ConfigError::new(&given.place, sentence));
            }
            Some(secret)
        }
    };
    let audience = raw.events_audience.iter().map(|given| given.value.clone()).collect();
    let knows_session_indexes = raw.events_session_index.as_ref().is_some_and(|given| given.value);
    let issuer = issuer.value.clone();
    let made = Transmitter::new(issuer, audience, knows_session_indexes, bearer.as_deref(), keys);
    Ok(Some(Rc::new(made)))
}

/// The first line about events.
pub(super) fn any_line(raw: &RawIdp) -> Option<(&'static str, &Place)> {
    [
        "events_issuer",
        "events_jwks",
        "events_audience",
        "events_bearer_file",
        "events_session_index",
        "events_ssl_trusted_certificate",
    ]
    .into_iter()
    .find_map(|name| Some((name, raw.place_of(name)?)))
}
