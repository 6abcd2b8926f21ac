//! `saml_events`: who is told of as having lost their account or session is out, on the word of the transmitter
//! alone.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::Seconds;
use jwt::{KeySet, TrustedKeys};
use serde_json::{Value, json};
use sp::EndpointKind::Events;
use sp::Transmitter;

use crate::site::{
    Answer, Ask, Assertion, Browser, ENTITY_ID, KEYS, Manner, NOW, Plan, Site, corp, signing,
};

pub const ISSUER: &str = "https://transmitter.example.com";
pub const SECRET: &str = "a secret of the two";
const MEDIA_TYPE: &str = "application/secevent+jwt";
const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

/// What the transmitter is like.
struct Told {
    bearer: Option<&'static str>,
    knows_session_indexes: bool,
    audience: Vec<String>,
    has_keys: bool,
}

impl Default for Told {
    fn default() -> Self {
        Self { bearer: None, knows_session_indexes: false, audience: Vec::new(), has_keys: true }
    }
}

pub fn trusted_keys() -> TrustedKeys {
    let set = KeySet::new(&[signing(&KEYS.corp)]).unwrap().unwrap().to_json();
    TrustedKeys::parse(set.as_bytes()).unwrap()
}

fn site(told: Told, plan: Plan) -> Site {
    let keys = told.has_keys.then(trusted_keys);
    let bearer = told.bearer.map(str::as_bytes);
    let transmitter = Transmitter::new(
        ISSUER.to_owned(),
        told.audience,
        told.knows_session_indexes,
        bearer,
        keys,
    );
    Plan { transmitter: Some(transmitter), ..plan }.site()
}

pub fn claims(jti: &str, subject: Value) -> Value {
    json!({
        "iss": ISSUER, "jti": jti, "iat": NOW.as_secs(), "aud": ENTITY_ID, "sub_id": subject,
        "events": { (SESSION_REVOKED): { "event_timestamp": NOW.as_secs() } },
    })
}

pub fn jane() -> Value {
    json!({ "format": "opaque", "id": "jane" })
}

