//! `logout_notify`: applications hear of logouts, or whoever asked for one hears that one did not.

use std::collections::HashMap;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use clock::{Msec, Seconds};
use sp::EndpointKind::{Logout, Sls};

use crate::site::{
    Answer, Ask, Browser, Manner, NOW, PARTIAL, Plan, SUCCESS, Sent, Site, corp, turn,
};

fn signed_in(manner: Manner) -> (Site, Browser) {
    let site = Plan { logout_notify: &["/told"], ..Plan::default() }.site();
    site.application.manner.set(manner);
    let mut browser = Browser::default();
    site.log_in(&mut browser, "_s1");
    (site, browser)
}

#[test]
fn a_logout_here_tells_of_the_session_that_ended() {
    let (site, mut browser) = signed_in(Manner::Hears);
    let session = site.session(&browser).unwrap().session.to_session();
    let answer = site.ask(&mut browser, Ask::open(Logout, ""));
    assert_eq!((answer.status(), answer.code()), (303, None));
    assert_eq!(*site.application.told.borrow(), [("/told".to_owned(), session)]);
}

#[test]
fn an_application_that_does_not_hear_stops_no_logout() {
    for (manner, why) in [
        (Manner::Fails, "logout_notify /told answered with status 500, 3 times"),
        (Manner::Refuses, "logout_notify /told answered with status 403"),
        (Manner::Vanishes, "logout_notify /told was not answered before the request ended"),
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

/// A site with three applications, and Jane is there.
fn three() -> Site {
    let site = Plan { logout_notify: &["/a", "/b", "/c"], ..Plan::default() }.site();
    site.log_in(&mut Browser::default(), "_s1");
    site.counted.take();
    site
}

fn by_idp(site: &Site) -> Answer {
    let request = corp().logout_request("jane", &[], NOW).by_soap();
    site.call(Ask::call(Sls, "text/xml", request))
}

fn told(site: &Site, uri: &str) -> usize {
    site.application.told.borrow().iter().filter(|(told, _)| told == uri).count()
}

#[test]
fn each_application_is_told_and_all_must_hear() {
    let site = three();
    let answer = by_idp(&site);
    assert_eq!(Sent::by_soap(answer.text()).status(), SUCCESS);
    let expected = ["/a", "/b", "/c"].map(|uri| format!("logout_notify app corp {uri} heard 1"));
    assert_eq!(site.counted.borrow()[1..], expected);

    let site = three();
    site.application.manners.replace(HashMap::from([("/b", vec![Manner::Refuses])]));
    let answer = by_idp(&site);
    assert_eq!(Sent::by_soap(answer.text()).status(), PARTIAL);
    let refusal = answer.refusal.as_ref().unwrap();
    assert_eq!(refusal.detail(), "logout_notify /b answered with status 403");
    assert_eq!(["/a", "/b", "/c"].map(|uri| told(&site, uri)), [1, 1, 1]);
}

#[test]
fn one_that_fails_once_is_told_again_and_the_others_are_not() {
    let site = three();
    site.application.manners.replace(HashMap::from([("/b", vec![Manner::Fails])]));
    assert_eq!(Sent::by_soap(by_idp(&site).text()).status(), SUCCESS);
    assert_eq!(["/a", "/b", "/c"].map(|uri| told(&site, uri)), [1, 2, 1]);
    assert_eq!(*site.application.paused.borrow(), [Msec(200)]);
    assert!(site.counted.borrow().contains(&"logout_notify app corp /b heard 2".to_owned()));
}

#[test]
fn one_that_always_fails_is_told_three_times_and_named() {
    let site = three();
    let fails = || vec![Manner::Fails; 9];
    site.application.manners.replace(HashMap::from([("/a", fails()), ("/c", fails())]));
    let answer = by_idp(&site);
    assert_eq!(Sent::by_soap(answer.text()).status(), PARTIAL);
    let detail = "logout_notify /a answered with status 500, 3 times; \
                  logout_notify /c answered with status 500, 3 times";
    assert_eq!(answer.refusal.as_ref().unwrap().detail(), detail);
    assert_eq!(["/a", "/b", "/c"].map(|uri| told(&site, uri)), [3, 1, 3]);
    assert!(site.counted.borrow().contains(&"logout_notify app corp /c unheard 3".to_owned()));
}

#[test]
fn one_that_hangs_holds_up_no_other_and_is_not_told_again_when_that_is_late() {
    let site = three();
    site.application
        .manners
        .replace(HashMap::from([("/a", vec![Manner::Hangs]), ("/b", vec![Manner::Fails])]));
    let request = corp().logout_request("jane", &[], NOW).by_soap();
    let (visit, _host) = site.visit(&Ask::call(Sls, "text/xml", request), None);
    let mut answer = pin!(sp::answer(Sls, visit, Rc::clone(&site.sp)));
    for _ in 0..8 {
        assert!(turn(answer.as_mut()).is_pending());
    }
    assert_eq!(["/a", "/b", "/c"].map(|uri| told(&site, uri)), [1, 2, 1]);
    site.wait(Seconds(10));
    let waits = site.application.unanswered.take().pop().unwrap();
    waits.send(sp::Answer::Status(504)).unwrap();
    let Poll::Ready(Ok(reply)) = turn(answer.as_mut()) else { panic!("it has an answer") };
    let detail = "logout_notify /a answered with status 504";
    assert_eq!(reply.refusal().unwrap().detail(), detail);
    assert_eq!(told(&site, "/a"), 1);
}

#[test]
fn a_logout_here_says_of_which_session() {
    let (site, mut browser) = signed_in(Manner::Hears);
    site.counted.take();
    site.ask(&mut browser, Ask::open(Logout, ""));
    let counted = site.counted.borrow();
    assert_eq!(counted[1..], ["logout_notify app corp /told heard 1 of a session"]);
}
