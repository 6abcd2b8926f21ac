//! `saml_idp NAME { … }`.

use clock::Seconds;
use saml::metadata::{MetadataRule, MetadataTest};

use super::{DAY, HOUR, RawPolicy, YEAR};
use crate::directives::directives;
use crate::line::Line;
use crate::place::Place;
use crate::quantity;

directives! {
    /// The lines of a `saml_idp`.
    pub struct RawIdp {
        /// What the block is called.
        pub name: String,
        /// Where it begins.
        pub place: Place,
        /// What an SP could say as well.
        pub policy: RawPolicy,
    }

    once disabled: bool = "disabled", Line::flag;
    once metadata: String = "metadata", Line::text;
    words metadata_certificate: String = "metadata_certificate" [1..], |file| Ok(file.to_owned());
    once metadata_refresh: Option<Seconds> = "metadata_refresh",
        |line| line.seconds_or_off(Seconds(1), DAY * 7);
    once metadata_timeout: Seconds = "metadata_timeout", |line| line.seconds(Seconds(1), Seconds(300));
    once metadata_max_validity: Seconds = "metadata_max_validity",
        |line| line.seconds(Seconds(60), YEAR);
    once metadata_cache: String = "metadata_cache", Line::text;
    once metadata_ssl_verify: bool = "metadata_ssl_verify", Line::flag;
    once metadata_ssl_trusted_certificate: String = "metadata_ssl_trusted_certificate", Line::text;
    each metadata_filter: MetadataRule = "metadata_filter" [2..], metadata_filter;
    once events_issuer: String = "events_issuer", Line::text;
    words events_audience: String = "events_audience" [1..], |audience| Ok(audience.to_owned());
    once events_jwks: String = "events_jwks", Line::text;
    once events_ssl_trusted_certificate: String = "events_ssl_trusted_certificate", Line::text;
    once events_poll: RawEventPoll = "events_poll" [1..=2], event_poll;
    once events_poll_bearer_file: String = "events_poll_bearer_file", Line::text;
    once events_bearer_file: String = "events_bearer_file", Line::text;
    once events_session_index: bool = "events_session_index", Line::flag;
    words domain: String = "domain" [1..], domain;
    once entity_id: String = "entity_id", Line::text;
    once sso_url: String = "sso_url", Line::text;
    once slo_url: String = "slo_url", Line::text;
    once slo_response_url: String = "slo_response_url", Line::text;
    once artifact_url: String = "artifact_url", Line::text;
    words signing_certificate: String = "signing_certificate" [1..], |file| Ok(file.to_owned());
    words signing_key: String = "signing_key" [1..], |file| Ok(file.to_owned());
}

impl RawIdp {
    /// Is the block all IdPs of its metadata, and not one?
    pub(crate) fn is_federation(&self) -> bool {
        self.entity_id.as_ref().is_some_and(|given| given.value == ALL)
    }
}

/// Where a transmitter is asked, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEventPoll {
    /// Its endpoint.
    pub url: String,
    /// The time between.
    pub interval: Seconds,
}

/// How often it is asked when nothing else is said.
const POLL_INTERVAL: Seconds = Seconds(30);

/// As an entityID: that of every IdP.
const ALL: &str = "*";

/// `[!]entity_id PATTERN…`, `[!]registration_authority URI…`, `[!]entity_attribute NAME [VALUE…]`.
fn metadata_filter(line: &Line<'_>) -> Result<MetadataRule, String> {
    let (what, values) = match line.args.as_slice() {
        [what, values @ ..] => (*what, values.iter().map(|&value| value.to_owned())),
        [] => return Err("\"metadata_filter\" says nothing".to_owned()),
    };
    let (negated, what) = what.strip_prefix('!').map_or((false, what), |what| (true, what));
    let test = match what {
        "entity_id" => MetadataTest::EntityId(values.collect()),
        "registration_authority" => MetadataTest::RegistrationAuthority(values.collect()),
        "entity_attribute" => {
            let mut values = values;
            let name = values.next().unwrap_or_default();
            MetadataTest::EntityAttribute { name, values: values.collect() }
        }
        _ => {
            return Err(format!(
                "invalid value \"{what}\" in \"metadata_filter\" directive, it must be \"entity_id\" or \
                 \"registration_authority\" or \"entity_attribute\", with a ! before it to leave those out"
            ));
        }
    };
    Ok(MetadataRule { negated, test })
}

/// `URL [interval=TIME]`.
fn event_poll(line: &Line<'_>) -> Result<RawEventPoll, String> {
    let (url, given) = match line.args.as_slice() {
        [url] => (*url, None),
        [url, parameter] => (*url, Some(*parameter)),
        _ => return Err("\"events_poll\" takes a URL".to_owned()),
    };
    let interval = match given {
        None => Some(POLL_INTERVAL),
        Some(parameter) => parameter
            .strip_prefix("interval=")
            .and_then(|time| quantity::seconds(time).map(Seconds))
            .filter(|interval| (Seconds(1)..=HOUR).contains(interval)),
    };
    let interval = interval.ok_or_else(|| {
        format!(
            "invalid parameter \"{}\" in \"events_poll\" directive, it must be interval= and a time from 1s \
             to 1h, written like interval=30s",
            given.unwrap_or_default()
        )
    })?;
    Ok(RawEventPoll { url: url.to_owned(), interval })
}

/// What stands behind the `@` of e-mail addresses; in lower case.
fn domain(name: &str) -> Result<String, String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    if !name.is_empty() && name.bytes().all(is_plain) {
        return Ok(name.to_ascii_lowercase());
    }
    Err(format!(
        "invalid domain \"{name}\", it must be what stands behind the @ of e-mail addresses, like \
         example.com, in the letters of DNS"
    ))
}
