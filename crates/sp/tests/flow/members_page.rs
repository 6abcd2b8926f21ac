//! A page for members, from the challenge to the session that suits it.

use std::cell::RefCell;
use std::rc::Rc;

use clock::Seconds;
use pages::Circumstances;
use saml::reason::{self, Reason};
use saml::refusal::Refusal;
use sp::EndpointKind::{Acs, Login};
use sp::{
    Begun, CacheControl, Challenge, ForceAuthn, Method, Mode, Preflight, Protection,
    Unauthenticated, WantedIdp,
};

use crate::site::{Answer, Ask, Assertion, Browser, Memory, NOW, Plan, Sent, Site, corp, other};

fn protection(site: &Site) -> Protection<Memory> {
    Protection {
        sp: Rc::clone(&site.sp),
        idp: WantedIdp::Any,
        mode: Mode::Require,
        unauthenticated: Unauthenticated::Auto,
        preserve_post: None,
        ecp: false,
        force_authn: ForceAuthn::Age(Seconds(60)),
        authn_context: None,
        cache_control: CacheControl::On,
        preflight: Preflight::Off,
        cors_origins: Vec::new(),
        rules: Rc::default(),
    }
}

/// The browser asks for the page without a session that suits it, and is asked to log in.
fn challenged(
    site: &Site,
    protection: &Protection<Memory>,
    reason: &'static Reason,
    browser: &mut Browser,
    now: clock::UnixTime,
) -> Answer {
    let circumstances = Rc::new(Circumstances::new(sp::random::id));
    let begun = answer(protection, reason, browser, &circumstances, now).unwrap();
    let reply = site.signed(begun, &circumstances);
    let answer = Answer::new(reply, None, circumstances);
    for cookie in answer.all("Set-Cookie") {
        browser.keep(cookie, now);
    }
    answer
}

fn answer(
    protection: &Protection<Memory>,
    reason: &'static Reason,
    browser: &Browser,
    circumstances: &Circumstances,
    now: clock::UnixTime,
) -> Result<Begun, Refusal> {
    // No endpoint's request, and the same header fields.
    let ask = Ask::open(Login, "");
    let warnings = RefCell::new(Vec::new());
    let answer = Challenge {
        protection,
        idp: protection.wanted_idp(|_| None).unwrap(),
        reason,
        head: &ask.head(browser.cookies_for(&ask, now)),
        method: Method::Get,
        target: "/members/page?x=1",
        post: None,
        circumstances,
        variables: &[],
        warn: &|what| warnings.borrow_mut().push(what.to_owned()),
    }
    .answer(now);
    assert!(warnings.borrow().is_empty());
    answer
}

#[test]
fn a_person_logs_in_and_comes_to_the_page() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let protection = protection(&site);
    let asked = Sent::by(&challenged(
        &site,
        &protection,
        &reason::AUTHENTICATION_REQUIRED,
        &mut browser,
        NOW,
    ));
    assert_eq!(asked.attribute("ForceAuthn"), "true");
    let form = Assertion::of_jane("_s1", NOW).answering(&asked).form(corp());
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/members/page?x=1"));
    let live = site.session(&browser).unwrap();
    let objection = |age| protection.objection(&live.session, None, NOW + Seconds(age));
    assert_eq!(objection(60), None);
    assert_eq!(objection(61), Some(&reason::AUTHENTICATION_REQUIRED));
}

#[test]
fn who_must_log_in_anew_must_really_do_so() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let protection = protection(&site);
    site.wait(Seconds(300));
    let now = site.now.get();
    let asked = Sent::by(&challenged(
        &site,
        &protection,
        &reason::AUTHENTICATION_REQUIRED,
        &mut browser,
        now,
    ));
    // The IdP knew them already.
    let assertion = Assertion { authn_instant: NOW, ..Assertion::of_jane("_s1", now) };
    let form = assertion.answering(&asked).form(corp());
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(answer.refused(), (403, "authn_not_fresh"));
    assert!(site.sp.sessions.is_blank());
}

#[test]
fn whose_session_is_of_another_idp_signs_in_at_the_right_one() {
    let (site, mut browser) = (Site::new(), Browser::default());
    site.log_in(&mut browser, "_s1");
    let idp = WantedIdp::One(Rc::clone(site.sp.idps.named("other").unwrap()));
    let protection = Protection { idp, force_authn: ForceAuthn::Off, ..protection(&site) };
    let wanted = protection.wanted_idp(|_| None).unwrap();
    let objection = |browser: &Browser| {
        let live = site.session(browser).unwrap();
        protection.objection(&live.session, wanted.as_deref(), NOW)
    };
    let reason = objection(&browser).unwrap();
    assert_eq!(reason, &reason::SESSION_OF_OTHER_IDP);
    let asked = Sent::by(&challenged(&site, &protection, reason, &mut browser, NOW));
    assert_eq!(asked.to, format!("{}/sso", other().entity_id));
    let form = Assertion::of_jane("_s2", NOW).answering(&asked).form(other());
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/members/page?x=1"));
    assert_eq!(objection(&browser), None, "one login is enough");
}

#[test]
fn where_the_wanted_idp_is_disabled_nobody_is_sent_round() {
    let (site, mut browser) =
        (Plan { disabled: &["other"], ..Plan::default() }.site(), Browser::default());
    site.log_in(&mut browser, "_s1");
    let idp = WantedIdp::One(Rc::clone(site.sp.idps.named("other").unwrap()));
    let everywhere = Protection { force_authn: ForceAuthn::Off, ..protection(&site) };
    let there = Protection { idp, force_authn: ForceAuthn::Off, ..protection(&site) };
    let wanted = there.wanted_idp(|_| None).unwrap();
    let session = &site.session(&browser).unwrap().session;
    let reason = there.objection(session, wanted.as_deref(), NOW).unwrap();
    assert_eq!(reason, &reason::SESSION_OF_OTHER_IDP);
    for unauthenticated in
        [Unauthenticated::Auto, Unauthenticated::Redirect, Unauthenticated::Status401]
    {
        let there = Protection { unauthenticated, idp: there.idp.clone(), ..protection(&site) };
        let circumstances = Circumstances::new(sp::random::id);
        let refusal = answer(&there, reason, &browser, &circumstances, NOW).err().unwrap();
        assert_eq!(refusal.reason(), &reason::IDP_DISABLED, "{unauthenticated:?}");
    }
    let by_link = site.ask(&mut browser, Ask::open(Login, "idp=other"));
    assert_eq!(by_link.refused(), (403, "idp_disabled"));
    assert_eq!(everywhere.objection(session, None, NOW), None, "elsewhere it is as good as before");
    assert!(site.session(&browser).is_some());
}
