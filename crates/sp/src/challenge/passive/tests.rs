use std::io::Read;
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clock::Seconds;
use flate2::read::DeflateDecoder;
use http::Head;
use pages::{Circumstances, Reader, Reply};
use saml::reason;
use session::{IdpChoices, Logins};

use super::without_mark;
use crate::challenge::{Challenge, Method};
use crate::discovery::Discovery;
use crate::endpoint_kind::EndpointKind;
use crate::endpoints::Endpoints;
use crate::passive_try::PassiveTry;
use crate::protection::{ForceAuthn, Mode, Protection, WantedIdp};
use crate::sp::Sp;
use crate::test_sp::{Closed, NOW, signed, sp};

const PAGE: &str = "/page?x=1";
const MARKED: &str = "/page?x=1&saml_passive=1";

fn protection_of(sp: Sp<Closed>) -> Protection<Closed> {
    Protection { mode: Mode::Passive, ..Protection::new(Rc::new(sp), WantedIdp::Any) }
}

/// A person goes there.
fn navigation() -> Head {
    Head::new("GET", "").with("Accept", "text/html").with("Sec-Fetch-Mode", "navigate")
}

/// With what a browser keeps of this cookie.
fn bringing(head: Head, set_cookie: &str) -> Head {
    head.with("Cookie", set_cookie.split(';').next().unwrap())
}

fn after(what: PassiveTry) -> Head {
    bringing(navigation(), &sp().cookies.set_passive_try(what, Seconds(1)))
}

fn ask(
    protection: &Protection<Closed>,
    head: &Head,
    method: Method,
    target: &str,
) -> Option<Reply> {
    let circumstances = Circumstances::new(|| "_new".to_owned());
    let challenge = Challenge {
        protection,
        idp: protection.wanted_idp(|_| None).unwrap(),
        reason: &reason::AUTHENTICATION_REQUIRED,
        head,
        method,
        target,
        post: None,
        circumstances: &circumstances,
        variables: &[],
        warn: &|what| panic!("{what}"),
    };
    challenge.ask_passively(NOW).map(|begun| signed(begun, &circumstances).unwrap())
}

fn asked(head: &Head, target: &str) -> Option<Reply> {
    ask(&protection_of(sp()), head, Method::Get, target)
}

fn header<'a>(reply: &'a Reply, name: &str) -> &'a str {
    let mut fields = reply.headers().iter().filter(|(known, _)| *known == name);
    fields.next().map_or("", |(_, value)| value)
}

fn cookie(reply: &Reply) -> String {
    let mut fields = reply.headers().iter().filter(|(known, _)| *known == "Set-Cookie");
    let found = fields.find(|(_, value)| value.starts_with("__Host-saml_passive_"));
    found.unwrap().1.split_once('=').unwrap().1.to_owned()
}

#[test]
fn a_browser_shows_first_that_it_keeps_cookies() {
    let reply = asked(&navigation(), PAGE).unwrap();
    assert_eq!(reply.status(), 302);
    assert_eq!(header(&reply, "Location"), "https://app.example.com/page?x=1&saml_passive=1");
    assert_eq!(cookie(&reply), "prepared; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=None");
    assert_eq!(asked(&navigation(), MARKED), None, "it does not");
    let bare = asked(&navigation(), "/").unwrap();
    assert_eq!(header(&bare, "Location"), "https://app.example.com/?saml_passive=1");
}

#[test]
fn then_its_idp_is_asked_and_that_is_remembered_at_once() {
    for target in [PAGE, MARKED] {
        let reply = asked(&after(PassiveTry::Prepared), target).unwrap();
        assert!(header(&reply, "Location").starts_with("https://one.example"), "{reply:?}");
        assert!(cookie(&reply).starts_with("made; Path=/; Max-Age=600; "));
    }
}

#[test]
fn a_slow_idp_does_not_make_it_begin_anew() {
    let sp = Sp { passive_retry: Seconds(10), request_lifetime: Seconds(60), ..sp() };
    let reply = ask(&protection_of(sp), &after(PassiveTry::Prepared), Method::Get, PAGE).unwrap();
    assert!(cookie(&reply).starts_with("made; Path=/; Max-Age=60; "));
}

#[test]
fn who_was_asked_or_has_signed_out_goes_in() {
    for what in [PassiveTry::Made, PassiveTry::Unwanted] {
        for target in [PAGE, MARKED] {
            assert_eq!(asked(&after(what), target), None, "{what:?} {target}");
        }
    }
}

#[test]
fn nobody_but_a_person_at_top_level_is_asked() {
    let protection = protection_of(sp());
    for head in [
        Head::new("GET", ""),
        Head::new("GET", "").with("Accept", "text/html"),
        Head::new("GET", "").with("Accept", "application/json").with("Sec-Fetch-Mode", "cors"),
        navigation().with("Sec-Fetch-Dest", "iframe"),
        navigation().with("Sec-Purpose", "prefetch;prerender"),
        navigation().with("X-Requested-With", "XMLHttpRequest"),
        navigation().with("Authorization", "Bearer x"),
    ] {
        assert_eq!(ask(&protection, &head, Method::Get, PAGE), None, "{head:?}");
    }
    for method in [Method::Post, Method::Other] {
        assert_eq!(ask(&protection, &navigation(), method, PAGE), None);
    }
}

