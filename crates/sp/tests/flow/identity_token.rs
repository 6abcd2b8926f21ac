//! `$saml_jwt` and `saml_jwks`: what applications get signed, and by which keys they verify it.

use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::Seconds;
use identity::{Attribute, NameId};
use serde_json::{Map, Value, json};
use session::{AttributeName, Memory, Session, Shapes, StoreKey};
use sp::EndpointKind::Jwks;
use sp::{ClaimForm, JwtClaim, LiveSession, SessionStore};
use xmldoc::{SignatureAlgorithm, SignaturePolicy};

use crate::site::{Ask, BASE_URL, Browser, ENTITY_ID, KEYS, NOW, Plan, Site, verifying};

fn none() -> Rc<[String]> {
    Rc::default()
}

fn audience(names: &[&str]) -> Rc<[String]> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The token, which there is.
fn signed(site: &Site, live: &LiveSession, audience: &Rc<[String]>) -> Rc<str> {
    site.sp.jwt(live, audience, site.now.get(), |made| assert!(made.is_ok())).unwrap()
}

/// Why there is none; empty = that was said before.
fn missing(site: &Site, live: &LiveSession) -> String {
    let mut why = String::new();
    let token = site.sp.jwt(live, &none(), site.now.get(), |made| {
        why = made.err().unwrap().to_owned();
    });
    assert_eq!(token, None);
    why
}

fn claims(token: &str) -> Map<String, Value> {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let decode = |text| URL_SAFE_NO_PAD.decode(text).unwrap();
    let key = verifying(&KEYS.sp);
    let algorithm = SignatureAlgorithm::RsaSha256;
    let policy = SignaturePolicy::default();
    assert!(key.verify_octets(algorithm, &policy, input.as_bytes(), &decode(signature)));
    let (_, payload) = input.split_once('.').unwrap();
    serde_json::from_slice(&decode(payload)).unwrap()
}

fn session() -> Session {
    Session {
        idp: "https://idp.corp.example/".to_owned(),
        name_id: NameId { value: "jane".to_owned(), ..NameId::default() },
        authn_instant: NOW - Seconds(300),
        authn_context: Some("urn:mfa".to_owned()),
        expires: NOW + Seconds(3600),
        ..Session::default()
    }
}

fn attribute(name: &str, values: &[&str]) -> Attribute {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Attribute { name: name.to_owned(), friendly_name: None, values }
}

fn live(site: &Site, session: Session) -> LiveSession {
    live_at(site, [7; 32], session)
}

fn live_at(site: &Site, key: [u8; 32], session: Session) -> LiveSession {
    let aliases = &site.sp.sessions.rules().attributes.aliases;
    LiveSession::new(StoreKey(key), &session, &Shapes::new(aliases, &Memory::default()))
}

fn claim(name: &str, attribute: &str, form: ClaimForm) -> JwtClaim {
    JwtClaim { name: name.to_owned(), attribute: AttributeName::new(attribute), form }
}

#[test]
fn a_token_says_who_by_whom_for_whom_and_until_when() {
    let site = Site::new();
    let token = claims(&signed(&site, &live(&site, session()), &none()));
    let sid = token["sid"].clone();
    let now = NOW.as_secs();
    assert_eq!(
        Value::Object(token),
        json!({
            "iss": ENTITY_ID,
            "aud": BASE_URL,
            "sub": "jane",
            "iat": now,
            "exp": now + 60,
            "auth_time": now - 300,
            "acr": "urn:mfa",
            "sid": sid,
            "idp": "https://idp.corp.example/",
        })
    );
    assert_eq!(sid.as_str().unwrap().len(), 32);
}

#[test]
fn its_user_is_who_remote_user_is() {
    let site = Site::new();
    let name_id = NameId { value: "admin\u{a0}".to_owned(), ..NameId::default() };
    let live = live(&site, Session { name_id, ..session() });
    let token = claims(&signed(&site, &live, &none()));
    assert_eq!(token["sub"], *site.sp.user(&live));
    assert_eq!(token["sub"], r"admin\u{a0}");
}

#[test]
fn nobody_is_no_user() {
    let site = Site::new();
    let nameless = live(&site, Session { name_id: NameId::default(), ..session() });
    assert_eq!(missing(&site, &nameless), "the session's user has no name");
}

#[test]
fn its_id_is_the_session_s_and_no_key_to_it() {
    let site = Site::new();
    let of = |key: [u8; 32]| {
        let live = live_at(&site, key, session());
        claims(&signed(&site, &live, &none()))["sid"].as_str().unwrap().to_owned()
    };
    let (one, other) = (of([1; 32]), of([2; 32]));
    assert_eq!(one, of([1; 32]));
    assert_ne!(one, other);
    let hex: String = [1_u8; 16].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_ne!(one, hex);
}

#[test]
fn a_token_ends_with_its_session() {
    let site = Site::new();
    let live = live(&site, Session { expires: NOW + Seconds(20), ..session() });
    assert_eq!(claims(&signed(&site, &live, &none()))["exp"], NOW.as_secs() + 20);
}

