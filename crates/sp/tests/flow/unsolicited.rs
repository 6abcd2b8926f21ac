//! Logins that begin at the IdP (Profiles 4.1.5), and messages of nobody's IdP.

use clock::Seconds;
use saml::provider::Policy;
use sp::EndpointKind::Acs;

use crate::site::{Ask, Assertion, Browser, Idp, NOW, Plan, Site, corp, other};

fn site_that_allows_it() -> Site {
    Plan { policy: Policy { allow_unsolicited: true, ..Policy::default() }, ..Plan::default() }
        .site()
}

#[test]
fn they_are_refused_where_nobody_allowed_them() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let forger = Idp { key: other().key, ..corp() };
    // Before any signature is looked at: strangers must not make us compute.
    for idp in [corp(), forger] {
        let form = Assertion::of_jane("_s1", NOW).form(idp);
        let answer = site.ask(&mut browser, Ask::send(Acs, form));
        assert_eq!(answer.refused(), (403, "unsolicited"));
    }
    assert!(site.sp.sessions.is_blank() && browser.names("").is_empty());
}

#[test]
fn where_they_are_allowed_relay_state_names_a_page_of_ours() {
    for (relay_state, page) in [
        ("/page?x=1", "https://app.example.com/page?x=1"),
        ("https://portal.example.com/", "https://portal.example.com/"),
        ("https://evil.example/", "https://app.example.com/"),
        ("/saml/logout", "https://app.example.com/"),
        ("", "https://app.example.com/"),
    ] {
        let (site, mut browser) = (site_that_allows_it(), Browser::default());
        let relay_state = Some(relay_state.to_owned());
        let assertion = Assertion { relay_state, ..Assertion::of_jane("_s1", NOW) };
        let answer = site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
        assert_eq!(answer.redirect(), (303, page));
        assert!(site.session(&browser).is_some());
    }
}

#[test]
fn they_come_once() {
    let (site, mut browser) = (site_that_allows_it(), Browser::default());
    let form = Ask::send(Acs, Assertion::of_jane("_s1", NOW).form(corp()));
    assert_eq!(site.ask(&mut browser, form.clone()).status(), 303);
    let again = site.ask(&mut Browser::default(), form);
    assert_eq!(again.refused(), (400, "assertion_replayed"));
    assert_eq!(site.sp.sessions.len(), 1);
}

#[test]
fn what_a_restart_may_have_forgotten_is_refused() {
    let (site, mut browser) = (site_that_allows_it(), Browser::default());
    site.sp.sessions.claims_since.set(NOW);
    let before = Assertion::of_jane("_s1", NOW - Seconds(1));
    let answer = site.ask(&mut browser, Ask::send(Acs, before.form(corp())));
    assert_eq!(answer.refused(), (403, "assertion_too_old"));
    assert!(answer.refusal.unwrap().detail().contains("issued 1 s before nginx was started"));
    assert!(site.sp.sessions.is_blank());
    let now = Assertion::of_jane("_s2", NOW);
    assert_eq!(site.ask(&mut browser, Ask::send(Acs, now.form(corp()))).status(), 303);
}

#[test]
fn a_login_that_a_restart_interrupted_goes_on() {
    let (site, mut browser) = (site_that_allows_it(), Browser::default());
    let asked = site.begin_login(&mut browser, "/");
    site.sp.sessions.claims_since.set(NOW + Seconds(1));
    let answer = Assertion::of_jane("_s1", NOW).answering(&asked).form(corp());
    assert_eq!(site.ask(&mut browser, Ask::send(Acs, answer)).status(), 303);
}

#[test]
fn what_is_allowed_to_one_idp_is_not_to_another() {
    let (site, mut browser) = (site_that_allows_it(), Browser::default());
    let form = Assertion::of_jane("_s1", NOW).form(other());
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(answer.refused(), (403, "unsolicited"));
}

#[test]
fn an_idp_that_nobody_knows_is_refused() {
    let (site, mut browser) = (site_that_allows_it(), Browser::default());
    let stranger = Idp { entity_id: "https://evil.example/", ..corp() };
    let form = Assertion::of_jane("_s1", NOW).form(stranger);
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(answer.refused(), (400, "idp_unknown"));
    assert!(answer.refusal.unwrap().detail().contains("\"https://evil.example/\""));
}

#[test]
fn so_is_one_that_is_known_and_has_no_metadata_yet() {
    let (site, mut browser) =
        (Plan { is_awaited: true, ..Plan::default() }.site(), Browser::default());
    let form = Assertion::of_jane("_s1", NOW).form(corp());
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(answer.refused(), (400, "idp_unknown"));
}
