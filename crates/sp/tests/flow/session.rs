//! `saml_session`: what the SP knows of who asks, for themselves and for their application's scripts.

use clock::Seconds;
use serde_json::{Value, json};
use session::{Alias, Selection};
use sp::EndpointKind::{Acs, Login, Session};
use sp::SessionAttributes;

use crate::site::{Answer, Ask, Assertion, Browser, NOW, Plan, Sent, Site, corp};

const PORTAL: &str = "https://portal.example.com";

/// A script of the application asks.
fn script() -> Ask {
    Ask::read(Session).with("Sec-Fetch-Mode", "cors").with("Sec-Fetch-Dest", "empty")
}

fn said(answer: &Answer) -> Value {
    assert_eq!((answer.status(), answer.header("Cache-Control")), (200, Some("no-store")));
    assert_eq!(answer.body().unwrap().content_type, "application/json");
    serde_json::from_str(answer.text()).unwrap()
}

/// Jane is in, with groups.
fn signed_in(plan: Plan) -> (Site, Browser) {
    let (site, mut browser) = (plan.site(), Browser::default());
    let asked = Sent::by(&site.ask(&mut browser, Ask::open(Login, "")));
    let attributes = vec![("memberOf", vec!["staff".to_owned(), "&lt;ops&gt;".to_owned()])];
    let attributes = [attributes, vec![("secret", vec!["x".to_owned()])]].concat();
    let assertion = Assertion { attributes, ..Assertion::of_jane("_s1", NOW) }.answering(&asked);
    site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    (site, browser)
}

fn aliases() -> SessionAttributes {
    SessionAttributes::Named(vec!["groups".to_owned(), "absent".to_owned()])
}

fn of_groups() -> Selection {
    Selection { aliases: vec![Alias::plain("groups", &["memberOf"])], named_only: false }
}

#[test]
fn a_script_hears_who_it_is_and_how_long() {
    let plan = Plan { attributes: of_groups(), session_attributes: aliases(), ..Plan::default() };
    let (site, mut browser) = signed_in(plan);
    site.wait(Seconds(60));
    assert_eq!(
        said(&site.ask(&mut browser, script())),
        json!({
            "authenticated": true,
            "user": "jane",
            "name_id": "jane",
            "name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            "idp": {"entity_id": corp().entity_id, "name": corp().entity_id},
            "authn_instant": "2026-11-21T11:30:00Z",
            "authn_context": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
            "created": "2026-11-21T11:30:00Z",
            "expires": "2026-11-21T19:30:00Z",
            "expires_in": 8 * 3600 - 60,
            "attributes": {"groups": ["staff", "<ops>"]},
            "login_url": "https://app.example.com/saml/login",
            "logout_url": "https://app.example.com/saml/logout",
        })
    );
}

#[test]
fn nothing_that_opens_or_ends_a_session_is_in_it() {
    let (site, mut browser) = signed_in(Plan::default());
    let token = browser.token().unwrap().to_cookie();
    for ask in [script(), Ask::open(Session, "")] {
        let answer = site.ask(&mut browser, ask);
        assert!(!answer.text().contains(&*token) && !answer.text().contains("_s1"));
        assert!(answer.all("Set-Cookie").is_empty());
    }
}

#[test]
fn the_administrator_says_which_attributes() {
    for (shown, expected) in [
        (SessionAttributes::All, json!({"memberOf": ["staff", "<ops>"], "secret": ["x"]})),
        (SessionAttributes::Named(Vec::new()), json!({})),
        (
            SessionAttributes::Named(vec!["Member-Of".into(), "memberof".into()]),
            json!({"memberof": ["staff", "<ops>"]}),
        ),
    ] {
        let (site, mut browser) = signed_in(Plan { session_attributes: shown, ..Plan::default() });
        assert_eq!(said(&site.ask(&mut browser, script()))["attributes"], expected);
    }
}

#[test]
fn who_is_not_signed_in_has_done_nothing_wrong() {
    let (site, mut browser) = signed_in(Plan::default());
    let nobody = json!({"authenticated": false, "login_url": "https://app.example.com/saml/login"});
    assert_eq!(said(&site.ask(&mut Browser::default(), script())), nobody);
    site.wait(Seconds(8 * 3600));
    assert_eq!(said(&site.ask(&mut browser, script())), nobody);
    let site = Plan { without: Some(Login), ..Plan::default() }.site();
    let answer = site.ask(&mut Browser::default(), script());
    assert_eq!(said(&answer), json!({"authenticated": false}));
}

