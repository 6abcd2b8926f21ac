//! An assertion that a logout has overtaken begins nothing.

use clock::Seconds;
use sp::EndpointKind::{Acs, Sls};

use crate::site::{Answer, Ask, Assertion, Browser, NOW, Site, corp};

/// The IdP issued an assertion with the index `_s1`, and then ended `indexes`; what becomes of the
/// assertion, issued `issued` after the logout.
fn overtaken(indexes: &[&str], session_index: Option<&str>, issued: Seconds) -> (Site, Answer) {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/");
    let session_index = session_index.map(str::to_owned);
    let assertion = Assertion { session_index, ..Assertion::of_jane("", NOW + issued) };
    let request = corp().logout_request("jane", indexes, NOW).by_soap();
    assert_eq!(site.call(Ask::call(Sls, "text/xml", request)).status(), 200);
    let form = assertion.answering(&asked).form(corp());
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(browser.token().is_some(), answer.status() == 303);
    (site, answer)
}

#[test]
fn it_is_refused_and_leaves_no_session() {
    for indexes in [["_s1"].as_slice(), &["_s2", "_s1"], &[]] {
        for index in [Some("_s1"), None] {
            let (site, answer) = overtaken(indexes, index, Seconds(-5));
            assert_eq!(answer.refused(), (400, "assertion_logged_out"), "{indexes:?} {index:?}");
            assert_eq!(site.sp.sessions.len(), 0);
        }
    }
}

#[test]
fn what_was_issued_in_the_same_second_may_be_from_before() {
    let (_, answer) = overtaken(&["_s1"], Some("_s1"), Seconds(0));
    assert_eq!(answer.refused(), (400, "assertion_logged_out"));
}

#[test]
fn another_session_and_a_later_login_are_welcome() {
    let (site, answer) = overtaken(&["_s2"], Some("_s1"), Seconds(-5));
    assert_eq!((answer.status(), site.sp.sessions.len()), (303, 1));
    let (site, answer) = overtaken(&["_s1"], Some("_s1"), Seconds(1));
    assert_eq!((answer.status(), site.sp.sessions.len()), (303, 1));
}

#[test]
fn a_session_that_the_browser_had_lives_on_when_its_new_login_is_refused() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    let asked = site.begin_login(&mut browser, "/");
    let assertion = Assertion::of_jane("_s2", NOW).answering(&asked);
    let request = corp().logout_request("jane", &["_s2"], NOW).by_soap();
    site.call(Ask::call(Sls, "text/xml", request));
    let answer = site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    assert_eq!(answer.refused(), (400, "assertion_logged_out"));
    assert!(site.session(&browser).is_some());
}
