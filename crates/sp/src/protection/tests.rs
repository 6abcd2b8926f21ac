use identity::Comparison;
use session::{Memory, Session, Shapes};

use super::*;
use crate::test_sp::{Closed, NOW, sp};

const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
const MFA: &str = "https://refeds.org/profile/mfa";

fn protection() -> Protection<Closed> {
    Protection {
        sp: Rc::new(sp()),
        idp: WantedIdp::Any,
        mode: Mode::Require,
        unauthenticated: Unauthenticated::Auto,
        preserve_post: None,
        ecp: false,
        force_authn: ForceAuthn::Off,
        authn_context: None,
        cache_control: CacheControl::On,
        preflight: Preflight::Off,
        cors_origins: Vec::new(),
        rules: Rc::default(),
    }
}

/// Of `one`, by a password a minute ago.
fn session() -> Session {
    Session {
        idp: "https://one.example".to_owned(),
        authn_instant: NOW - Seconds(60),
        created: NOW - Seconds(60),
        authn_context: Some(PASSWORD.to_owned()),
        ..Session::default()
    }
}

fn decoded(session: &Session) -> DecodedSession {
    DecodedSession::of(session, &Shapes::new(&[], &Memory::default()))
}

/// Of a location whose `idp=` needs no variable.
fn objection(protection: &Protection<Closed>, session: &Session) -> Option<&'static Reason> {
    let idp = protection.wanted_idp(|_| None).unwrap();
    protection.objection(&decoded(session), idp.as_deref(), NOW)
}

fn suits(protection: &Protection<Closed>, session: &Session) -> bool {
    objection(protection, session).is_none()
}

fn asking_for(classes: &[&str], comparison: Comparison) -> Option<RequestedAuthnContext> {
    let classes = classes.iter().map(|class| (*class).to_owned()).collect();
    Some(RequestedAuthnContext { classes, comparison })
}

#[test]
fn a_location_without_rules_takes_any_session() {
    assert!(suits(&protection(), &Session::default()));
    let force_authn = ForceAuthn::On;
    assert!(suits(&Protection { force_authn, ..protection() }, &Session::default()));
}

#[test]
fn a_location_of_one_idp_takes_its_users_alone() {
    for (name, suits) in [("one", true), ("two", false)] {
        let protection = protection();
        let idp = WantedIdp::One(Rc::clone(protection.sp.idps.named(name).unwrap()));
        let objection = objection(&Protection { idp, ..protection }, &session());
        assert_eq!(objection.is_none(), suits, "{name}");
        assert!(objection.is_none_or(|reason| *reason == reason::SESSION_OF_OTHER_IDP));
    }
}

#[test]
fn a_variable_says_whose_users_get_in() {
    let idp = WantedIdp::OfVariable("tenant_idp".to_owned());
    let protection = Protection { idp, ..protection() };
    let wanted = |value: Option<&str>| {
        protection.wanted_idp(|name| {
            assert_eq!(name, "tenant_idp");
            value.map(str::to_owned)
        })
    };
    for (value, name) in [("one", "one"), ("two", "two"), ("https://two.example", "two")] {
        assert_eq!(wanted(Some(value)).unwrap().unwrap().name(), name);
    }
    for value in [None, Some(""), Some("three"), Some("One"), Some("one "), Some("$one")] {
        let refusal = wanted(value).err().unwrap();
        assert_eq!(refusal.reason(), &reason::IDP_NOT_OFFERED, "{value:?}");
        assert!(refusal.to_string().contains("$tenant_idp"), "{refusal}");
    }
}

#[test]
fn who_signed_in_elsewhere_hears_that_before_anything_else() {
    let (now, force_authn) = (NOW, ForceAuthn::Age(Seconds(59)));
    let protection = Protection { force_authn, ..protection() };
    let two = protection.sp.idps.named("two").map(Rc::clone);
    let of = |idp| protection.objection(&decoded(&session()), idp, now).map(Reason::code);
    assert_eq!(of(two.as_deref()), Some("session_of_other_idp"));
    assert_eq!(of(None), Some("authentication_required"));
}

