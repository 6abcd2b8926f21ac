//! A login's form is posted once more: the browser's Back button does it.

use clock::Seconds;
use sp::EndpointKind::Acs;

use crate::site::{Ask, Assertion, Browser, NOW, REQUEST_LIFETIME, Site, corp};

#[test]
fn the_same_form_goes_to_the_page_and_makes_no_second_session() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/page");
    let form = Ask::send(Acs, Assertion::of_jane("_s1", NOW).answering(&asked).form(corp()));
    site.ask(&mut browser, form.clone());
    let token = browser.token().unwrap().to_cookie();

    let again = site.ask(&mut browser, form);
    assert_eq!(again.redirect(), (303, "https://app.example.com/page"));
    assert!(again.all("Set-Cookie").is_empty());
    assert_eq!(again.circumstances.request_id(), asked.attribute("ID"));
    assert_eq!(browser.token().unwrap().to_cookie(), token);
    assert_eq!(site.sp.sessions.len(), 1);
}

#[test]
fn it_does_so_after_a_logout_too_and_lets_nobody_in() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/page");
    let form = Ask::send(Acs, Assertion::of_jane("_s1", NOW).answering(&asked).form(corp()));
    site.ask(&mut browser, form.clone());
    site.ask(&mut browser, Ask::open(sp::EndpointKind::Logout, ""));

    let again = site.ask(&mut browser, form);
    assert_eq!(again.redirect(), (303, "https://app.example.com/page"));
    assert!(site.session(&browser).is_none());
    assert_eq!(site.sp.sessions.len(), 0);
}

#[test]
fn where_a_login_went_is_known_a_while_after_it_could_have_gone_on() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/page");
    let form = Ask::send(Acs, Assertion::of_jane("_s1", NOW).answering(&asked).form(corp()));
    site.ask(&mut browser, form.clone());
    site.wait(REQUEST_LIFETIME + Seconds(60));
    let again = site.ask(&mut browser, form);
    assert_eq!(again.redirect(), (303, "https://app.example.com/page"));
}
