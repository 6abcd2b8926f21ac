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

/// Puts `attribute` into the start tag `<name`, of the Response or of the Assertion.
fn with_attribute(name: &str, attribute: &str) -> Answer {
    let answer = Answer::new();
    for end in [" ", ">"] {
        let (tag, inserted) = (format!("{name}{end}"), format!("{name} {attribute}{end}"));
        if answer.assertion.contains(&tag) {
            return answer.assertion(&tag, &inserted);
        }
        if answer.response.contains(&tag) {
            return answer.response(&tag, &inserted);
        }
    }
    panic!("no {name}");
}

#[test]
fn unknown_attributes_are_refused_and_foreign_ones_ignored() {
    for tag in [
        "<samlp:Response",
        "<samlp:StatusCode",
        "<saml:Assertion",
        "<saml:Subject",
        "<saml:NameID",
        "<saml:SubjectConfirmation",
        "<saml:SubjectConfirmationData",
        "<saml:Conditions",
        "<saml:AudienceRestriction",
        "<saml:Audience",
        "<saml:AuthnStatement",
        "<saml:AuthnContext",
        "<saml:AuthnContextClassRef",
        "<saml:AttributeStatement",
        "<saml:Attribute",
    ] {
        let refusal = with_attribute(tag, "Surprise=\"x\"").refusal();
        assert_eq!(refusal.code(), "structure", "{tag}");
        assert!(refusal.detail().contains("Surprise"), "{refusal}");
        with_attribute(tag, "xmlns:x=\"urn:x\" x:Surprise=\"x\"").login();
    }
}

#[test]
fn what_is_not_used_must_be_built_well_too() {
    let statement = "<saml:AuthnStatement><saml:AuthnContext><saml:AuthnContextClassRef>x</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>";
    assert_eq!(inside("Assertion", statement).code(), "instant_invalid");
    let dated = format!("<saml:AuthnStatement AuthnInstant=\"{}\"", at(-1));
    let second = statement.replace("<saml:AuthnStatement", &dated);
    inside("Assertion", &second).login();
    for (from, to) in [
        ("<saml:AuthnContextClassRef>x</saml:AuthnContextClassRef>", ""),
        (
            "<saml:AuthnContext><saml:AuthnContextClassRef>x</saml:AuthnContextClassRef></saml:AuthnContext>",
            "",
        ),
        (
            "</saml:AuthnContext>",
            "<saml:AuthnContextDecl/><saml:AuthnContextDeclRef/></saml:AuthnContext>",
        ),
    ] {
        assert!(second.contains(from));
        assert_eq!(inside("Assertion", &second.replace(from, to)).code(), "structure", "{to}");
    }
    let confirmation = |data: &str| {
        inside(
            "Subject",
            &format!(
                "<saml:SubjectConfirmation Method=\"urn:x\">{data}</saml:SubjectConfirmation>"
            ),
        )
    };
    confirmation("<saml:NameID>x</saml:NameID>").login();
    assert_eq!(confirmation("<saml:NameID>x</saml:NameID><saml:BaseID/>").code(), "structure");
    let never = "<saml:SubjectConfirmationData NotBefore=\"never\"/>";
    assert_eq!(confirmation(never).code(), "instant_invalid");
    for count in ["", "-1", "+1", "1.0"] {
        let restriction = format!("<saml:ProxyRestriction Count=\"{count}\"/>");
        assert_eq!(inside("Conditions", &restriction).code(), "structure", "{count}");
    }
}

#[test]
fn an_error_is_told_however_it_is_built() {
    let success =
        "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>";
    let failed = "<samlp:Status lang=\"en\"><x/><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"/>";
    let answer = Answer::new().signed(Sign::Nothing).response(success, failed);
    assert_eq!(answer.code(), "status_not_success");
}
