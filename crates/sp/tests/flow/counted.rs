//! Logins and logouts are counted, by SP and IdP.

use clock::Seconds;
use saml::provider::LogoutBinding;
use sp::EndpointKind::{Acs, Logout, Sls};

use crate::site::{Ask, Assertion, Browser, NOW, Plan, Site, corp};

fn counted(site: &Site) -> Vec<String> {
    site.counted.take()
}

#[test]
fn who_comes_and_goes_is_counted_once() {
    let (site, mut browser) = (Plan::default().site(), Browser::default());
    site.log_in(&mut browser, "_s1");
    assert_eq!(counted(&site), ["login app corp"]);
    site.ask(&mut browser, Ask::open(Logout, ""));
    assert_eq!(counted(&site), ["logout_by_user app corp"]);
    site.ask(&mut browser, Ask::open(Logout, ""));
    assert!(counted(&site).is_empty(), "there was no session");
}

#[test]
fn a_login_in_the_same_browser_ends_the_session_of_before() {
    let (site, mut browser) = (Plan::default().site(), Browser::default());
    site.log_in(&mut browser, "_s1");
    counted(&site);
    site.log_in(&mut browser, "_s2");
    assert_eq!(counted(&site), ["login app corp", "session_end app corp"]);
    site.log_in(&mut Browser::default(), "_s3");
    assert_eq!(counted(&site), ["login app corp"], "another browser's goes on");
}

#[test]
fn an_idp_that_signs_out_two_sessions_signs_out_one_person() {
    let site = Plan { slo: LogoutBinding::ALL.to_vec(), ..Plan::default() }.site();
    for session_index in ["_s1", "_s2"] {
        site.log_in(&mut Browser::default(), session_index);
    }
    counted(&site);
    let request = corp().logout_request("jane", &[], NOW).by_soap();
    for expected in [vec!["logout_by_idp app corp"], vec![]] {
        site.call(Ask::call(Sls, "text/xml", request.clone()));
        assert_eq!(counted(&site), expected, "the second time nobody is there");
    }
}

#[test]
fn a_refused_response_says_whose_it_is_and_is_no_login() {
    let (site, mut browser) = (Plan::default().site(), Browser::default());
    let asked = site.begin_login(&mut browser, "/");
    let late = Assertion { issued: NOW - Seconds(86_400), ..Assertion::of_jane("_s1", NOW) };
    let answer = site.ask(&mut browser, Ask::send(Acs, late.answering(&asked).form(corp())));
    assert!(answer.code().is_some() && answer.status() == 403, "{:?}", answer.code());
    assert_eq!(answer.circumstances.idp.borrow().as_deref(), Some("corp"));
    assert!(counted(&site).is_empty());
}
