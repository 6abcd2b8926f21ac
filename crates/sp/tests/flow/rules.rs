//! Rules on who may enter: whom they keep out, and how somebody else gets in.

use std::rc::Rc;

use http::Headers;
use pages::{Circumstances, Reader};
use saml::reason;
use sp::EndpointKind::{Acs, Login};
use sp::{AllowedIdp, Challenge, Method, Protection, Rule, RuleLine, Rules, WantedIdp};

use crate::site::{Ask, Assertion, Browser, Memory, NOW, Sent, Site, corp, other};

/// For the users of `other` alone.
fn protection(site: &Site) -> Protection<Memory> {
    let allowed = AllowedIdp::One(Rc::clone(site.sp.idps.named("other").unwrap()));
    let line = RuleLine { text: "the rule".to_owned(), label: None, status: 403 };
    let rule = Rule { demand: vec![allowed], line: Rc::new(line) };
    let rules = Rc::new(Rules { idps: Some(rule), ..Rules::default() });
    Protection { rules, ..Protection::new(Rc::clone(&site.sp), WantedIdp::Any) }
}

/// The page that a person gets whom the rule keeps out.
fn denied(protection: &Protection<Memory>, site: &Site, browser: &Browser) -> String {
    let live = site.session(browser).unwrap();
    let ask = Ask::open(Login, "");
    let head = ask.head(browser.cookies_for(&ask, NOW)).with("Accept", "text/html");
    assert!(head.first("cookie").is_some());
    let challenge = Challenge {
        protection,
        idp: None,
        reason: &reason::REQUIREMENT_NOT_MET,
        head: &head,
        method: Method::Get,
        target: "/members/page?x=1",
        post: None,
        circumstances: &Circumstances::new(sp::random::id),
        variables: &[],
        warn: &|what| panic!("{what}"),
    };
    let reply = challenge.deny(&protection.unmet(&live).unwrap(), NOW);
    assert_eq!(reply.status(), 403);
    assert!(!reply.headers().iter().any(|(name, _)| matches!(*name, "Location" | "Set-Cookie")));
    reply.body(&Reader::default()).unwrap().text.clone()
}

#[test]
fn who_is_kept_out_signs_in_as_somebody_else_and_comes_to_the_page() {
    let (site, mut browser) = (Site::new(), Browser::default());
    let protection = protection(&site);
    site.log_in(&mut browser, "_s1");
    let page = denied(&protection, &site, &browser);
    let (_, link) = page.split_once("class=\"button\" href=\"").unwrap();
    let (link, _) = link.split_once('"').unwrap();
    let (_, query) = link.split_once('?').unwrap();
    let query = format!("{}&idp=other", query.replace("&amp;", "&"));
    let asked = Sent::by(&site.ask(&mut browser, Ask::open(Login, &query)));
    assert_eq!(asked.attribute("ForceAuthn"), "true");
    assert_eq!(asked.to, format!("{}/sso", other().entity_id));
    // Their session goes on until somebody else has one.
    assert_eq!(site.session(&browser).unwrap().session.idp(), corp().entity_id);
    let form = Assertion::of_jane("_s2", NOW).answering(&asked).form(other());
    let answer = site.ask(&mut browser, Ask::send(Acs, form));
    assert_eq!(answer.redirect(), (303, "https://app.example.com/members/page?x=1"));
    assert_eq!(protection.unmet(&site.session(&browser).unwrap()), None);
}
