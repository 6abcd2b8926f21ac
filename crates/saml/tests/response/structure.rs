use crate::answer::*;

/// Puts `inserted` before the end tag of the Assertion's element `name`.
fn inside(name: &str, inserted: &str) -> Answer {
    let end = format!("</saml:{name}>");
    Answer::new().assertion(&end, &format!("{inserted}{end}"))
}

#[test]
fn elements_where_they_do_not_belong_are_refused() {
    for name in [
        "Assertion",
        "Subject",
        "SubjectConfirmation",
        "Conditions",
        "AudienceRestriction",
        "Audience",
        "AuthnStatement",
        "AuthnContext",
        "AuthnContextClassRef",
        "AttributeStatement",
        "Attribute",
        "NameID",
        "Issuer",
    ] {
        let answer = inside(name, "<saml:Surprise/>");
        let refusal = answer.refusal();
        assert_eq!(refusal.code(), "structure", "{name}");
        assert!(refusal.detail().contains("Surprise"), "{refusal}");
        assert_eq!(
            inside(name, "<saml:AttributeValue>x</saml:AttributeValue>").login_or_code(),
            if name == "Attribute" { None } else { Some("structure") },
            "{name}"
        );
    }
}

#[test]
fn foreign_elements_are_refused_too() {
    for name in
        ["Assertion", "Subject", "AuthnStatement", "AttributeStatement", "Attribute", "NameID"]
    {
        assert_eq!(inside(name, "<x xmlns=\"urn:x\"/>").code(), "structure", "{name}");
    }
    let answer = Answer::new().response("{assertion}", "<x xmlns=\"urn:x\"/>{assertion}");
    assert_eq!(answer.code(), "structure");
}

#[test]
fn the_same_name_in_another_namespace_is_another_element() {
    let end =
        "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:1.0:assertion\">mallory</saml:NameID>";
    assert_eq!(inside("Subject", end).code(), "structure");
    let status = "<Status xmlns=\"urn:x\"/>{assertion}";
    assert_eq!(Answer::new().response("{assertion}", status).code(), "structure");
}

#[test]
fn what_may_stand_once_stands_once() {
    for (name, again) in [
        ("Assertion", "<saml:Subject/>"),
        ("Assertion", "<saml:Conditions/>"),
        ("Assertion", "<saml:Issuer>https://idp.example.org/metadata</saml:Issuer>"),
        ("Assertion", "<saml:Advice/><saml:Advice/>"),
        ("Subject", "<saml:NameID>mallory</saml:NameID>"),
        ("AuthnStatement", "<saml:AuthnContext/>"),
    ] {
        assert_eq!(inside(name, again).code(), "structure", "{again}");
    }
    let status = "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>";
    let twice = format!("{status}{status}");
    assert_eq!(Answer::new().response(status, &twice).code(), "structure");
}

#[test]
fn what_is_optional_is_allowed() {
    for (name, optional) in [
        ("Assertion", "<saml:Advice><x xmlns=\"urn:x\">y</x></saml:Advice>"),
        ("Assertion", "<saml:AuthzDecisionStatement Resource=\"x\" Decision=\"Permit\"/>"),
        ("AuthnStatement", "<saml:SubjectLocality Address=\"192.0.2.1\"/>"),
        (
            "AuthnContext",
            "<saml:AuthenticatingAuthority>https://up.example/</saml:AuthenticatingAuthority>",
        ),
        ("AuthnContext", "<saml:AuthnContextDecl><x xmlns=\"urn:x\"/></saml:AuthnContextDecl>"),
        ("SubjectConfirmation", "<saml:NameID>proxy</saml:NameID>"),
    ] {
        assert_eq!(inside(name, optional).login().name_id.value, "alice", "{optional}");
    }
    let extensions = "</saml:Issuer><samlp:Extensions><x xmlns=\"urn:x\">y</x></samlp:Extensions>";
    Answer::new().response("</saml:Issuer>", extensions).login();
    let detail = "<samlp:StatusMessage>ok</samlp:StatusMessage><samlp:StatusDetail><x xmlns=\"urn:x\"/></samlp:StatusDetail></samlp:Status>";
    Answer::new().response("</samlp:Status>", detail).login();
}

#[test]
fn the_order_does_not_matter() {
    let answer = Answer::new();
    let start = answer.assertion.find("<saml:AttributeStatement>").unwrap();
    let end = answer.assertion.find("</saml:Assertion>").unwrap();
    let statement = answer.assertion[start..end].to_owned();
    let moved = answer
        .assertion(&statement, "")
        .assertion("<saml:Subject>", &format!("{statement}<saml:Subject>"));
    assert_eq!(moved.login().attributes.len(), 1);
}

#[test]
fn text_between_elements_is_refused() {
    for name in
        ["Assertion", "Subject", "Conditions", "AuthnStatement", "AttributeStatement", "Attribute"]
    {
        assert_eq!(inside(name, "text").code(), "structure", "{name}");
    }
    assert_eq!(Answer::new().response("{assertion}", "text{assertion}").code(), "structure");
}

impl Answer {
    fn login_or_code(&self) -> Option<&'static str> {
        Judge::new().accept(&self.xml()).err().map(|refusal| refusal.code())
    }
}
