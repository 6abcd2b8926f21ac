//! An answer is good for one login of one browser.

use clock::Seconds;
use sp::EndpointKind::Acs;

use crate::site::{Ask, Assertion, Browser, NOW, REQUEST_LIFETIME, Site, corp};

#[test]
fn another_browser_gets_nothing_by_the_form() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/");
    let form = Ask::send(Acs, Assertion::of_jane("_s1", NOW).answering(&asked).form(corp()));
    let mut thief = Browser::default();
    for _ in 0..2 {
        // Before and after the person themselves.
        let answer = site.ask(&mut thief, form.clone());
        assert_eq!(answer.refused(), (400, "request_unknown"));
        assert!(thief.names("").is_empty());
        site.ask(&mut browser, form.clone());
    }
    assert_eq!(site.sp.sessions.len(), 1);
}

#[test]
fn nor_does_who_has_its_cookies_too() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/");
    let mut thief = browser.clone();
    let form = Ask::send(Acs, Assertion::of_jane("_s1", NOW).answering(&asked).form(corp()));
    site.ask(&mut browser, form.clone());
    let answer = site.ask(&mut thief, form);
    assert_eq!(answer.refused(), (400, "assertion_replayed"));
    assert!(site.session(&thief).is_none() && site.session(&browser).is_some());
}

#[test]
fn a_request_is_answered_once_by_however_many_assertions() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/");
    let mut thief = browser.clone();
    let form = || Ask::send(Acs, Assertion::of_jane("_s1", NOW).answering(&asked).form(corp()));
    site.ask(&mut browser, form());
    let answer = site.ask(&mut thief, form());
    assert_eq!(answer.refused(), (400, "request_answered"));
    assert!(site.session(&thief).is_none() && site.session(&browser).is_some());
}

#[test]
fn a_name_id_has_only_so_many_logins() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.sp.sessions.most_claims.set(1);
    site.log_in(&mut browser, "_s1");
    let asked = site.begin_login(&mut browser, "/");
    let assertion = Assertion::of_jane("_s2", NOW).answering(&asked);
    let answer = site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    assert_eq!(answer.refused(), (429, "logins_too_many"));
    let name_id = "john".to_owned();
    let of_john = Assertion { name_id, ..Assertion::of_jane("_s3", NOW) }.answering(&asked);
    let answer = site.ask(&mut browser, Ask::send(Acs, of_john.form(corp())));
    assert_eq!(answer.status(), 303, "it is Jane's number");
}

#[test]
fn a_login_counts_among_them_for_as_long_as_its_request_could_be_answered() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.sp.sessions.most_claims.set(1);
    site.log_in(&mut browser, "_s1");
    site.wait(REQUEST_LIFETIME);
    let again = |site: &Site, browser: &mut Browser| {
        let asked = site.begin_login(browser, "/");
        let assertion = Assertion::of_jane("_s2", site.now.get()).answering(&asked);
        site.ask(browser, Ask::send(Acs, assertion.form(corp()))).status()
    };
    assert_eq!(again(&site, &mut browser), 429, "the assertion itself was over before");
    site.wait(Seconds(1));
    assert_eq!(again(&site, &mut browser), 303);
}

#[test]
fn an_id_that_begins_like_another_is_another() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/");
    // Both are kept by cookies of one name.
    let alike = format!("{}{}", &asked.attribute("ID")[..7], "0".repeat(34));
    let in_response_to = Some(alike);
    let assertion = Assertion { in_response_to, ..Assertion::of_jane("_s1", NOW) };
    let answer = site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    assert_eq!(answer.refused(), (400, "request_unknown"));
    let good = Assertion::of_jane("_s1", NOW).answering(&asked);
    assert_eq!(site.ask(&mut browser, Ask::send(Acs, good.form(corp()))).status(), 303);
}
