//! An IdP that is disabled: nobody comes in by it, and nobody stays.

use std::rc::Rc;

use saml::provider::Policy;
use sp::EndpointKind::{Acs, Login, Logout};
use sp::Sp;

use crate::site::{Ask, Assertion, Browser, Memory, NOW, Plan, Sent, Site, corp, other};

const CORP: Disabled = Disabled(&["corp"]);
const BOTH: Disabled = Disabled(&["corp", "other"]);

/// Which are disabled.
#[derive(Clone, Copy)]
struct Disabled(&'static [&'static str]);

impl Disabled {
    fn plan(self) -> Plan {
        let policy = Policy { allow_unsolicited: true, ..Policy::default() };
        Plan { disabled: self.0, policy, ..Plan::default() }
    }

    fn site(self) -> Site {
        self.plan().site()
    }

    /// The same SP after a reload by which they were disabled.
    fn reload(self, site: &Site) -> Site {
        let new = self.site();
        let sp = Rc::into_inner(new.sp).unwrap();
        let sp = Sp::<Memory> { sessions: Rc::clone(&site.sp.sessions), ..sp };
        Site { sp: Rc::new(sp), ..new }
    }
}

#[test]
fn the_default_is_the_first_one_that_is_not() {
    let (site, mut browser) = (CORP.site(), Browser::default());
    let sent = Sent::by(&site.ask(&mut browser, Ask::open(Login, "")));
    assert_eq!(sent.to, format!("{}/sso", other().entity_id));
    let answer = BOTH.site().ask(&mut browser, Ask::open(Login, ""));
    assert_eq!(answer.refused(), (403, "idp_disabled"));
}

#[test]
fn no_login_begins_there() {
    let answer = CORP.site().ask(&mut Browser::default(), Ask::open(Login, "idp=corp"));
    assert_eq!(answer.refused(), (403, "idp_disabled"));
    assert!(answer.all("Set-Cookie").is_empty());
}

#[test]
fn a_login_under_way_and_one_that_the_idp_began_are_refused() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let asked = site.begin_login(&mut browser, "/");
    let site = CORP.reload(&site);
    let assertion = Assertion::of_jane("_s1", NOW);
    let answer =
        site.ask(&mut browser, Ask::send(Acs, assertion.clone().answering(&asked).form(corp())));
    assert_eq!(answer.refused(), (403, "idp_disabled"));
    let answer = site.ask(&mut browser, Ask::send(Acs, assertion.form(corp())));
    assert_eq!(answer.refused(), (403, "idp_disabled"));
    assert!(site.sp.sessions.is_blank());
}

#[test]
fn its_sessions_enter_no_more_and_those_of_others_do() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    let site = CORP.reload(&site);
    assert!(site.session(&browser).is_none());
    let asked = Sent::by(&site.ask(&mut browser, Ask::open(Login, "idp=other")));
    let assertion = Assertion::of_jane("_s2", NOW).answering(&asked);
    site.ask(&mut browser, Ask::send(Acs, assertion.form(other())));
    assert!(site.session(&browser).is_some());
}

#[test]
fn a_logout_ends_the_session_here_and_the_idp_is_not_asked() {
    let (old, mut browser) = (Site::new(), Browser::default());
    old.log_in(&mut browser, "_s1");
    let kept = browser.clone();
    let site = CORP.reload(&old);
    let answer = site.ask(&mut browser, Ask::open(Logout, ""));
    assert_eq!(answer.status(), 200);
    assert!(!answer.text().contains("SAMLRequest"));
    assert!(old.session(&kept).is_none(), "also when it is enabled again");
}