#[test]
fn it_is_signed_once_and_again_after_half_its_life() {
    let site = Site::new();
    let live = live(&site, session());
    let first = signed(&site, &live, &none());
    site.wait(Seconds(29));
    assert!(Rc::ptr_eq(&first, &signed(&site, &live, &none())));
    site.wait(Seconds(1));
    let second = signed(&site, &live, &none());
    assert_eq!(claims(&second)["iat"], NOW.as_secs() + 30);
    site.now.set(NOW);
    assert!(!Rc::ptr_eq(&second, &signed(&site, &live, &none())), "the clock was set back");
}

#[test]
fn each_audience_has_its_own() {
    let site = Site::new();
    let live = live(&site, session());
    let one = signed(&site, &live, &audience(&["https://one.example"]));
    let two = signed(&site, &live, &audience(&["https://one.example", "two"]));
    assert_eq!(claims(&one)["aud"], "https://one.example");
    assert_eq!(claims(&two)["aud"], json!(["https://one.example", "two"]));
    assert_eq!(claims(&signed(&site, &live, &none()))["aud"], BASE_URL);
    // Another location that says the same.
    assert!(Rc::ptr_eq(&one, &signed(&site, &live, &audience(&["https://one.example"]))));
}

#[test]
fn a_worker_keeps_tokens_for_a_few_audiences() {
    let site = Site::new();
    let live = live(&site, session());
    let names: Vec<_> = (0..5).map(|n| audience(&[&format!("app-{n}")])).collect();
    let tokens: Vec<_> = names.iter().map(|name| signed(&site, &live, name)).collect();
    for n in (1..5).rev() {
        assert!(Rc::ptr_eq(&tokens[n], &signed(&site, &live, &names[n])), "{n}");
    }
    assert!(!Rc::ptr_eq(&tokens[0], &signed(&site, &live, &names[0])), "the oldest went");
}

#[test]
fn sessions_share_no_token() {
    let site = Site::new();
    let one = live(&site, session());
    let name_id = NameId { value: "john".to_owned(), ..NameId::default() };
    let two = live(&site, Session { name_id, ..session() });
    for (live, user) in [(&one, "jane"), (&two, "john"), (&one, "jane")] {
        assert_eq!(claims(&signed(&site, live, &none()))["sub"], user);
    }
}

#[test]
fn attributes_are_claims_of_the_type_that_was_said() {
    use ClaimForm::{Array, Text};
    let jwt_claims = vec![
        claim("groups", "groups", Array),
        claim("one", "mail", Array),
        claim("email", "mail", Text),
        claim("all", "groups", Text),
        claim("none", "nothing", Array),
        claim("empty", "empty", Array),
    ];
    let site = Plan { jwt_claims: Some(jwt_claims), ..Plan::default() }.site();
    let hostile = "\",\"sub\":\"root\"}\r\nX-Admin: 1";
    let attributes = vec![
        attribute("groups", &["staff", "a;b", hostile]),
        attribute("mail", &["jane@example.com"]),
        attribute("sub", &["root"]),
        attribute("empty", &[]),
    ];
    let live = live(&site, Session { attributes, ..session() });
    let token = claims(&signed(&site, &live, &none()));
    assert_eq!(token["groups"], json!(["staff", "a;b", hostile]));
    assert_eq!(
        (&token["one"], &token["email"]),
        (&json!(["jane@example.com"]), &json!("jane@example.com"))
    );
    assert_eq!(token["all"], r#"staff;a\;b;","sub":"root"}\u{d}\u{a}X-Admin: 1"#);
    assert_eq!((token.get("none"), &token["empty"]), (None, &json!([])));
    assert_eq!(token["sub"], "jane");
}

#[test]
fn a_token_that_fits_no_header_is_none_and_said_once() {
    let jwt_claims = Some(vec![claim("groups", "groups", ClaimForm::Array)]);
    let site = Plan { jwt_claims, jwt_max_size: 2048, ..Plan::default() }.site();
    let attributes = vec![attribute("groups", &["x"; 800])];
    let live = live(&site, Session { attributes, ..session() });
    let why = missing(&site, &live);
    assert!(why.contains("\"jwt_max_size\" of saml_sp \"app\" is 2048"), "{why}");
    assert_eq!(missing(&site, &live), "");
    site.wait(Seconds(30));
    assert_ne!(missing(&site, &live), "");
}

#[test]
fn an_sp_without_a_key_signs_nothing_and_publishes_no_key() {
    let site = Plan { jwt_claims: None, ..Plan::default() }.site();
    let why = missing(&site, &live(&site, session()));
    assert!(why.contains("has no key"), "{why}");
    assert_eq!(site.call(Ask::read(Jwks)).text(), "{\"keys\":[]}\n");
}

#[test]
fn the_keys_may_be_kept_and_asked_for_again() {
    let site = Site::new();
    let mut browser = Browser::default();
    site.log_in(&mut browser, "_1");
    let live = site.session(&browser).unwrap();
    let token = signed(&site, &live, &none());
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    let answer = site.call(Ask::read(Jwks));
    assert_eq!(
        (answer.status(), answer.header("Cache-Control")),
        (200, Some("public, max-age=300"))
    );
    assert_eq!(answer.body().unwrap().content_type, "application/jwk-set+json");
    let keys: Value = serde_json::from_str(answer.text()).unwrap();
    assert_eq!(keys["keys"][0]["kid"], header["kid"]);
    assert_eq!(header["alg"], "RS256");
    site.wait(Seconds(1000));
    assert_eq!(site.call(Ask::read(Jwks)).header("ETag"), answer.header("ETag"));
}
