//! The IdP's answer to a LogoutRequest, brought by the browser.

use clock::Seconds;
use sp::EndpointKind::{Acs, Logout, Sls};

use crate::site::{
    Answer, Ask, Browser, DENIED, Message, NOW, PARTIAL, SLS, SUCCESS, Sent, Site, corp, other,
};

const HERE_ONLY: &str = "You are signed out here only";

/// Jane's logout is under way, to end at `/bye`.
fn leaving() -> (Site, Browser, Sent) {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    let asked = Sent::by(&site.ask(&mut browser, Ask::open(Logout, "return=/bye")));
    (site, browser, asked)
}

fn answer(site: &Site, browser: &mut Browser, message: &Message) -> Answer {
    site.ask(browser, Ask::follow(Sls, &message.by_redirect()))
}

/// Status and title of what `saml_sls` shows.
fn shown(site: &Site, browser: &mut Browser) -> (u16, String) {
    let answer = site.ask(browser, Ask::open(Sls, ""));
    let (status, title) = answer.page();
    (status, title.to_owned())
}

#[test]
fn success_goes_where_the_person_wanted_to_go() {
    let (site, mut browser, asked) = leaving();
    let good = corp().logout_answer(&asked, SUCCESS, NOW);
    let came = answer(&site, &mut browser, &good);
    assert_eq!((came.redirect(), came.code()), ((303, "https://app.example.com/bye"), None));
    let again = answer(&site, &mut browser, &good);
    assert_eq!(again.redirect(), (303, "https://app.example.com/bye"), "the Back button");
    assert!(again.all("Set-Cookie").is_empty());
}

#[test]
fn of_a_partial_one_they_hear_first() {
    let (site, mut browser, asked) = leaving();
    let came = answer(&site, &mut browser, &corp().logout_answer(&asked, PARTIAL, NOW));
    assert_eq!((came.redirect(), came.code()), ((303, SLS), None));
    let expected = (200, "You are signed out, but not everywhere".to_owned());
    assert_eq!(shown(&site, &mut browser), expected);
    let later = answer(&site, &mut browser, &corp().logout_answer(&asked, SUCCESS, NOW));
    assert_eq!(later.redirect(), (303, SLS), "the IdP has spoken");
    assert_eq!(shown(&site, &mut browser), expected);
}

#[test]
fn a_bad_one_may_be_followed_by_a_good_one() {
    let (site, mut browser, asked) = leaving();
    let came = answer(&site, &mut browser, &corp().logout_answer(&asked, DENIED, NOW));
    assert_eq!((came.redirect(), came.code()), ((303, SLS), Some("logout_failed")));
    assert_eq!(shown(&site, &mut browser), (403, HERE_ONLY.to_owned()));
    let came = answer(&site, &mut browser, &corp().logout_answer(&asked, SUCCESS, NOW));
    assert_eq!(came.redirect(), (303, "https://app.example.com/bye"));
}

#[test]
fn what_another_idp_says_is_none() {
    let (site, mut browser, asked) = leaving();
    let came = answer(&site, &mut browser, &other().logout_answer(&asked, SUCCESS, NOW));
    assert_eq!((came.redirect(), came.code()), ((303, SLS), Some("issuer_mismatch")));
    assert_eq!(shown(&site, &mut browser), (403, HERE_ONLY.to_owned()));
}

#[test]
fn so_is_what_nobody_signed() {
    let (site, mut browser, asked) = leaving();
    let form = corp().logout_answer(&asked, SUCCESS, NOW).unsigned_by_post();
    let came = site.ask(&mut browser, Ask::send(Sls, form));
    assert_eq!((came.redirect(), came.code()), ((303, SLS), Some("logout_response_unsigned")));
}

#[test]
fn an_answer_to_another_request_is_none_of_this_browser() {
    let (site, mut browser, _) = leaving();
    for asked in [Some("_x"), None] {
        let stray = corp().logout_response(asked, SUCCESS, NOW);
        let came = answer(&site, &mut browser, &stray);
        assert_eq!(came.refused(), (400, "logout_response_unknown"), "{asked:?}");
    }
    let mut stranger = Browser::default();
    let (_, _, asked) = leaving();
    let came = answer(&site, &mut stranger, &corp().logout_answer(&asked, SUCCESS, NOW));
    assert_eq!(came.refused(), (400, "logout_response_unknown"));
}

#[test]
fn relay_state_finds_the_logout_of_an_answer_that_names_no_request() {
    let (site, mut browser, asked) = leaving();
    let state = asked.relay_state.as_deref().unwrap();
    let nameless = corp().logout_response(None, SUCCESS, NOW).with_relay_state(state);
    let came = answer(&site, &mut browser, &nameless);
    assert_eq!((came.redirect(), came.code()), ((303, SLS), Some("in_response_to_missing")));
}

#[test]
fn and_that_of_a_message_that_cannot_be_read() {
    let (site, mut browser, asked) = leaving();
    let query = format!("SAMLResponse=%2A&RelayState={}", asked.relay_state.unwrap());
    let came = site.ask(&mut browser, Ask::follow(Sls, &query));
    assert_eq!((came.redirect(), came.code()), ((303, SLS), Some("base64_invalid")));
    assert_eq!(shown(&site, &mut browser), (400, HERE_ONLY.to_owned()));
    let stray = site.ask(&mut browser, Ask::follow(Sls, "SAMLResponse=%2A&RelayState=_x"));
    assert_eq!(stray.refused(), (400, "base64_invalid"));
}

#[test]
fn a_response_to_a_login_has_no_business_there() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/");
    let assertion = crate::site::Assertion::of_jane("_s1", NOW).answering(&asked);
    let came = site.ask(&mut browser, Ask::send(Sls, assertion.form(corp())));
    assert_eq!(came.refused(), (400, "message_unexpected"));
    assert!(site.sp.sessions.is_blank());
    assert_eq!(site.ask(&mut browser, Ask::send(Acs, assertion.form(corp()))).status(), 303);
}

#[test]
fn an_answer_is_awaited_for_ten_minutes() {
    for (later, location) in [(599, Some("https://app.example.com/bye")), (600, None)] {
        let (site, mut browser, asked) = leaving();
        site.wait(Seconds(later));
        let good = corp().logout_answer(&asked, SUCCESS, site.now.get());
        assert_eq!(answer(&site, &mut browser, &good).header("Location"), location, "{later}");
    }
}

#[test]
fn a_server_may_bring_it() {
    let (site, _, asked) = leaving();
    let good = corp().logout_answer(&asked, SUCCESS, NOW).by_soap();
    let came = site.call(Ask::call(Sls, "text/xml", good));
    assert_eq!(came.page(), (200, "You are signed out everywhere"));
    let forger = crate::site::Idp { key: other().key, ..corp() };
    let forged = forger.logout_answer(&asked, SUCCESS, NOW).by_soap();
    let came = site.call(Ask::call(Sls, "text/xml", forged));
    assert_eq!(came.code(), Some("signature_invalid"));
}
