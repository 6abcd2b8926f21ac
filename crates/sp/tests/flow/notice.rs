//! `logout_notify`: the application hears of logouts, or whoever asked for one hears that it did not.

use clock::Seconds;
use sp::EndpointKind::{Logout, Sls};

use crate::site::{Ask, Browser, Manner, NOW, Plan, Sent, Site, corp};

fn signed_in(manner: Manner) -> (Site, Browser) {
    let site = Plan { logout_notify: Some("/told"), ..Plan::default() }.site();
    site.application.manner.set(manner);
    let mut browser = Browser::default();
    site.log_in(&mut browser, "_s1");
    (site, browser)
}

#[test]
fn a_logout_here_tells_of_the_session_that_ended() {
    let (site, mut browser) = signed_in(Manner::Hears);
    let session = site.session(&browser).unwrap().session.clone();
    let answer = site.ask(&mut browser, Ask::open(Logout, ""));
    assert_eq!((answer.status(), answer.code()), (303, None));
    assert_eq!(*site.application.told.borrow(), [("/told".to_owned(), session)]);
}

#[test]
fn an_application_that_does_not_hear_stops_no_logout() {
    for (manner, why) in [
        (Manner::Fails, "it answered with status 500"),
        (Manner::Vanishes, "the request ended before logout_notify was answered"),
    ] {
        let (site, mut browser) = signed_in(manner);
        let before = browser.clone();
        let answer = site.ask(&mut browser, Ask::open(Logout, ""));
        assert_eq!(Sent::by(&answer).message.name, "LogoutRequest", "it goes on");
        assert_eq!(answer.refusal.as_ref().unwrap().detail(), why);
        assert_eq!(answer.code(), Some("logout_notify_failed"), "for the log");
        assert!(site.session(&before).is_none());
    }
}

#[test]
fn a_logout_by_the_idp_tells_all_that_the_idp_says() {
    let (site, _) = signed_in(Manner::Hears);
    site.wait(Seconds(5));
    let request = corp().logout_request("jane", &["_s1", "_s2"], NOW).by_soap();
    site.call(Ask::call(Sls, "text/xml", request));
    let told = site.application.told.borrow();
    let [(uri, session)] = told.as_slice() else { panic!("{} notices", told.len()) };
    assert_eq!((uri.as_str(), session.idp.as_str()), ("/told", corp().entity_id));
    assert_eq!(session.name_id.value, "jane");
    assert_eq!(session.session_index.as_deref(), Some("_s1;_s2"));
    assert_eq!((session.sp, session.created), (site.sp.id, NOW + Seconds(5)));
}

#[test]
fn it_is_told_of_people_who_are_not_here_too() {
    let (site, browser) = signed_in(Manner::Hears);
    let request = corp().logout_request("john", &[], NOW).by_soap();
    site.call(Ask::call(Sls, "text/xml", request));
    let told = site.application.told.borrow();
    assert_eq!((told[0].1.name_id.value.as_str(), &told[0].1.session_index), ("john", &None));
    assert!(site.session(&browser).is_some());
}

#[test]
fn the_idp_hears_when_the_application_did_not() {
    for manner in [Manner::Fails, Manner::Vanishes] {
        let (site, browser) = signed_in(manner);
        let request = corp().logout_request("jane", &[], NOW).by_soap();
        let answer = site.call(Ask::call(Sls, "text/xml", request));
        assert_eq!(answer.refused(), (200, "logout_notify_failed"));
        assert_eq!(Sent::by_soap(answer.text()).status(), ["Responder", "PartialLogout"]);
        assert!(site.session(&browser).is_none(), "the sessions have ended");
    }
}

#[test]
fn so_does_a_server_that_reads_only_the_status() {
    let (site, _) = signed_in(Manner::Fails);
    let form = corp().logout_request("jane", &[], NOW).by_post();
    let answer = site.call(Ask::call(Sls, "application/x-www-form-urlencoded", form));
    assert_eq!(answer.refused(), (503, "logout_notify_failed"));
    assert_eq!(answer.text(), "{\"error\":\"logout_notify_failed\"}\n");
}
