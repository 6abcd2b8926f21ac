//! The store does not answer: nobody gets in, nobody is told that they are out.

use sp::EndpointKind::{Acs, Login, Logout, Metadata, Sls};

use crate::site::{Ask, Assertion, Browser, NOW, Sent, Site, corp};

#[test]
fn nobody_gets_a_session() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/page");
    site.sp.sessions.is_down.set(true);
    let form = Ask::send(Acs, Assertion::of_jane("_s1", NOW).answering(&asked).form(corp()));
    let answer = site.ask(&mut browser, form.clone());
    assert_eq!(answer.refused(), (503, "store_unavailable"));
    assert_eq!(answer.header("Retry-After"), Some("10"));
    assert!(browser.token().is_none());
    assert!(answer.text().contains("href=\"https://app.example.com/page\""), "to start again");

    site.sp.sessions.is_down.set(false);
    assert_eq!(site.ask(&mut browser, form).status(), 303, "the login is still good");
}

#[test]
fn a_login_begins_all_the_same() {
    let site = Site::new();
    site.sp.sessions.is_down.set(true);
    assert_eq!(site.call(Ask::open(Login, "")).status(), 302);
    assert_eq!(site.call(Ask::open(Metadata, "")).status(), 200);
}

#[test]
fn who_wants_to_log_out_hears_that_they_are_not() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    site.sp.sessions.is_down.set(true);
    let answer = site.ask(&mut browser, Ask::open(Logout, "return=/bye"));
    assert_eq!(answer.refused(), (503, "store_unavailable"));
    assert_eq!(answer.page().1, "Sign-out did not work");
    site.sp.sessions.is_down.set(false);
    assert!(site.session(&browser).is_some(), "and keeps the cookie to try again");
}

#[test]
fn the_idp_hears_it_whose_logout_it_was() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    site.sp.sessions.is_down.set(true);
    let request = corp().logout_request("jane", &[], NOW);
    let answer = site.call(Ask::call(Sls, "text/xml", request.by_soap()));
    assert_eq!(answer.refused(), (503, "store_unavailable"));
    assert_eq!(Sent::by_soap(answer.text()).status(), ["Responder"]);
    let by_browser = site.ask(&mut browser.clone(), Ask::follow(Sls, &request.by_redirect()));
    assert_eq!(by_browser.refused(), (303, "store_unavailable"));
    assert_eq!(Sent::by(&by_browser).status(), ["Responder"]);
    let form = request.by_post();
    let by_server = site.call(Ask::call(Sls, "application/x-www-form-urlencoded", form));
    assert_eq!(by_server.refused(), (503, "store_unavailable"));

    site.sp.sessions.is_down.set(false);
    assert!(site.session(&browser).is_some());
    site.call(Ask::call(Sls, "text/xml", request.by_soap()));
    assert!(site.session(&browser).is_none(), "the same request, now that it can be done");
}
