//! A page for members, from the challenge to the session that suits it.

use std::cell::RefCell;
use std::rc::Rc;

use clock::Seconds;
use pages::{Circumstances, Reply};
use sp::EndpointKind::{Acs, Login};
use sp::{
    CacheControl, Challenge, ForceAuthn, Method, Mode, Preflight, Protection, Unauthenticated,
};

use crate::site::{Answer, Ask, Assertion, Browser, Memory, NOW, Sent, Site, corp};

fn protection(site: &Site) -> Protection<Memory> {
    Protection {
        sp: Rc::clone(&site.sp),
        idp: None,
        mode: Mode::Require,
        unauthenticated: Unauthenticated::Auto,
        force_authn: ForceAuthn::Age(Seconds(60)),
        authn_context: None,
        cache_control: CacheControl::On,
        preflight: Preflight::Off,
        cors_origins: Vec::new(),
    }
}

/// The browser asks for the page without a session that suits it.
fn challenged(
    protection: &Protection<Memory>,
    browser: &mut Browser,
    now: clock::UnixTime,
) -> Answer {
    let circumstances = Rc::new(Circumstances::new(sp::random::id));
    // No endpoint's request, and the same header fields.
    let ask = Ask::open(Login, "");
    let warnings = RefCell::new(Vec::new());
    let reply: Reply = Challenge {
        protection,
        head: &ask.head(browser.cookies_for(&ask, now)),
        method: Method::Get,
        target: "/members/page?x=1",
        circumstances: &circumstances,
        variables: &[],
        warn: &|what| warnings.borrow_mut().push(what.to_owned()),
    }
    .answer(now)
    .unwrap();
    assert!(warnings.borrow().is_empty());
    let answer = Answer { reply, refusal: None, circumstances };
    for cookie in answer.all("Set-Cookie") {
        browser.keep(cookie, now);
    }
    answer
}

#[test]
fn a_person_logs_in_and_comes_to_the_page() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let protection = protection(&site);
    let asked = Sent::by(&challenged(&protection, &mut browser, NOW));
    assert_eq!(asked.attribute("ForceAuthn"), "true");
    let form = Assertion::of_jane("_s1", NOW).answering(&asked).form(corp());
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/members/page?x=1"));
    let live = site.session(&browser).unwrap();
    assert!(protection.suits(&live.session, NOW + Seconds(60)));
    assert!(!protection.suits(&live.session, NOW + Seconds(61)));
}

#[test]
fn who_must_log_in_anew_must_really_do_so() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let protection = protection(&site);
    site.wait(Seconds(300));
    let now = site.now.get();
    let asked = Sent::by(&challenged(&protection, &mut browser, now));
    // The IdP knew them already.
    let assertion = Assertion { authn_instant: NOW, ..Assertion::of_jane("_s1", now) };
    let form = assertion.answering(&asked).form(corp());
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(answer.refused(), (403, "authn_not_fresh"));
    assert!(site.sp.sessions.is_blank());
}
