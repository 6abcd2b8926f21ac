//! The authentication contexts that an SP would like best, and an IdP that does not have them all.

use identity::{Comparison, RequestedAuthnContext};
use saml::provider::{Policy, PreferredContext, RequestPolicy};
use sp::EndpointKind::{Acs, Login};

use crate::site::{Answer, Ask, Assertion, Browser, NOW, Plan, Sent, Site, corp};

const NO_CONTEXT: &[&str] = &["Responder", "NoAuthnContext"];
const CLASSES: &[&str] = &["urn:x:card", "urn:x:mfa", "urn:x:password"];

fn site(in_turn: bool) -> Site {
    let classes = CLASSES.iter().map(|&class| class.to_owned()).collect();
    let asked = RequestedAuthnContext { classes, comparison: Comparison::Exact };
    let authn_context = Some(PreferredContext { asked, in_turn });
    let request = RequestPolicy { authn_context, ..RequestPolicy::default() };
    Plan { policy: Policy { request, ..Policy::default() }, ..Plan::default() }.site()
}

fn begin(site: &Site, browser: &mut Browser, query: &str) -> Sent {
    Sent::by(&site.ask(browser, Ask::open(Login, query)))
}

fn asked(request: &Sent) -> Vec<&str> {
    request.texts("AuthnContextClassRef")
}

/// The IdP has no such context.
fn refuse(site: &Site, browser: &mut Browser, request: &Sent) -> Answer {
    let response = corp().response(Some(request.attribute("ID")), NO_CONTEXT, "", NOW);
    site.ask(browser, Ask::send(Acs, response.by_post()))
}

#[test]
fn a_list_is_asked_for_at_once_and_a_refusal_ends_it() {
    let (site, mut browser) = (site(false), Browser::default());
    let request = begin(&site, &mut browser, "");
    assert_eq!(asked(&request), CLASSES);
    assert_eq!(refuse(&site, &mut browser, &request).refused(), (403, "no_authn_context"));
}

#[test]
fn in_turn_each_class_is_asked_for_once() {
    let (site, mut browser) = (site(true), Browser::default());
    let mut request = begin(&site, &mut browser, "return=/page&force_authn=1");
    let mut ids = vec![request.attribute("ID").to_owned()];
    for (place, class) in CLASSES.iter().enumerate() {
        assert_eq!(asked(&request), [*class]);
        assert_eq!(request.attribute("ForceAuthn"), "true");
        assert_eq!(
            browser.names("__Host-saml_request_").len(),
            1,
            "the cookie of the last one has gone"
        );
        let answer = refuse(&site, &mut browser, &request);
        if place + 1 == CLASSES.len() {
            assert_eq!(answer.refused(), (403, "no_authn_context"));
            break;
        }
        request = Sent::by(&answer);
        assert!(!ids.contains(&request.attribute("ID").to_owned()));
        ids.push(request.attribute("ID").to_owned());
    }
    assert_eq!(ids.len(), CLASSES.len());
    assert_eq!(site.notes.borrow().len(), CLASSES.len() - 1);
    assert!(site.sp.sessions.is_blank());
}

#[test]
fn the_login_ends_where_it_was_to_end_with_the_context_that_the_idp_had() {
    let (site, mut browser) = (site(true), Browser::default());
    let first = begin(&site, &mut browser, "return=/page");
    let second = Sent::by(&refuse(&site, &mut browser, &first));
    let answer = |class: &'static str| {
        let assertion = Assertion::of_jane("_s1", NOW).answering(&second);
        Assertion { context: class, ..assertion }.form(corp())
    };
    let weaker = site.ask(&mut browser.clone(), Ask::send(Acs, answer("urn:x:password")));
    assert_eq!(weaker.refused(), (403, "authn_context_mismatch"), "its turn has not come");
    let login = site.ask(&mut browser, Ask::send(Acs, answer("urn:x:mfa")));
    assert_eq!(login.redirect(), (303, "https://app.example.com/page"));
    assert!(site.session(&browser).is_some());
}

#[test]
fn the_same_refusal_again_begins_nothing() {
    let (site, mut browser) = (site(true), Browser::default());
    let first = begin(&site, &mut browser, "");
    refuse(&site, &mut browser, &first);
    assert_eq!(refuse(&site, &mut browser, &first).refused(), (400, "request_unknown"));
}

#[test]
fn a_link_that_asks_has_no_other_turns() {
    let (site, mut browser) = (site(true), Browser::default());
    let request = begin(&site, &mut browser, "authn_context=urn:x:other");
    assert_eq!(asked(&request), ["urn:x:other"]);
    assert_eq!(refuse(&site, &mut browser, &request).refused(), (403, "no_authn_context"));
}

#[test]
fn the_session_that_was_to_be_replaced_ends_with_the_last_login() {
    let (site, mut browser) = (site(true), Browser::default());
    let first = begin(&site, &mut browser, "");
    let assertion = Assertion::of_jane("_s1", NOW).answering(&first);
    let assertion = Assertion { context: "urn:x:card", ..assertion };
    site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    let before = browser.clone();
    let again = begin(&site, &mut browser, "");
    let again = Sent::by(&refuse(&site, &mut browser, &again));
    let assertion = Assertion::of_jane("_s2", NOW).answering(&again);
    let assertion = Assertion { context: "urn:x:mfa", ..assertion };
    site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    assert!(site.session(&browser).is_some());
    assert!(site.session(&before).is_none());
}