#[test]
fn the_authn_context_must_be_one_that_was_asked_for() {
    for (classes, suits) in
        [([PASSWORD].as_slice(), true), (&[MFA, PASSWORD], true), (&[MFA], false)]
    {
        let authn_context = asking_for(classes, Comparison::Exact);
        let protection = Protection { authn_context, ..protection() };
        assert_eq!(self::suits(&protection, &session()), suits, "{classes:?}");
        let silent = Session { authn_context: None, ..session() };
        assert!(!self::suits(&protection, &silent), "the IdP did not say it");
    }
}

#[test]
fn a_login_may_be_as_old_as_the_location_says_to_the_second() {
    for (age, suits) in [(60, true), (59, false), (0, false), (61, true)] {
        let force_authn = ForceAuthn::Age(Seconds(age));
        let protection = Protection { force_authn, ..protection() };
        assert_eq!(self::suits(&protection, &session()), suits, "{age}");
    }
}

/// What the IdP's clock says, and ours said when the session was made.
#[test]
fn a_login_that_was_forced_is_new_for_a_while() {
    for (authn_instant, created, force_authn, suits) in [
        (-90, -30, true, true),
        (-90, -31, true, false),
        (-90, -30, false, false),
        (-90, 0, false, false),
        (-10, -10, false, true),
        (-11, -10, false, false),
        (50, -10, false, true),
        (50, -11, false, false),
    ] {
        let (authn_instant, created) = (NOW + Seconds(authn_instant), NOW + Seconds(created));
        let session = Session { authn_instant, created, force_authn, ..session() };
        let force_authn = ForceAuthn::Age(Seconds(10));
        let protection = Protection { force_authn, ..protection() };
        assert_eq!(self::suits(&protection, &session), suits, "{session:?}");
    }
}

#[test]
fn one_rule_that_is_broken_is_enough() {
    let force_authn = ForceAuthn::Age(Seconds(59));
    let authn_context = asking_for(&[PASSWORD], Comparison::Exact);
    assert!(!suits(&Protection { force_authn, authn_context, ..protection() }, &session()));
}

#[test]
fn the_login_url_says_what_the_location_wants() {
    let base = "https://app.example.com/saml/login";
    let two = || sp().idps.named("two").map(Rc::clone);
    let classes = asking_for(&["urn:a b", MFA], Comparison::Minimum);
    let classes_query = "authn_context=urn%3Aa+b&authn_context=https%3A%2F%2Frefeds.org%2Fprofile%2Fmfa\
         &comparison=minimum";
    for (idp, force_authn, authn_context, query) in [
        (None, ForceAuthn::Off, None, String::new()),
        (two(), ForceAuthn::Off, None, "?idp=two".to_owned()),
        (None, ForceAuthn::On, None, "?force_authn=1".to_owned()),
        (None, ForceAuthn::Age(Seconds(1)), None, "?force_authn=1".to_owned()),
        (None, ForceAuthn::Off, classes.clone(), format!("?{classes_query}")),
        (two(), ForceAuthn::On, classes, format!("?idp=two&force_authn=1&{classes_query}")),
    ] {
        let protection = Protection { force_authn, authn_context, ..protection() };
        assert_eq!(protection.login_url(idp.as_deref()), Some(format!("{base}{query}")));
    }
}

#[test]
fn an_sp_without_saml_login_has_no_login_url() {
    use crate::endpoints::Endpoints;
    let mut sp = sp();
    let acs = sp.endpoints.acs().to_owned();
    sp.endpoints = Endpoints::new(vec![(EndpointKind::Acs, acs)]).unwrap();
    assert_eq!(Protection { sp: Rc::new(sp), ..protection() }.login_url(None), None);
}
