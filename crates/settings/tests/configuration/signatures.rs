//! What xmlsec1 is wanted for, and that it is loaded for nothing else.

use crate::host::TestHost;
use crate::http::{Site, make_at};

#[test]
fn xmlsec1_is_loaded_when_it_is_asked_for_and_not_else() {
    for (part, lines, loads) in [
        ("idp", "", 0),
        ("idp", "second_verifier off;", 0),
        ("idp", "second_verifier xmlsec1;", 1),
        ("sp", "second_verifier xmlsec1;", 1),
    ] {
        let http = Site::with(part, lines).made();
        assert_eq!(http.host.xmlsec1, loads, "{part}: {lines}");
        let idp = http.sp().idps.named("corp").unwrap();
        assert_eq!(idp.settings().second_verifier.is_some(), loads > 0, "{part}: {lines}");
    }
    let mut site = Site::with("sp", "second_verifier xmlsec1;");
    site.add("idp", "second_verifier off;");
    assert_eq!(site.made().host.xmlsec1, 0, "the IdP's own word counts");
}

#[test]
fn metadata_must_be_signed_when_somebody_must_have_signed_it() {
    let site = |file: &str, lines: &str| {
        let http = format!("saml_idp b {{ metadata {file}; {lines} }}");
        let mut site = Site::with("http", &http);
        site.add("sp", "idp b;");
        site
    };
    let pinned = "metadata_certificate sp.crt other.crt;";
    let http = site("signed.xml", pinned).made();
    assert!(http.sp().idps.named("b").unwrap().settings().metadata_signers.is_some());
    assert_eq!(http.host.xmlsec1, 1);
    assert!(site("signed.xml", "").made().sp().idps.named("b").is_some());
    let said = site("second.xml", pinned).mistake();
    let expected =
        "metadata \"second.xml\": 2 keys have not signed it, SHA-1 false in nginx.conf:1";
    assert_eq!(said, expected);
    let said = site("second.xml", &format!("{pinned} allow_weak sha1;")).mistake();
    assert!(said.contains("SHA-1 true"), "{said}");
}

#[test]
fn what_is_missing_is_told_at_the_line_that_wants_it() {
    let plain = "saml_idp b { metadata second.xml;\n second_verifier xmlsec1; }";
    let pinned = "saml_idp b { metadata signed.xml;\n metadata_certificate sp.crt; }";
    for (http, directive) in [(plain, "second_verifier"), (pinned, "metadata_certificate")] {
        let host = TestHost { without_xmlsec1: Some("needs it".into()), ..TestHost::default() };
        let Err(mistake) = make_at(host, http) else { panic!("{http}") };
        assert_eq!(mistake, format!("\"{directive}\" needs it in nginx.conf:2"));
    }
}