pub fn signed(claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let header = json!({ "typ": "secevent+jwt", "alg": "ES256" });
    let input = format!("{}.{}", part(&header), part(claims));
    let key = signing(&KEYS.corp);
    let signature = key.sign_octets_r_s(key.default_algorithm(), input.as_bytes()).unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn push(site: &Site, claims: &Value) -> Answer {
    site.call(Ask::call(Events, MEDIA_TYPE, signed(claims)))
}

fn err(answer: &Answer) -> (u16, String) {
    let said: Value = serde_json::from_str(answer.text()).unwrap();
    assert!(said["description"].as_str().is_some_and(|text| !text.is_empty()));
    assert_eq!(answer.header("Content-Language"), Some("en"));
    (answer.status(), said["err"].as_str().unwrap().to_owned())
}

pub fn signed_in(site: &Site, session_index: &str) -> Browser {
    let mut browser = Browser::default();
    site.log_in(&mut browser, session_index);
    site.counted.take();
    browser
}

#[test]
fn whose_session_is_revoked_is_out_once() {
    let site = site(Told::default(), Plan::default());
    let browsers = [signed_in(&site, "_s1"), signed_in(&site, "_s2")];
    let told = claims("j1", jane());
    assert_eq!((push(&site, &told).status(), push(&site, &told).status()), (202, 202));
    assert!(browsers.iter().all(|browser| site.session(browser).is_none()));
    let expected = ["sessions_ended", "repeated"];
    let counted = site.counted.take();
    assert_eq!(counted, expected.map(|outcome| format!("security_event app corp {outcome}")));

    site.wait(Seconds(2));
    let later = signed_in(&site, "_s3");
    assert_eq!(push(&site, &told).status(), 202);
    assert!(site.session(&later).is_some(), "the same again does nothing");
    assert_eq!(push(&site, &claims("j2", jane())).status(), 202);
    assert!(site.session(&later).is_none(), "another one does");
}

#[test]
fn a_login_that_was_under_way_comes_too_late() {
    let site = site(Told::default(), Plan::default());
    let mut browser = Browser::default();
    let asked = site.begin_login(&mut browser, "/");
    let assertion = Assertion::of_jane("_s1", site.now.get()).answering(&asked);
    assert_eq!(push(&site, &claims("j1", jane())).status(), 202);
    let answer = site.ask(&mut browser, Ask::send(sp::EndpointKind::Acs, assertion.form(corp())));
    assert_eq!(answer.code(), Some("assertion_logged_out"));
}

#[test]
fn subjects_of_each_format_are_looked_for_as_name_ids() {
    for (subject, ends) in [
        (json!({ "format": "email", "email": "jane" }), true),
        (json!({ "format": "iss_sub", "iss": ISSUER, "sub": "jane" }), true),
        (json!({ "format": "iss_sub", "iss": corp().entity_id, "sub": "jane" }), true),
        (json!({ "format": "account", "uri": "acct:jane" }), true),
        (json!({ "format": "complex", "user": jane() }), true),
        (json!({ "format": "aliases", "identifiers": [{ "format": "x" }, jane()] }), true),
        (json!({ "format": "iss_sub", "iss": "https://other.example", "sub": "jane" }), false),
        (json!({ "format": "opaque", "id": "john" }), false),
    ] {
        let site = site(Told::default(), Plan::default());
        let browser = signed_in(&site, "_s1");
        assert_eq!(push(&site, &claims("j", subject.clone())).status(), 202);
        assert_eq!(site.session(&browser).is_none(), ends, "{subject}");
    }
}

#[test]
fn a_subject_that_is_nobodys_is_taken_and_told() {
    for subject in [
        json!({ "format": "saml_assertion_id", "issuer": corp().entity_id, "assertion_id": "_a" }),
        json!({ "format": "complex", "session": { "format": "opaque", "id": "_s1" } }),
        json!({ "format": "something_new", "name": "jane" }),
    ] {
        let site = site(Told::default(), Plan::default());
        let browser = signed_in(&site, "_s1");
        assert_eq!(push(&site, &claims("j", subject)).status(), 202);
        assert_eq!(site.counted.take(), ["security_event app corp subject_unknown"]);
        assert!(site.notes.borrow().iter().any(|note| note.contains("nobody was logged out")));
        assert!(site.session(&browser).is_some());
    }
}

#[test]
fn one_session_ends_alone_where_the_transmitter_calls_it_as_saml_does() {
    let subject = json!({
        "format": "complex", "user": jane(), "session": { "format": "opaque", "id": "_s1" },
    });
    for knows_session_indexes in [true, false] {
        let told = Told { knows_session_indexes, ..Told::default() };
        let site = site(told, Plan::default());
        let browsers = ["_s1", "_s2"].map(|session_index| signed_in(&site, session_index));
        push(&site, &claims("j", subject.clone()));
        let ended = browsers.map(|browser| site.session(&browser).is_none());
        assert_eq!(ended, [true, !knows_session_indexes]);
    }
}

#[test]
fn other_events_are_taken_and_end_nothing() {
    let site = site(Told::default(), Plan::default());
    let browser = signed_in(&site, "_s1");
    for uri in [
        "https://schemas.openid.net/secevent/ssf/event-type/verification",
        "https://schemas.openid.net/secevent/caep/event-type/token-claims-change",
        "urn:something",
    ] {
        let mut told = claims(uri, jane());
        told["events"] = json!({ (uri): { "state": "x" } });
        assert_eq!(push(&site, &told).status(), 202);
        assert_eq!(site.counted.take(), ["security_event app corp no_effect"]);
    }
    assert!(site.session(&browser).is_some());
    let notes = site.notes.borrow();
    assert_eq!(notes.iter().filter(|note| note.contains("asked whether they do")).count(), 1);
}

#[test]
fn what_is_not_the_transmitters_word_is_refused_as_rfc_8935_says() {
    let site = site(Told::default(), Plan::default());
    let browser = signed_in(&site, "_s1");
    let with = |name: &str, value: Value| {
        let mut claims = claims("j", jane());
        claims[name] = value;
        err(&push(&site, &claims))
    };
    let answer = |code: &str| (400, code.to_owned());
    assert_eq!(with("iss", json!("https://transmitter.example.com/")), answer("invalid_issuer"));
    assert_eq!(with("aud", json!("https://other.example")), answer("invalid_audience"));
    assert_eq!(with("events", json!({})), answer("invalid_request"));
    let day = 86_400;
    assert_eq!(with("iat", json!(NOW.as_secs() + 61)), answer("invalid_request"));
    assert_eq!(with("iat", json!(NOW.as_secs() - day - 61)), answer("invalid_request"));

    let token = signed(&claims("j", jane()));
    let forged = format!("{}A", &token[..token.len() - 1]);
    let forged = if forged == token { format!("{}Q", &token[..token.len() - 1]) } else { forged };
    for (media_type, body, code) in [
        (MEDIA_TYPE, forged, "invalid_key"),
        (MEDIA_TYPE, "x".repeat((64 << 10) + 1), "invalid_request"),
        (MEDIA_TYPE, String::new(), "invalid_request"),
        ("application/jwt", token.clone(), "invalid_request"),
        ("application/x-www-form-urlencoded", token, "invalid_request"),
    ] {
        let refused = err(&site.call(Ask::call(Events, media_type, body)));
        assert_eq!(refused, answer(code), "{media_type}");
    }
    assert!(site.session(&browser).is_some());
    let mut old = claims("j", jane());
    old["iat"] = json!(NOW.as_secs() - day);
    assert_eq!(push(&site, &old).status(), 202);
}

#[test]
fn who_does_not_know_the_secret_is_not_heard() {
    let told = Told { bearer: Some(SECRET), ..Told::default() };
    let site = site(told, Plan::default());
    let browser = signed_in(&site, "_s1");
    let token = signed(&claims("j", jane()));
    let ask = || Ask::call(Events, MEDIA_TYPE, token.clone());
    for wrong in [None, Some("Bearer wrong"), Some(SECRET)] {
        let ask = wrong.map_or_else(ask, |wrong| ask().with("Authorization", wrong));
        let answer = site.call(ask);
        assert_eq!(err(&answer), (401, "authentication_failed".to_owned()));
        assert_eq!(answer.header("WWW-Authenticate"), Some("Bearer"));
    }
    assert!(site.session(&browser).is_some());
    let good = ask().with("Authorization", &format!("Bearer {SECRET}"));
    assert_eq!(site.call(good).status(), 202);
    assert!(site.session(&browser).is_none());
}

#[test]
fn the_audience_is_the_sps_or_the_one_that_is_configured() {
    let own = "https://app.example.com/events";
    let told = Told { audience: vec![own.to_owned()], ..Told::default() };
    let site = site(told, Plan::default());
    let mut told = claims("j", jane());
    assert_eq!(err(&push(&site, &told)).1, "invalid_audience");
    told["aud"] = json!(["https://other.example", own]);
    assert_eq!(push(&site, &told).status(), 202);
}

#[test]
fn what_is_not_stored_is_not_taken() {
    let site = site(Told::default(), Plan::default());
    let browser = signed_in(&site, "_s1");
    site.sp.sessions.is_down.set(true);
    let answer = push(&site, &claims("j", jane()));
    assert_eq!(answer.refused(), (503, "store_unavailable"));
    assert_eq!(answer.header("Retry-After"), Some("10"));
    site.sp.sessions.is_down.set(false);
    assert_eq!(push(&site, &claims("j", jane())).status(), 202);
    assert!(site.session(&browser).is_none(), "it came again");
}

#[test]
fn without_keys_it_has_to_come_again() {
    let site = site(Told { has_keys: false, ..Told::default() }, Plan::default());
    assert_eq!(push(&site, &claims("j", jane())).refused(), (503, "event_keys_awaited"));
}

#[test]
fn the_applications_hear_of_it_and_the_transmitter_does_not_hear_that_they_have_not() {
    let plan = Plan { logout_notify: &["/told"], ..Plan::default() };
    let site = site(Told::default(), plan);
    signed_in(&site, "_s1");
    site.application.manner.set(Manner::Refuses);
    let answer = push(&site, &claims("j", jane()));
    assert_eq!((answer.status(), answer.code()), (202, Some("logout_notify_failed")));
    assert_eq!(site.application.told.borrow()[0].1.name_id.value, "jane");
}
