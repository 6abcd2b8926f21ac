//! `passive=1`: the IdP may say that nobody is signed in there, and nobody minds.

use sp::EndpointKind::{Acs, Login};

use crate::site::{Answer, Ask, Assertion, Browser, NOW, SUCCESS, Sent, Site, corp};

const NO_PASSIVE: &[&str] = &["Responder", "NoPassive"];

fn answered(site: &Site, browser: &mut Browser, query: &str, status: &[&str]) -> (Sent, Answer) {
    let asked = Sent::by(&site.ask(browser, Ask::open(Login, query)));
    let response = corp().response(Some(asked.attribute("ID")), status, "", NOW);
    let answer = site.ask(browser, Ask::send(Acs, response.by_post()));
    (asked, answer)
}

#[test]
fn who_is_not_signed_in_goes_on_without_a_session() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let (asked, answer) = answered(&site, &mut browser, "passive=1&return=/page", NO_PASSIVE);
    assert_eq!(asked.attribute("IsPassive"), "true");
    assert_eq!(answer.redirect(), (303, "https://app.example.com/page"));
    assert!(site.sp.sessions.is_blank());
    assert!(browser.names("").is_empty(), "the login's cookie has gone");
}

#[test]
fn who_is_gets_one() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = Sent::by(&site.ask(&mut browser, Ask::open(Login, "passive=1&return=/page")));
    let assertion = Assertion::of_jane("_s1", NOW).answering(&asked);
    site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    assert!(site.session(&browser).is_some());
}

#[test]
fn nothing_else_that_an_idp_says_is_that() {
    for (query, status, code) in [
        ("passive=1", ["Responder", "AuthnFailed"].as_slice(), "status_not_success"),
        ("passive=1", SUCCESS, "assertion_missing"),
        ("passive=0", NO_PASSIVE, "no_passive"),
        ("", NO_PASSIVE, "no_passive"),
    ] {
        let (site, mut browser) = (Site::new(), Browser::default());
        let (_, answer) = answered(&site, &mut browser, query, status);
        assert_eq!(answer.refused(), (403, code), "{query} {status:?}");
        assert!(site.sp.sessions.is_blank());
    }
}