#[test]
fn a_store_that_does_not_answer_says_nothing_of_anybody() {
    let (site, mut browser) = signed_in(Plan::default());
    site.sp.sessions.is_down.set(true);
    for ask in [script(), Ask::open(Session, ""), Ask::open(Session, "tell")] {
        assert_eq!(site.ask(&mut browser, ask).refused(), (503, "store_unavailable"));
    }
}

#[test]
fn an_idle_end_is_told_where_there_is_one() {
    let plan = Plan { idle_timeout: Some(Seconds(600)), ..Plan::default() };
    let (site, mut browser) = signed_in(plan);
    assert_eq!(said(&site.ask(&mut browser, script()))["idle_expires_in"], json!(600));
}

#[test]
fn a_person_gets_a_page_that_no_site_may_frame() {
    let (site, mut browser) = signed_in(Plan::default());
    let page = site.ask(&mut browser, Ask::open(Session, ""));
    assert_eq!(page.page(), (200, "You are signed in"));
    assert!(page.text().contains("<td><p>staff</p><p>&lt;ops&gt;</p></td>"), "{}", page.text());
    assert!(page.text().contains("href=\"https://app.example.com/saml/logout\""));
    let policy = &page.body().unwrap().headers[0].1;
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("script-src"));
    // What was prerendered is what the person sees.
    let ahead = Ask::open(Session, "").with("Sec-Purpose", "prefetch;prerender");
    assert_eq!(site.ask(&mut browser, ahead).page(), (200, "You are signed in"));
    let stranger = site.ask(&mut Browser::default(), Ask::open(Session, ""));
    assert_eq!(stranger.page(), (200, "You are not signed in"));
    // A person may want what programs get.
    said(&site.ask(&mut browser, Ask::open(Session, "format=json")));
}

#[test]
fn a_login_in_a_window_or_frame_ends_by_telling_the_application() {
    let (site, mut browser) = signed_in(Plan::default());
    let asked = site.ask(&mut browser, Ask::open(Login, "passive=1&return=/saml/session?tell"));
    let response = corp().response(
        Some(Sent::by(&asked).attribute("ID")),
        &["Responder", "NoPassive"],
        "",
        NOW,
    );
    let end = site.ask(&mut browser, Ask::send(Acs, response.by_post()));
    assert_eq!(end.redirect(), (303, "https://app.example.com/saml/session?tell"));
    for (browser, word) in
        [(&mut browser, "saml:done"), (&mut Browser::default(), "saml:no-session")]
    {
        let end = site.ask(browser, Ask::open(Session, "tell").with("Sec-Fetch-Dest", "iframe"));
        assert!(end.text().contains(&format!("data-saml=\"{word}\"")));
        let policy = &end.body().unwrap().headers[0].1;
        assert!(policy.ends_with("frame-ancestors 'self'"), "{policy}");
    }
}

#[test]
fn scripts_of_listed_origins_may_read_it() {
    let (site, mut browser) = signed_in(Plan::default());
    for (origin, may) in [
        (PORTAL, true),
        ("https://app.example.com", true),
        ("http://portal.example.com", false),
        ("https://evil.example", false),
        ("null", false),
    ] {
        let answer = site.ask(&mut browser, script().with("Origin", origin));
        let allowed = answer.header("Access-Control-Allow-Origin");
        assert_eq!(allowed, may.then_some(origin));
        assert_eq!(answer.header("Access-Control-Allow-Credentials"), may.then_some("true"));
        assert!(answer.all("Vary").contains(&"Origin"), "{origin}");
        assert_eq!(answer.header("Cross-Origin-Resource-Policy"), Some("same-origin"));
    }
}

#[test]
fn their_browsers_may_ask_first() {
    let site = Site::new();
    let preflight = |origin| {
        let ask = Ask::read(Session).by("OPTIONS").with("Origin", origin);
        let ask = ask.with("Access-Control-Request-Method", "GET");
        site.call(ask.with("Access-Control-Request-Headers", "x-requested-with"))
    };
    let answer = preflight(PORTAL);
    assert_eq!(
        (answer.status(), answer.header("Access-Control-Allow-Origin")),
        (204, Some(PORTAL))
    );
    assert_eq!(answer.header("Access-Control-Allow-Headers"), Some("x-requested-with"));
    let answer = preflight("https://evil.example");
    assert_eq!((answer.status(), answer.header("Access-Control-Allow-Origin")), (204, None));
    assert_eq!(answer.text(), "");
}

#[test]
fn nothing_else_is_done_here() {
    let (site, mut browser) = signed_in(Plan::default());
    for method in ["POST", "PUT", "DELETE"] {
        let answer = site.ask(&mut browser, script().by(method));
        assert_eq!(answer.refused(), (405, "method_not_allowed"), "{method}");
    }
    assert!(site.session(&browser).is_some());
}
