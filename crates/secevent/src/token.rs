//! A Security Event Token (RFC 8417 2.2).

use clock::UnixTime;
use serde_json::{Map, Value};

use crate::event::{Event, instant};
use crate::subject::Subject;

/// Events of one token: they are aspects of one thing that has happened (RFC 8417 2.2).
const EVENTS_MOST: usize = 16;
/// Bytes of an identifier, of a URI.
const TEXT_MOST: usize = 1024;
/// Audiences of one token.
const AUDIENCES_MOST: usize = 64;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityEventToken {
    /// Tells it from all others of its issuer.
    pub id: String,
    /// When it was issued.
    pub issued: UnixTime,
    /// Whom it is for.
    pub audience: Vec<String>,
    /// What has happened.
    pub events: Vec<Event>,
    /// Whom it happened to; `None` = nothing says it.
    pub subject: Option<Subject>,
}

impl SecurityEventToken {
    /// Reads the claims of a token.
    ///
    /// # Errors
    /// What RFC 8417 wants is not there, or of another form: the end of a sentence.
    pub fn read(claims: &Map<String, Value>) -> Result<Self, String> {
        let id = claims.get("jti").and_then(Value::as_str).filter(|id| is_short(id));
        let id = id.ok_or("it has no \"jti\" of 1 to 1024 bytes")?.to_owned();
        let issued = claims.get("iat").and_then(instant).ok_or("it has no \"iat\"")?;
        let audience = audience(claims.get("aud")).ok_or("it has no \"aud\"")?;
        let Some(Value::Object(all)) = claims.get("events") else {
            return Err("it has no \"events\"".to_owned());
        };
        if all.is_empty() || all.len() > EVENTS_MOST {
            return Err(format!("it has {} events, it must be 1 to {EVENTS_MOST}", all.len()));
        }
        let mut events = Vec::new();
        for (uri, said) in all {
            let Some(said) = said.as_object().filter(|_| is_short(uri)) else {
                return Err("an event of it is no object, or its type is no URI".to_owned());
            };
            events.push(Event::read(uri, said, issued));
        }
        let subject = match claims.get("sub_id") {
            // RFC 9493 4.1.
            Some(said) => {
                let read = said.as_object().and_then(Subject::read);
                Some(read.ok_or("its \"sub_id\" is no subject identifier (RFC 9493)")?)
            }
            None => events.iter().find_map(|event| event.subject.clone()),
        };
        Ok(Self { id, issued, audience, events, subject })
    }
}

fn is_short(text: &str) -> bool {
    (1..=TEXT_MOST).contains(&text.len())
}