#[test]
fn an_address_that_would_lose_something_is_left_alone() {
    let long = |len: usize| format!("/?{}", "x".repeat(len - 2));
    assert!(asked(&navigation(), &long(1985)).is_some());
    assert_eq!(asked(&navigation(), &long(1986)), None);
    assert_eq!(asked(&navigation(), "/saml/login"), None, "a handler's");
}

#[test]
fn no_silent_try_shows_a_page_to_choose_from() {
    let choosing = |discovery| {
        let mut sp = sp();
        let urls = [EndpointKind::Acs, EndpointKind::Discovery];
        let urls = urls.map(|kind| (kind, format!("https://app.example.com/{kind:?}")));
        sp.endpoints = Endpoints::new(urls.into()).unwrap();
        Sp { discovery, ..sp }
    };
    let builtin = protection_of(choosing(Discovery::Builtin));
    assert_eq!(ask(&builtin, &after(PassiveTry::Prepared), Method::Get, PAGE), None);
    // Unless they have chosen for always, or the location names one.
    let choice = sp().cookies.set_idp_choices(&IdpChoices::default().with("two", true));
    let chosen = bringing(navigation(), &choice);
    assert!(ask(&builtin, &chosen, Method::Get, PAGE).is_some());
    let idp = WantedIdp::One(Rc::clone(builtin.sp.idps.named("two").unwrap()));
    let of_one = Protection { idp, ..protection_of(choosing(Discovery::Builtin)) };
    assert!(ask(&of_one, &navigation(), Method::Get, PAGE).is_some());
    // A discovery service may be asked silently itself (IdpDisco 2.4.1).
    let service = Discovery::Service("https://wayf.example/".to_owned());
    let elsewhere = protection_of(choosing(service));
    let reply = ask(&elsewhere, &after(PassiveTry::Prepared), Method::Get, PAGE).unwrap();
    assert!(header(&reply, "Location").contains("isPassive=true"));
    assert!(cookie(&reply).starts_with("made;"));
}

#[test]
fn what_keeps_a_try_from_beginning_is_for_the_log() {
    let protection = protection_of(sp());
    let looping = protection.sp.cookies.set_logins(Logins { count: 4, since: NOW });
    let prepared = protection.sp.cookies.set_passive_try(PassiveTry::Prepared, Seconds(1));
    let both = [looping, prepared].map(|cookie| cookie.split(';').next().unwrap().to_owned());
    let head = navigation().with("Cookie", both.join("; "));
    let reply = ask(&protection, &head, Method::Get, MARKED).unwrap();
    assert_eq!(
        (reply.status(), header(&reply, "Location")),
        (302, "https://app.example.com/page?x=1")
    );
    assert_eq!(reply.refusal().unwrap().code(), "login_loop");
    assert!(cookie(&reply).starts_with("made;"));
}

#[test]
fn fresh_credentials_are_asked_for_only_where_any_others_are_of_no_use() {
    for (force_authn, is_forced) in
        [(ForceAuthn::Off, false), (ForceAuthn::On, true), (ForceAuthn::Age(Seconds(60)), false)]
    {
        let protection = Protection { force_authn, ..protection_of(sp()) };
        let head = after(PassiveTry::Prepared);
        let reply = ask(&protection, &head, Method::Get, PAGE).unwrap();
        let query = header(&reply, "Location").split_once('?').unwrap().1;
        let mut arguments = form_urlencoded::parse(query.as_bytes());
        let message = arguments.find(|(name, _)| name == "SAMLRequest").unwrap().1;
        let deflated = STANDARD.decode(&*message).unwrap();
        let mut xml = String::new();
        DeflateDecoder::new(deflated.as_slice()).read_to_string(&mut xml).unwrap();
        assert_eq!(xml.contains("ForceAuthn=\"true\""), is_forced);
        assert!(xml.contains("IsPassive=\"true\""));
    }
}

#[test]
fn the_fragment_is_kept_by_the_page_that_was_asked_for_first() {
    let protection = protection_of(Sp { keep_fragment: true, ..sp() });
    let first = ask(&protection, &navigation(), Method::Get, PAGE).unwrap();
    assert!(first.body(&Reader::default()).unwrap().text.contains("saml_fragment=location.hash"));
    assert!(cookie(&first).starts_with("prepared;"));
    let head = after(PassiveTry::Prepared);
    assert_eq!(ask(&protection, &head, Method::Get, MARKED).unwrap().status(), 302);
    assert!(ask(&protection, &head, Method::Get, PAGE).unwrap().body(&Reader::default()).is_some());
}

#[test]
fn the_mark_is_the_last_argument_and_nothing_else_of_the_address_changes() {
    for (target, page, is_marked) in [
        ("/", "/", false),
        ("/a?", "/a?", false),
        ("/a?saml_passive=1", "/a", true),
        ("/a?b=1&b=%2f&&saml_passive=1", "/a?b=1&b=%2f&", true),
        ("/a?x?y&saml_passive=1", "/a?x?y", true),
        ("/a?saml_passive=1&b", "/a?saml_passive=1&b", false),
        ("/a?saml_passive=10", "/a?saml_passive=10", false),
        ("/saml_passive=1", "/saml_passive=1", false),
    ] {
        assert_eq!(without_mark(target), (page.to_owned(), is_marked), "{target}");
    }
}
