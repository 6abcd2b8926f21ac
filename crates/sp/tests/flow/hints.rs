//! What a login link tells the IdP of the person who follows it.

use saml::provider::{Binding, ExtraArgument, ExtraValue, Policy, RequestPolicy};
use sp::Discovery;
use sp::EndpointKind::{Discovery as Page, Login};

use crate::site::{Ask, BASE_URL, Browser, Plan, Sent, Site, corp, other};

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
    let (_, query) = answer.redirect().1.split_once('?').unwrap();
    // Signatures are random, and now and then hold any short word.
    let names: Vec<_> = query.split('&').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
    assert_eq!(names, ["SAMLRequest", "RelayState", "SigAlg", "Signature"]);
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

#[test]
fn an_address_says_both_where_somebody_signs_in_and_who_they_are() {
    let site = Plan { discovery: Discovery::Builtin, ..plan() }.site();
    let open = |query: &str| site.ask(&mut Browser::default(), Ask::open(Login, query));
    let answer = open("login_hint=jane%40Corp.Example");
    let sent = Sent::by(&answer);
    assert_eq!(sent.to, "https://idp.corp.example/sso");
    assert_eq!(sent.texts("NameID"), ["jane@Corp.Example"]);
    assert!(answer.redirect().1.contains("&login_hint=jane%40Corp.Example&domain_hint="));
    let sent = Sent::by(&open("login_hint=jane%40corp.example&idp=other"));
    assert_eq!(sent.to, format!("{}/sso", other().entity_id));
    assert!(sent.texts("NameID").is_empty(), "that one is told nothing");
    let asked = open("login_hint=jane%40elsewhere.example");
    assert!(asked.redirect().1.starts_with(&format!("{BASE_URL}/saml/discovery?")));
}

#[test]
fn they_go_along_while_the_idp_is_chosen_on_the_page() {
    let site = Plan { discovery: Discovery::Builtin, ..plan() }.site();
    let mut browser = Browser::default();
    let mut open = |kind, query: &str| site.ask(&mut browser, Ask::open(kind, query));
    let led = open(Login, "login_hint=jane%2Bx&whr=west&other=1&return=/page");
    let query = led.redirect().1.split_once('?').unwrap().1.to_owned();
    assert_eq!(query, "return=%2Fpage&login_hint=jane%2Bx", "what no setting names stays behind");
    let page = open(Page, &format!("{query}&q="));
    let field = "<input type=\"hidden\" name=\"login_hint\" value=\"jane+x\">";
    assert!(page.text().contains(field), "{}", page.text());
    let begun = open(Page, &format!("{query}&idp=corp"));
    assert_eq!(Sent::by(&begun).texts("NameID"), ["jane+x"]);
    let behind = "&login_hint=jane%2Bx&domain_hint=example.com&whr=north";
    assert!(begun.redirect().1.ends_with(behind), "{}", begun.redirect().1);
    let refused = open(Login, "login_hint=a%0Db");
    assert_eq!(refused.refused(), (400, "argument_invalid"), "before anybody chooses");
}

#[test]
fn they_go_along_sealed_while_the_idp_is_chosen_at_another_site() {
    let service = "https://wayf.example.org/ds";
    let site = Plan { discovery: Discovery::Service(service.to_owned()), ..plan() }.site();
    let mut browser = Browser::default();
    let led = site.ask(&mut browser, Ask::open(Login, "login_hint=jane&return=/page"));
    let (_, query) = led.redirect().1.split_once('?').unwrap();
    assert!(!query.contains("jane"));
    let told: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let (_, back) = told.iter().find(|(name, _)| name == "return").unwrap();
    let back = back.split_once('?').unwrap().1;
    let back = format!("{back}&entityID={}&login_hint=eve", corp().entity_id);
    let begun = site.ask(&mut browser, Ask::follow(Page, &back));
    assert_eq!(Sent::by(&begun).texts("NameID"), ["jane"]);
    assert!(begun.redirect().1.ends_with("&login_hint=jane&domain_hint=example.com&whr=north"));
}
