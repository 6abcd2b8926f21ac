//! An answer to a login that the browser does not know (any more): the page that says so looks once more
//! whether somebody is signed in.

use clock::Seconds;
use sp::EndpointKind::Acs;

use crate::site::{ACS, Answer, Ask, Assertion, Browser, REQUEST_LIFETIME, Sent, Site, corp};

const PAGE: &str = "https://app.example.com/page";

/// The IdP's answer comes, by now.
fn answered(site: &Site, browser: &mut Browser, asked: &Sent) -> Answer {
    let assertion = Assertion::of_jane("_s1", site.now.get()).answering(asked);
    site.ask(browser, Ask::send(Acs, assertion.form(corp())))
}

/// The page looks: a navigation that this site begins.
fn looks(site: &Site, browser: &mut Browser, refused: &Answer) -> Answer {
    let address = refused.circumstances.resumption.borrow().clone().unwrap();
    assert!(refused.text().contains(&format!("url={address}\"")), "the page goes there by itself");
    let query = address.strip_prefix(&format!("{ACS}?")).unwrap();
    site.ask(browser, Ask::open(Acs, query))
}

fn start_again(answer: &Answer) -> Option<String> {
    answer.circumstances.start_again.borrow().clone()
}

#[test]
fn a_login_that_took_too_long_is_refused_and_begins_again_at_its_page() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/page");
    site.wait(REQUEST_LIFETIME);
    let late = answered(&site, &mut browser, &asked);
    assert_eq!(late.refused(), (400, "request_expired"));
    assert_eq!(start_again(&late).as_deref(), Some(PAGE));
    assert!(site.sp.sessions.is_blank());

    let looked = looks(&site, &mut browser, &late);
    assert_eq!(looked.refused(), (400, "request_expired"), "nobody is signed in");
    assert_eq!(looked.circumstances.request_id(), asked.attribute("ID"));
    assert_eq!(start_again(&looked).as_deref(), Some(PAGE));
    assert!(looked.circumstances.resumption.borrow().is_none(), "it looks once");
}

#[test]
fn a_moment_earlier_it_is_good() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/page");
    site.wait(REQUEST_LIFETIME + Seconds(-1));
    assert_eq!(answered(&site, &mut browser, &asked).redirect(), (303, PAGE));
}

#[test]
fn who_is_signed_in_by_another_tab_goes_on() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/page");
    site.wait(REQUEST_LIFETIME);
    site.log_in(&mut browser, "_s1");
    let late = answered(&site, &mut browser, &asked);
    assert_eq!(late.refused(), (400, "request_expired"), "the IdP's form brings no Lax cookie");
    let looked = looks(&site, &mut browser, &late);
    assert_eq!((looked.redirect(), looked.code()), ((303, PAGE), None));
    let notes = site.notes.borrow();
    assert!(
        notes.iter().any(|note| note.contains("the browser is signed in although")),
        "{notes:?}"
    );
}

#[test]
fn without_a_cookie_relay_state_says_the_page() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/page");
    browser = Browser::default();
    site.log_in(&mut browser, "_s1");
    let unknown = answered(&site, &mut browser, &asked);
    assert_eq!(unknown.refused(), (400, "request_unknown"));
    assert_eq!(start_again(&unknown).as_deref(), Some(PAGE));
    assert_eq!(looks(&site, &mut browser, &unknown).redirect(), (303, PAGE));
    let mut stranger = Browser::default();
    let looked = looks(&site, &mut stranger, &unknown);
    assert_eq!(looked.refused(), (400, "request_unknown"));
}

#[test]
fn a_relay_state_that_is_not_ours_says_nothing() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let (one, two) =
        (site.begin_login(&mut browser, "/one"), site.begin_login(&mut browser, "/two"));
    browser = Browser::default();
    for relay_state in [Some("/page".to_owned()), two.relay_state, None] {
        let asked = Sent { relay_state, message: one.message.clone(), to: String::new(), ..one };
        let unknown = answered(&site, &mut browser, &asked);
        assert_eq!(unknown.refused(), (400, "request_unknown"));
        assert_eq!(start_again(&unknown), None);
        assert!(unknown.circumstances.resumption.borrow().is_none());
    }
}

#[test]
fn nobody_makes_up_where_it_goes() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    for sealed in ["", "https://app.example.com/", "AAAA"] {
        let query = format!("saml_resumption={sealed}");
        let answer = site.ask(&mut browser, Ask::open(Acs, &query));
        assert_eq!(answer.refused(), (400, "argument_invalid"), "{sealed:?}");
    }
}

#[test]
fn the_page_looks_within_ten_minutes() {
    for (later, expected) in [(599, (303, "")), (600, (400, "argument_invalid"))] {
        let (site, mut browser) = (Site::new(), Browser::default());
        let asked = site.begin_login(&mut browser, "/page");
        site.wait(REQUEST_LIFETIME);
        site.log_in(&mut browser, "_s1");
        let late = answered(&site, &mut browser, &asked);
        site.wait(Seconds(later));
        assert_eq!(looks(&site, &mut browser, &late).refused(), expected, "{later}");
    }
}
