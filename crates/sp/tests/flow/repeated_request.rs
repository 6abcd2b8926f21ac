//! The same LogoutRequest again: it gets the same answer, and ends nothing more.

use clock::Seconds;
use saml::logout::LIFETIME_WITHOUT_END;
use sp::EndpointKind::Sls;

use crate::site::{Answer, Ask, Browser, Manner, Message, NOW, Plan, SUCCESS, Sent, Site, corp};

fn call(site: &Site, request: &Message) -> Answer {
    site.call(Ask::call(Sls, "text/xml", request.by_soap()))
}

#[test]
fn it_ends_no_later_session() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    let request = corp().logout_request("jane", &[], NOW);
    assert_eq!(Sent::by_soap(call(&site, &request).text()).status(), SUCCESS);
    assert!(site.session(&browser).is_none());

    site.wait(Seconds(1));
    site.log_in(&mut browser, "_s2");
    assert_eq!(Sent::by_soap(call(&site, &request).text()).status(), SUCCESS);
    assert!(site.session(&browser).is_some());
}

#[test]
fn it_is_remembered_for_as_long_as_it_is_good() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let request = corp().logout_request("jane", &[], NOW);
    call(&site, &request);
    site.wait(Seconds(1));
    site.log_in(&mut browser, "_s1");
    // The clocks may differ by a minute.
    site.wait(LIFETIME_WITHOUT_END + Seconds(60) + Seconds(-2));
    assert_eq!(Sent::by_soap(call(&site, &request).text()).status(), SUCCESS);
    assert!(site.session(&browser).is_some());
    site.wait(Seconds(1));
    assert_eq!(call(&site, &request).code(), Some("logout_request_stale"));
    assert!(site.session(&browser).is_some());
}

#[test]
fn the_application_is_not_told_again() {
    let site = Plan { logout_notify: &["/told"], ..Plan::default() }.site();
    let request = corp().logout_request("jane", &["_s1"], NOW);
    for _ in 0..2 {
        assert_eq!(Sent::by_soap(call(&site, &request).text()).status(), SUCCESS);
    }
    assert_eq!(site.application.told.borrow().len(), 1);
}

#[test]
fn what_was_partial_stays_so() {
    let site = Plan { logout_notify: &["/told"], ..Plan::default() }.site();
    site.application.manner.set(Manner::Fails);
    let request = corp().logout_request("jane", &["_s1"], NOW);
    let partial = ["Responder", "PartialLogout"];
    assert_eq!(Sent::by_soap(call(&site, &request).text()).status(), partial);
    site.application.manner.set(Manner::Hears);
    assert_eq!(Sent::by_soap(call(&site, &request).text()).status(), partial);
    assert_eq!(site.application.told.borrow().len(), 3);
    // Another request is another chance.
    let request = corp().logout_request("jane", &["_s1"], NOW);
    assert_eq!(Sent::by_soap(call(&site, &request).text()).status(), SUCCESS);
}
