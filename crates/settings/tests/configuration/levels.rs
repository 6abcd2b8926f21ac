//! What stands at one level holds below it, until another line there.

use clock::Seconds;
use sp::{CacheControl, ForceAuthn, Mode, Preflight, Unauthenticated, WantedIdp};

use crate::http::{GOOD, Http, make};

const SP: &str = "
    saml_idp corp { metadata idp.xml; }
    saml_idp second { metadata second.xml; }
    saml_sp app { base_url https://app.example.com; entity_id a; idp corp; idp second; }
";

fn made(levels: &str) -> Http {
    let text = format!("{SP}\n{levels}");
    make(&text).unwrap_or_else(|mistake| panic!("{mistake}"))
}

#[test]
fn a_location_without_lines_has_the_defaults() {
    let http = made("server { location = /acs { saml_acs app; } location / { auth_saml app; } }");
    let location = http.location("/");
    let protection = location.protection.as_ref().unwrap().first();
    assert!(location.strip_cookies && !location.returns_content && location.endpoint.is_none());
    assert!(matches!(protection.idp, WantedIdp::Any) && protection.authn_context.is_none());
    assert!(protection.cors_origins.is_empty());
    assert_eq!(protection.mode, Mode::Require);
    assert_eq!(protection.unauthenticated, Unauthenticated::Auto);
    assert!(!protection.ecp && !protection.sp.takes_paos.get());
    assert_eq!(protection.force_authn, ForceAuthn::Off);
    assert_eq!(protection.cache_control, CacheControl::On);
    assert_eq!(protection.preflight, Preflight::Off);
    assert_eq!(protection.preserve_post, None);
    assert!(!location.debug.is_on() && !protection.sp.gives_debug_links.get());
}

#[test]
fn every_line_is_inherited() {
    let http = made(
        "auth_saml app idp=second;
        auth_saml_mode optional;
        auth_saml_unauthenticated 401;
        auth_saml_ecp on;
        auth_saml_preserve_post 64k;
        auth_saml_force_authn 10m;
        server {
            auth_saml_authn_context comparison=minimum PasswordProtectedTransport urn:x;
            auth_saml_cache_control no-store;
            auth_saml_strip_cookies off;
            auth_saml_preflight answer;
            auth_saml_cors_origin https://Spa.example.com:443/ http://b.example.com:8080;
            location = /acs { saml_acs app; }
            location / { }
        }",
    );
    let location = http.location("/");
    let protection = location.protection.as_ref().unwrap().first();
    assert!(!location.strip_cookies);
    assert_eq!(protection.wanted_idp(|_| None).unwrap().unwrap().name(), "second");
    assert_eq!(protection.mode, Mode::Optional);
    assert_eq!(protection.unauthenticated, Unauthenticated::Status401);
    assert!(protection.ecp && protection.sp.takes_paos.get());
    assert_eq!(protection.force_authn, ForceAuthn::Age(Seconds(600)));
    assert_eq!(protection.cache_control, CacheControl::NoStore);
    assert_eq!(protection.preflight, Preflight::Answer);
    assert_eq!(protection.preserve_post, Some(64 << 10));
    assert_eq!(protection.cors_origins, ["https://spa.example.com", "http://b.example.com:8080"]);
    let asked = protection.authn_context.as_ref().unwrap();
    assert_eq!(asked.comparison.as_str(), "minimum");
    assert_eq!(
        asked.classes,
        ["urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", "urn:x"]
    );
}

#[test]
fn a_line_below_stands_for_the_one_above() {
    let http = made(
        "auth_saml app idp=second;
        auth_saml_mode optional;
        auth_saml_preserve_post 500k;
        auth_saml_cors_origin https://a.example.com;
        server {
            auth_saml_mode require;
            auth_saml_preserve_post off;
            location = /acs { saml_acs app; }
            location /on { auth_saml app; auth_saml_cors_origin https://b.example.com; }
            location /off { auth_saml off; }
        }",
    );
    let protection = http.location("/on").protection.as_ref().unwrap().first();
    assert!(matches!(protection.idp, WantedIdp::Any));
    assert_eq!(protection.mode, Mode::Require);
    assert_eq!(protection.preserve_post, None);
    assert_eq!(protection.cors_origins, ["https://b.example.com"]);
    assert!(http.location("/off").protection.is_none());
}

#[test]
fn a_proxy_that_asks_is_answered_by_status_unless_its_own_location_says_else() {
    let http = made(
        "auth_saml app;
        auth_saml_mode passive;
        auth_saml_unauthenticated redirect;
        auth_saml_ecp on;
        auth_saml_preserve_post 64k;
        server {
            location = /acs { saml_acs app; }
            location = /asked { saml_auth mail; }
            location = /handed { saml_auth; auth_saml_unauthenticated auto; }
            location / { }
        }",
    );
    for (path, expected, headers) in [
        ("= /asked", Unauthenticated::Status401, Some(1)),
        ("= /handed", Unauthenticated::Auto, Some(0)),
        ("/", Unauthenticated::Redirect, None),
    ] {
        let location = http.location(path);
        let protection = location.protection.as_ref().unwrap().first();
        let asks = headers.is_some();
        assert_eq!(location.forward_auth.as_ref().map(|told| told.headers().count()), headers);
        assert_eq!(protection.unauthenticated, expected, "{path}");
        let mode = if asks { Mode::Optional } else { Mode::Passive };
        assert_eq!((protection.mode, protection.ecp), (mode, !asks), "{path}");
        assert_eq!(protection.preserve_post.is_none(), asks, "{path}");
    }
}

#[test]
fn endpoints_are_not_inherited() {
    let http = made(
        "auth_saml app;
        server {
            location = /acs { saml_acs app ?tenant=1; }
            location /acs/below { }
        }",
    );
    let (kind, sp) = http.location("= /acs").endpoint.as_ref().unwrap();
    assert_eq!(kind.directive(), "saml_acs");
    assert_eq!(sp.first().endpoints.acs(), "https://app.example.com/acs?tenant=1");
    assert!(http.location("/acs/below").endpoint.is_none());
}

#[test]
fn a_variable_may_say_whose_users_a_location_wants() {
    let mut site = GOOD;
    site.add("location", "} location /x { auth_saml app idp=$Tenant_IdP;");
    let http = site.made();
    let protection = http.location("/x").protection.as_ref().unwrap().first();
    assert!(matches!(&protection.idp, WantedIdp::OfVariable(name) if name == "tenant_idp"));
}

/// The lines of each kind of rule, without their place.
fn rules(http: &Http, location: &str) -> [Vec<String>; 3] {
    let rules = &http.location(location).protection.as_ref().unwrap().first().rules;
    let text = |line: &sp::RuleLine| line.text.split_once("\" in ").unwrap().0[1..].to_owned();
    [
        rules.variables.iter().map(|rule| text(&rule.line)).collect(),
        rules.attributes.iter().map(|rule| text(&rule.line)).collect(),
        rules.idps.iter().map(|rule| text(&rule.line)).collect(),
    ]
}

#[test]
fn rules_are_inherited_until_a_level_has_its_own_or_says_off() {
    let http = made(
        "auth_saml app;
        auth_saml_require $A $saml_attr_b error=401 \"label=Members only\";
        auth_saml_require $c;
        auth_saml_require_attribute groups staff ~^x label=staff;
        auth_saml_require_attribute !banned;
        auth_saml_require_idp corp https://idp.example.org;
        server {
            location = /acs { saml_acs app; }
            location / { }
            location /own { auth_saml_require $d; auth_saml_require_attribute mail; auth_saml_require_idp second; }
            location /off { auth_saml_require off; auth_saml_require_attribute off; auth_saml_require_idp off; }
            location /open { auth_saml off; }
        }",
    );
    let require = ["auth_saml_require $A $saml_attr_b", "auth_saml_require $c"].map(str::to_owned);
    let attributes = ["groups staff ~^x", "!banned"];
    let attributes = attributes.map(|rule| format!("auth_saml_require_attribute {rule}"));
    let idps = "auth_saml_require_idp corp https://idp.example.org".to_owned();
    assert_eq!(rules(&http, "/"), [require.to_vec(), attributes.to_vec(), vec![idps]]);
    let own = [
        "auth_saml_require $d",
        "auth_saml_require_attribute mail",
        "auth_saml_require_idp second",
    ];
    assert_eq!(rules(&http, "/own"), own.map(|line| vec![line.to_owned()]));
    assert_eq!(rules(&http, "/off"), <[Vec<String>; 3]>::default());
    assert!(http.location("/open").protection.is_none());

    let rules = &http.location("/").protection.as_ref().unwrap().first().rules;
    let [first, second] = &rules.variables[..] else { panic!() };
    assert_eq!((first.line.status, first.line.label.as_deref()), (401, Some("Members only")));
    assert_eq!((second.line.status, second.line.label.as_deref()), (403, None));
    let names: Vec<_> = first.demand.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["a", "saml_attr_b"]);
    assert_eq!(rules.attributes[0].line.label.as_deref(), Some("staff"));
    assert!(first.line.text.ends_with("nginx.conf:7"), "{}", first.line.text);
}

#[test]
fn an_sp_knows_that_a_location_asks_silently() {
    let http = made(
        "server {
            auth_saml app;
            location = /acs { saml_acs app; }
            location / { auth_saml_mode passive; }
            location /others { }
        }",
    );
    let protection = http.location("/").protection.as_ref().unwrap().first();
    assert_eq!(protection.mode, Mode::Passive);
    assert!(protection.sp.tries_passively.get());
    assert_eq!(protection.sp.passive_retry, Seconds(600));
    assert_eq!(http.location("/others").protection.as_ref().unwrap().first().mode, Mode::Require);
    let http = made("server { location = /acs { saml_acs app; } location / { auth_saml app; } }");
    let protection = http.location("/").protection.as_ref().unwrap().first();
    assert!(!protection.sp.tries_passively.get());
}

#[test]
fn whose_logins_are_recorded_is_inherited_and_taken_back() {
    let http = made(
        "auth_saml app;
        saml_debug 192.0.2.7;
        server {
            location = /acs { saml_acs app; }
            location / { }
            location /off { saml_debug off; }
            location /link { saml_debug link; }
        }",
    );
    let has = |path: &str| http.location(path).debug.has(Some([192, 0, 2, 7].into()));
    assert!(has("/") && has("= /acs") && !has("/off") && !has("/link"));
    assert!(http.location("/link").debug.link && !http.location("/").debug.link);
    let protection = http.location("/").protection.as_ref().unwrap().first();
    assert!(protection.sp.gives_debug_links.get());
}