/// A text, or several (RFC 7519 4.1.3).
fn audience(said: Option<&Value>) -> Option<Vec<String>> {
    match said? {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(all) if !all.is_empty() && all.len() <= AUDIENCES_MOST => {
            all.iter().map(|one| Some(one.as_str()?.to_owned())).collect()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::Effect;
    use crate::subject::Identifier;

    const CAEP: &str = "https://schemas.openid.net/secevent/caep/event-type/";
    const RISC: &str = "https://schemas.openid.net/secevent/risc/event-type/";

    fn claims(change: impl FnOnce(&mut Value)) -> Map<String, Value> {
        let mut claims = json!({
            "iss": "https://idp.example.com/", "jti": "756E69717565", "iat": 1_795_260_600,
            "aud": "https://sp.example.com/caep", "txn": "8675309",
            "sub_id": { "format": "email", "email": "jane@example.com" },
            "events": { (format!("{CAEP}session-revoked")): { "event_timestamp": 1_795_260_500 } },
        });
        change(&mut claims);
        let Value::Object(claims) = claims else { panic!() };
        claims
    }

    fn subject(said: Value) -> Option<Subject> {
        let read = SecurityEventToken::read(&claims(|claims| claims["sub_id"] = said));
        read.ok()?.subject
    }

    fn effect(uri: &str, said: Value) -> Effect {
        let read = claims(|claims| claims["events"] = json!({ (uri): said }));
        SecurityEventToken::read(&read).unwrap().events[0].effect
    }

    #[test]
    fn a_session_revoked_of_caep_is_read() {
        let token = SecurityEventToken::read(&claims(|_| {})).unwrap();
        assert_eq!((token.id.as_str(), token.issued.as_secs()), ("756E69717565", 1_795_260_600));
        assert_eq!(token.audience, ["https://sp.example.com/caep"]);
        let [event] = token.events.as_slice() else { panic!() };
        assert_eq!(event.effect, Effect::EndsSessions);
        assert_eq!(event.at, Some(UnixTime::from_secs(1_795_260_500)));
        let user = vec![Identifier::Email("jane@example.com".to_owned())];
        assert_eq!(token.subject, Some(Subject { user, session: None }));
    }

    #[test]
    fn what_rfc_8417_wants_must_be_there() {
        for (name, value) in [
            ("jti", json!(null)),
            ("jti", json!("")),
            ("jti", json!("x".repeat(1025))),
            ("iat", json!("now")),
            ("iat", json!(-1)),
            ("iat", json!(1e300)),
            ("aud", json!(null)),
            ("aud", json!([])),
            ("aud", json!([1])),
            ("events", json!(null)),
            ("events", json!({})),
            ("events", json!([])),
            ("events", json!({ "urn:a": "b" })),
            ("events", json!({ "": {} })),
            ("sub_id", json!("jane")),
            ("sub_id", json!({ "email": "jane@example.com" })),
            ("sub_id", json!({ "format": "aliases", "identifiers": [] })),
            ("sub_id", json!({ "format": "complex", "user": "jane" })),
        ] {
            let read = SecurityEventToken::read(&claims(|claims| claims[name] = value.clone()));
            assert!(read.is_err(), "{name}: {value}");
        }
        let many: Map<_, _> = (0..17).map(|n| (format!("urn:{n}"), json!({}))).collect();
        assert!(
            SecurityEventToken::read(&claims(|claims| claims["events"] = many.into())).is_err()
        );
    }

    #[test]
    fn which_events_end_sessions() {
        for kind in ["session-revoked", "credential-change"] {
            assert_eq!(effect(&format!("{CAEP}{kind}"), json!({})), Effect::EndsSessions, "{kind}");
        }
        for kind in
            ["account-disabled", "account-purged", "sessions-revoked", "credential-compromise"]
        {
            assert_eq!(effect(&format!("{RISC}{kind}"), json!({})), Effect::EndsSessions, "{kind}");
        }
        let change = |kind: &str| {
            effect(&format!("{CAEP}credential-change"), json!({ "change_type": kind }))
        };
        assert_eq!((change("create"), change("revoke")), (Effect::None, Effect::EndsSessions));
        let verification = "https://schemas.openid.net/secevent/ssf/event-type/verification";
        assert_eq!(effect(verification, json!({ "state": "x" })), Effect::Verification);
        for other in [
            &format!("{CAEP}token-claims-change"),
            &format!("{CAEP}assurance-level-change"),
            &format!("{RISC}account-enabled"),
            &format!("{RISC}identifier-changed"),
            "urn:example:session-revoked",
            "session-revoked",
        ] {
            assert_eq!(effect(other, json!({})), Effect::None, "{other}");
        }
    }

    #[test]
    fn the_formats_of_rfc_9493() {
        for (said, expected) in [
            (json!({ "format": "opaque", "id": "11112222333344445555" }), "11112222333344445555"),
            (json!({ "format": "account", "uri": "acct:jane@example.com" }), "jane@example.com"),
            (json!({ "format": "uri", "uri": "https://user.example/1" }), "https://user.example/1"),
            (json!({ "format": "did", "url": "did:example:123456" }), "did:example:123456"),
            (json!({ "format": "phone_number", "phone_number": "+12065550100" }), "+12065550100"),
        ] {
            let [one] = &subject(said).unwrap().user[..] else { panic!() };
            let (Identifier::Opaque(name)
            | Identifier::Account(name)
            | Identifier::Uri(name)
            | Identifier::PhoneNumber(name)) = one
            else {
                panic!("{one:?}")
            };
            assert_eq!(name, expected);
        }
        let named = Identifier::IssuerAndSubject {
            issuer: "https://issuer.example.com/".to_owned(),
            subject: "145234573".to_owned(),
        };
        let said = json!({ "format": "iss_sub", "iss": "https://issuer.example.com/", "sub": "145234573" });
        assert_eq!(subject(said.clone()).unwrap().user.first(), Some(&named));
        let aliases =
            json!({ "format": "aliases", "identifiers": [said, { "format": "ip", "x": 1 }] });
        let unknown = Identifier::Unknown("ip".to_owned());
        assert_eq!(subject(aliases).unwrap().user, [named, unknown]);
        let lacks = subject(json!({ "format": "account", "uri": "jane@example.com" })).unwrap();
        assert_eq!(lacks.user, [Identifier::Unknown("account".to_owned())]);
    }

    #[test]
    fn a_complex_subject_has_a_user_and_a_session() {
        let session = json!({ "format": "opaque", "id": "_s1" });
        let user = json!({ "format": "email", "email": "jane@example.com" });
        for said in [
            json!({ "format": "complex", "user": user, "session": session, "tenant": { "format": "opaque", "id": "t" } }),
            json!({ "user": user, "session": session }),
        ] {
            let read = subject(said).unwrap();
            assert_eq!(read.user, [Identifier::Email("jane@example.com".to_owned())]);
            assert_eq!(read.session, Some(Identifier::Opaque("_s1".to_owned())));
        }
        let alone = subject(json!({ "format": "complex", "session": session })).unwrap();
        assert!(alone.user.is_empty());
    }

    #[test]
    fn events_of_before_ssf_1_0_say_themselves_whom_they_are_about() {
        let read = SecurityEventToken::read(&claims(|claims| {
            let events = json!({ (format!("{RISC}account-disabled")): {
                "subject": { "subject_type": "iss-sub", "iss": "https://idp.example.com/", "sub": "7375626A656374" },
                "reason": "hijacking" } });
            claims["events"] = events;
            claims.as_object_mut().unwrap().remove("sub_id");
        }));
        let [Identifier::IssuerAndSubject { subject, .. }] =
            &read.unwrap().subject.unwrap().user[..]
        else {
            panic!()
        };
        assert_eq!(subject, "7375626A656374");
    }

    #[test]
    fn an_event_is_not_later_than_its_token_and_not_much_older() {
        let at = |timestamp: Value| {
            let events =
                json!({ (format!("{CAEP}session-revoked")): { "event_timestamp": timestamp } });
            let read = SecurityEventToken::read(&claims(|claims| claims["events"] = events));
            read.unwrap().events[0].at.map(UnixTime::as_secs)
        };
        assert_eq!(at(json!(1_795_260_600)), Some(1_795_260_600));
        assert_eq!(at(json!(1_795_260_599.9)), Some(1_795_260_599));
        for strange in [json!(1_795_260_601), json!(0), json!("x"), json!(1_795_174_199)] {
            assert_eq!(at(strange), None);
        }
    }
}
