//! What `saml_sls` shows without a message: the page on which a logout ended.

use clock::Seconds;
use sp::EndpointKind::{Logout, Sls};

use crate::site::{Ask, Browser, NOW, SUCCESS, Sent, Site, corp};

/// Jane has signed out everywhere, and wanted to go nowhere.
fn signed_out() -> (Site, Browser) {
    signed_out_after(Seconds(0))
}

/// The same; the IdP takes so long.
fn signed_out_after(span: Seconds) -> (Site, Browser) {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    let asked = Sent::by(&site.ask(&mut browser, Ask::open(Logout, "")));
    site.wait(span);
    let good = corp().logout_answer(&asked, SUCCESS, NOW).by_redirect();
    assert_eq!(site.ask(&mut browser, Ask::follow(Sls, &good)).status(), 303);
    (site, browser)
}

#[test]
fn it_is_there_for_ten_minutes_however_often_it_is_loaded() {
    let (site, mut browser) = signed_out();
    for later in [0, 300, 299] {
        site.wait(Seconds(later));
        let page = site.ask(&mut browser, Ask::open(Sls, ""));
        assert_eq!(page.page(), (200, "You are signed out everywhere"));
    }
    site.wait(Seconds(1));
    let page = site.ask(&mut browser, Ask::open(Sls, ""));
    assert_eq!(page.refused(), (400, "message_missing"));
}

#[test]
fn its_time_begins_with_the_idps_answer() {
    let (site, mut browser) = signed_out_after(Seconds(500));
    site.wait(Seconds(599));
    let page = site.ask(&mut browser, Ask::open(Sls, ""));
    assert_eq!(page.page(), (200, "You are signed out everywhere"));
}

#[test]
fn who_has_signed_in_since_reads_that() {
    let (site, mut browser) = signed_out();
    site.wait(Seconds(1));
    site.log_in(&mut browser, "_s2");
    let page = site.ask(&mut browser, Ask::open(Sls, ""));
    assert_eq!(page.page(), (200, "You are signed in again"));
}

#[test]
fn it_is_nobody_elses() {
    let (site, _) = signed_out();
    let page = site.ask(&mut Browser::default(), Ask::open(Sls, ""));
    assert_eq!(
        (page.page(), page.code()),
        ((400, "No sign-out to tell of"), Some("message_missing"))
    );
}

#[test]
fn while_the_idp_is_asked_there_is_nothing_to_tell() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    site.ask(&mut browser, Ask::open(Logout, ""));
    let page = site.ask(&mut browser, Ask::open(Sls, ""));
    assert_eq!(page.refused(), (400, "message_missing"));
}

#[test]
fn a_store_that_is_down_does_not_say_that_somebody_is_out() {
    let (site, mut browser) = signed_out();
    site.wait(Seconds(1));
    site.log_in(&mut browser, "_s2");
    site.sp.sessions.is_down.set(true);
    let page = site.ask(&mut browser, Ask::open(Sls, ""));
    assert_eq!(page.refused(), (503, "store_unavailable"));
}
