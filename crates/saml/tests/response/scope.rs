//! An IdP speaks for its own scopes.

use saml::metadata::IdpMetadata;
use saml::provider::ScopeCheck;

use crate::answer::*;

const OWN: &str = r#"<saml:Attribute Name="mail" FriendlyName="email"><saml:AttributeValue>alice@example.org</saml:AttributeValue></saml:Attribute>"#;
const EPPN: &str = "urn:oid:1.3.6.1.4.1.5923.1.1.1.6";

/// Whose metadata has these scopes.
fn judge(scopes: &[&str]) -> Judge {
    let scope = |scope: &&str| {
        format!("<s:Scope xmlns:s=\"urn:mace:shibboleth:metadata:1.0\">{scope}</s:Scope>")
    };
    let scopes: String = scopes.iter().map(scope).collect();
    let metadata = format!(
        "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{IDP}\">\
         <IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <Extensions>{scopes}</Extensions></IDPSSODescriptor></EntityDescriptor>"
    );
    let metadata = IdpMetadata::parse(metadata.as_bytes(), None).unwrap();
    Judge { scopes: metadata.scopes, ..Judge::new() }
}

fn with(name: &str, friendly_name: &str, values: &[&str]) -> String {
    let values =
        values.iter().map(|value| format!("<saml:AttributeValue>{value}</saml:AttributeValue>"));
    let values: String = values.collect();
    let attribute = format!(
        "<saml:Attribute Name=\"{name}\" FriendlyName=\"{friendly_name}\">{values}</saml:Attribute>"
    );
    Answer::new().assertion(OWN, &attribute).xml()
}

#[test]
fn a_value_is_of_a_scope_of_the_idp() {
    let judge = judge(&["example.edu", "b.example"]);
    for values in [&["jane@example.edu"][..], &["jane@EXAMPLE.edu", "j@b.example"], &[]] {
        judge.login(&with(EPPN, "", values));
    }
    for values in [
        &["admin@other.edu"][..],
        &["jane@example.edu", "admin@other.edu"],
        &["admin@other.edu@example.edu"],
        &["admin@example.edu@other.edu"],
        &["admin@sub.example.edu"],
        &["admin@"],
        &["admin"],
        &[""],
    ] {
        let code = judge.code(&with(EPPN, "", values));
        assert_eq!(code, "attribute_scope_mismatch", "{values:?}");
    }
}

#[test]
fn a_login_has_so_many_scopes_at_most() {
    let judge = judge(&[
        "a0.example",
        "a1.example",
        "a2.example",
        "a3.example",
        "a4.example",
        "a5.example",
        "a6.example",
        "a7.example",
        "a8.example",
        "a9.example",
        "b0.example",
        "b1.example",
        "b2.example",
        "b3.example",
        "b4.example",
        "b5.example",
        "b6.example",
    ]);
    let values = |count: usize| -> Vec<String> {
        let scopes =
            ["a", "b"].iter().flat_map(|letter| (0..10).map(move |i| format!("{letter}{i}")));
        scopes
            .take(count)
            .flat_map(|scope| (0..3).map(move |i| format!("j{i}@{scope}.example")))
            .collect()
    };
    for (count, accepted) in [(16, true), (17, false)] {
        let values = values(count);
        let xml = with(EPPN, "", &values.iter().map(String::as_str).collect::<Vec<_>>());
        match accepted {
            true => drop(judge.login(&xml)),
            false => assert_eq!(judge.code(&xml), "attribute_scope_mismatch"),
        }
    }
}

#[test]
fn no_other_name_gets_a_value_past() {
    let judge = judge(&["example.edu"]);
    for (name, friendly_name) in [
        ("urn:oid:1.3.6.1.4.1.5923.1.1.1.9", ""),
        ("urn:mace:dir:attribute-def:eduPersonPrincipalName", ""),
        ("https://other.example/EDUPERSONPRINCIPALNAME", ""),
        ("x", "eduPersonPrincipalName"),
        ("x", "EPPN"),
        ("urn:oasis:names:tc:SAML:attribute:subject-id", ""),
        ("urn:oasis:names:tc:SAML:attribute:pairwise-id", ""),
        // A variable's name holds letters, digits and underscores alone: all of these are its attribute.
        ("subject_id", ""),
        ("Subject.ID", ""),
        ("https://other.example/pairwise+id", ""),
        ("urn_oid_1.3.6.1.4.1.5923.1.1.1.6", ""),
        ("x", "subject_id"),
        ("x", "samlSubjectID"),
        ("samlPairwiseID", ""),
    ] {
        let xml = with(name, friendly_name, &["admin@other.edu"]);
        assert_eq!(judge.code(&xml), "attribute_scope_mismatch", "{name} {friendly_name}");
    }
    judge.login(&with("mail", "mail", &["jane@gmail.example"]));
}

#[test]
fn an_attribute_that_the_administrator_names_has_a_scope() {
    let mut judge = judge(&["example.edu"]);
    judge.policy.scoped_attributes = vec!["mail".to_owned(), "Staff-ID".to_owned()];
    judge.login(&with("mail", "", &["jane@example.edu"]));
    for name in ["mail", "staff-id", "staff_id"] {
        let xml = with(name, "", &["jane@gmail.example"]);
        assert_eq!(judge.code(&xml), "attribute_scope_mismatch", "{name}");
    }
}

#[test]
fn who_has_no_scope_is_judged_where_the_administrator_says_so() {
    let (mut nobody, mut judge) = (judge(&[]), judge(&["example.edu"]));
    let foreign = with(EPPN, "", &["jane@other.edu"]);
    nobody.login(&foreign);
    nobody.policy.check_scope = ScopeCheck::On;
    assert_eq!(nobody.code(&foreign), "attribute_scope_mismatch");
    nobody.login(&with("mail", "", &["jane@other.edu"]));
    judge.policy.check_scope = ScopeCheck::Off;
    judge.login(&foreign);
}
