//! What a login link tells the IdP of the person who follows it.

use saml::provider::{Binding, ExtraArgument, ExtraValue, Policy, RequestPolicy};
use sp::EndpointKind::Login;

use crate::site::{Ask, Browser, Plan, Sent, Site};

fn plan() -> Plan {
    let extra = |name: &str, value| ExtraArgument { name: name.to_owned(), value };
    let request = RequestPolicy {
        subject_hint: true,
        extra_arguments: vec![
            extra("login_hint", ExtraValue::Argument),
            extra("domain_hint", ExtraValue::Text("example.com".into())),
            extra("whr", ExtraValue::Variable("realm".into())),
        ],
        ..RequestPolicy::default()
    };
    Plan { policy: Policy { request, ..Policy::default() }, ..Plan::default() }
}

fn url(site: &Site, query: &str) -> String {
    let answer = site.ask(&mut Browser::default(), Ask::open(Login, query));
    answer.redirect().1.to_owned()
}

#[test]
fn the_idps_url_carries_them_behind_the_signature() {
    let (_, behind) = {
        let url = url(&plan().site(), "login_hint=jane%2Bx@example.com&other=1");
        let (before, behind) = url.split_once("&Signature=").unwrap();
        (before.to_owned(), behind.split_once('&').unwrap().1.to_owned())
    };
    assert_eq!(behind, "login_hint=jane%2Bx%40example.com&domain_hint=example.com&whr=north");
    assert!(url(&plan().site(), "").ends_with("&domain_hint=example.com&whr=north"));
}

#[test]
fn nothing_goes_along_that_no_setting_names() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let answer = site.ask(&mut browser, Ask::open(Login, "login_hint=jane&whr=x"));
    assert!(!answer.redirect().1.contains("jane") && !answer.redirect().1.contains("whr"));
    assert!(Sent::by(&answer).texts("NameID").is_empty());
}

#[test]
fn the_subject_is_the_hint_by_either_binding() {
    for sso in [Binding::Redirect, Binding::Post] {
        let (site, mut browser) = (Plan { sso, ..plan() }.site(), Browser::default());
        let answer = site.ask(&mut browser, Ask::open(Login, "login_hint=jane"));
        assert_eq!(Sent::by(&answer).texts("NameID"), ["jane"], "{sso:?}");
        assert_eq!(answer.header("Location").is_some(), sso == Binding::Redirect);
        let answer = site.ask(&mut browser, Ask::open(Login, ""));
        assert!(Sent::by(&answer).texts("NameID").is_empty());
    }
}

#[test]
fn a_link_with_what_is_no_hint_is_refused() {
    for value in ["x".repeat(257), "a%0Db".to_owned()] {
        let ask = Ask::open(Login, &format!("login_hint={value}"));
        let answer = plan().site().ask(&mut Browser::default(), ask);
        assert_eq!(answer.refused(), (400, "argument_invalid"));
    }
}
