//! What has happened (CAEP 1.0, RISC 1.0, SSF 1.0 8.1).

use clock::{Seconds, UnixTime};
use serde_json::{Map, Value};

use crate::subject::Subject;

/// An event of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its type: a URI.
    pub uri: String,
    /// What it means for sessions.
    pub effect: Effect,
    /// When it happened, where it says so and the token bears it out.
    pub at: Option<UnixTime>,
    /// Whom it is about, where it says so itself, as events did before SSF 1.0.
    pub(crate) subject: Option<Subject>,
}

/// What an event means for the sessions of whom it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// They end.
    EndsSessions,
    /// Only a question whether anybody listens (SSF 1.0 8.1.4).
    Verification,
    /// None: it is of no type that ends sessions here.
    None,
}

const CAEP: &str = "https://schemas.openid.net/secevent/caep/event-type/";
const RISC: &str = "https://schemas.openid.net/secevent/risc/event-type/";
const SSF: &str = "https://schemas.openid.net/secevent/ssf/event-type/";

impl Event {
    /// The event of type `uri` in a token that was issued at `issued`.
    pub(crate) fn read(uri: &str, said: &Map<String, Value>, issued: UnixTime) -> Self {
        // By its own clock, and not after the token (CAEP 1.0 2).
        let at = said.get("event_timestamp").and_then(instant);
        let at = at.filter(|at| *at <= issued && issued - *at <= Seconds(86_400));
        let subject = said.get("subject").and_then(Value::as_object).and_then(Subject::read);
        Self { uri: uri.to_owned(), effect: effect(uri, said), at, subject }
    }
}

fn effect(uri: &str, said: &Map<String, Value>) -> Effect {
    if let Some(kind) = uri.strip_prefix(CAEP) {
        return match kind {
            "session-revoked" => Effect::EndsSessions,
            // A second factor that was added takes nothing away from anybody (CAEP 1.0 3.3).
            "credential-change" if said.get("change_type").is_some_and(|t| t == "create") => {
                Effect::None
            }
            "credential-change" => Effect::EndsSessions,
            _ => Effect::None,
        };
    }
    if let Some(kind) = uri.strip_prefix(RISC) {
        return match kind {
            "account-disabled"
            | "account-purged"
            | "sessions-revoked"
            | "account-credential-change-required"
            | "credential-compromise" => Effect::EndsSessions,
            _ => Effect::None,
        };
    }
    match uri.strip_prefix(SSF) {
        Some("verification") => Effect::Verification,
        _ => Effect::None,
    }
}

/// A NumericDate (RFC 7519 2), its fraction left out.
pub(crate) fn instant(value: &Value) -> Option<UnixTime> {
    let secs = value.as_i64().or_else(|| whole(value.as_f64()?))?;
    // The year 9999 ends before this.
    (0..253_402_300_800).contains(&secs).then(|| UnixTime::from_secs(secs))
}

#[expect(clippy::as_conversions, reason = "no other way leads from a float; it ends at the ends")]
fn whole(secs: f64) -> Option<i64> {
    secs.is_finite().then(|| secs.floor() as i64)
}
