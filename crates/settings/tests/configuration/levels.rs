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
    let protection = location.protection.as_ref().unwrap();
    assert!(location.strip_cookies && !location.returns_content && location.endpoint.is_none());
    assert!(matches!(protection.idp, WantedIdp::Any) && protection.authn_context.is_none());
    assert!(protection.cors_origins.is_empty());
    assert_eq!(protection.mode, Mode::Require);
    assert_eq!(protection.unauthenticated, Unauthenticated::Auto);
    assert!(!protection.ecp && !protection.sp.takes_paos.get());
    assert_eq!(protection.force_authn, ForceAuthn::Off);
    assert_eq!(protection.cache_control, CacheControl::On);
    assert_eq!(protection.preflight, Preflight::Off);
}

#[test]
fn every_line_is_inherited() {
    let http = made(
        "auth_saml app idp=second;
        auth_saml_mode optional;
        auth_saml_unauthenticated 401;
        auth_saml_ecp on;
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
    let protection = location.protection.as_ref().unwrap();
    assert!(!location.strip_cookies);
    assert_eq!(protection.wanted_idp(|_| None).unwrap().unwrap().name(), "second");
    assert_eq!(protection.mode, Mode::Optional);
    assert_eq!(protection.unauthenticated, Unauthenticated::Status401);
    assert!(protection.ecp && protection.sp.takes_paos.get());
    assert_eq!(protection.force_authn, ForceAuthn::Age(Seconds(600)));
    assert_eq!(protection.cache_control, CacheControl::NoStore);
    assert_eq!(protection.preflight, Preflight::Answer);
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
        auth_saml_cors_origin https://a.example.com;
        server {
            auth_saml_mode require;
            location = /acs { saml_acs app; }
            location /on { auth_saml app; auth_saml_cors_origin https://b.example.com; }
            location /off { auth_saml off; }
        }",
    );
    let protection = http.location("/on").protection.as_ref().unwrap();
    assert!(matches!(protection.idp, WantedIdp::Any));
    assert_eq!(protection.mode, Mode::Require);
    assert_eq!(protection.cors_origins, ["https://b.example.com"]);
    assert!(http.location("/off").protection.is_none());
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
    assert_eq!(sp.endpoints.acs(), "https://app.example.com/acs?tenant=1");
    assert!(http.location("/acs/below").endpoint.is_none());
}

#[test]
fn a_variable_may_say_whose_users_a_location_wants() {
    let mut site = GOOD;
    site.add("location", "} location /x { auth_saml app idp=$Tenant_IdP;");
    let http = site.made();
    let protection = http.location("/x").protection.as_ref().unwrap();
    assert!(matches!(&protection.idp, WantedIdp::OfVariable(name) if name == "tenant_idp"));
}
