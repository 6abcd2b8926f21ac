use saml::receive::receive;
use saml::refusal::{Blame, Refusal};
use xmldoc::Limits;

use crate::answer::*;

fn refusal(xml: &[u8], limits: &Limits) -> Refusal {
    receive(xml, limits).err().expect("must be refused")
}

#[test]
fn a_response_tells_whom_it_answers_and_who_made_it() {
    let response = received(&Answer::new().xml()).unwrap();
    assert_eq!(response.in_response_to().as_deref(), Some(REQUEST));
    assert_eq!(response.issuer().as_deref(), Some(IDP));
}

#[test]
fn without_an_issuer_of_its_own_the_assertion_names_it() {
    let issuer = format!(
        "<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{IDP}</saml:Issuer>"
    );
    let anonymous = || Answer::new().response(&issuer, "");
    assert_eq!(received(&anonymous().xml()).unwrap().issuer().as_deref(), Some(IDP));
    // Only the one Assertion's own, and it is not believed: another IdP's key is then looked for.
    for (from, to, expected) in [
        (format!("<saml:Issuer>{IDP}<"), "<saml:Issuer> urn:other\n<", Some("urn:other")),
        (format!("<saml:Issuer>{IDP}</saml:Issuer>"), "", None),
        (
            format!("<saml:Issuer>{IDP}<"),
            "<saml:Issuer>urn:1</saml:Issuer><saml:Issuer>urn:2<",
            None,
        ),
    ] {
        let xml = anonymous().assertion(&from, to).xml();
        assert_eq!(received(&xml).unwrap().issuer().as_deref(), expected, "{to}");
    }
    let (one, other) = (anonymous().assertion_xml(), anonymous().assertion_xml());
    let two = anonymous().around(&(one + &other.replace("_assertion1", "_assertion2")));
    assert_eq!(received(&two).unwrap().issuer(), None);
    // One that is there counts, empty or not.
    let empty = Answer::new().response(&issuer, &issuer.replace(IDP, ""));
    assert_eq!(received(&empty.xml()).unwrap().issuer().as_deref(), Some(""));
}

#[test]
fn what_a_response_does_not_say_is_none() {
    let xml = r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>"#;
    let response = received(xml).unwrap();
    assert_eq!(response.in_response_to(), None);
    assert_eq!(response.issuer(), None);
}

#[test]
fn another_root_is_refused_by_name() {
    for xml in [
        r#"<samlp:ManageNameIDRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>"#,
        r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol"/>"#,
        r#"<Response/>"#,
        r#"<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>"#,
    ] {
        assert_eq!(
            refusal(xml.as_bytes(), &Limits::default()).code(),
            "message_unexpected",
            "{xml}"
        );
    }
    let html = refusal(b"<html><body>Forbidden</body></html>", &Limits::default());
    assert_eq!(html.detail(), "the root element is \"{}html\"");
}

#[test]
fn the_gate_speaks_with_its_own_codes() {
    let doctype = refusal(b"<!DOCTYPE a><a/>", &Limits::default());
    assert_eq!(doctype.code(), "xml_doctype");
    assert_eq!(doctype.blame(), Blame::Client);
    assert_eq!(refusal(b"<a>", &Limits::default()).code(), "xml_malformed");
    assert_eq!(refusal(b"", &Limits::default()).blame(), Blame::Client);
    let small = Limits { bytes: 8, ..Limits::default() };
    assert_eq!(refusal(b"<aaaaaaaaaaa/>", &small).code(), "xml_too_large");
}
