//! What an SP says of itself in its metadata.

use saml::metadata::{ContactKind, Localized, Logo, SpDescription};

use crate::http::{GOOD, Site};

fn says(lines: &str) -> SpDescription {
    Site::with("sp", lines).made().sp().publication.description.clone()
}

fn localized(lang: &str, text: &str) -> Localized {
    Localized { lang: lang.to_owned(), text: text.to_owned() }
}

#[test]
fn nothing_is_said_by_default() {
    let http = GOOD.made();
    let said = &http.sp().publication;
    let nothing = format!("{:?}", SpDescription::EMPTY);
    assert_eq!((format!("{:?}", said.description), &said.name_id_formats), (nothing, &None));
}

#[test]
fn organizations_speak_several_languages() {
    let says = says(
        "organization A \"A Inc.\" https://a.example; organization A \"A GmbH\" https://a.example/de de;",
    );
    let said: Vec<_> =
        says.organizations.iter().map(|o| (o.lang.as_str(), o.display_name.as_str())).collect();
    assert_eq!(said, [("en", "A Inc."), ("de", "A GmbH")]);
}

#[test]
fn contacts_have_a_name_or_not_and_more() {
    let says = says(
        "contact security cert@a.example mailto=off; contact other a@a.example \"A=B\" surname=C; \
         contact billing b@a.example \"company=A Inc.\" telephone=+39061 extensions=sp-extensions.xml;",
    );
    let [security, other, billing] = &says.contacts[..] else { panic!("not three") };
    assert_eq!((security.kind, security.name.as_deref()), (ContactKind::Security, None));
    assert!(!security.is_uri && other.is_uri);
    assert_eq!((other.name.as_deref(), other.surname.as_deref()), (Some("A=B"), Some("C")));
    assert_eq!((billing.kind, billing.name.as_deref()), (ContactKind::Billing, None));
    assert_eq!(billing.company.as_deref(), Some("A Inc."));
    assert_eq!(billing.telephone.as_deref(), Some("+39061"));
    assert!(billing.extensions.is_some() && other.extensions.is_none());
}

#[test]
fn attributes_are_in_the_set_they_name_or_in_the_first() {
    let says = says(
        "attribute_service 99 \"Minimum set\" lang=it description=Minimo; attribute_service 99 Mindestens lang=de; \
         requested_attribute name service=99 required; attribute_service 0 App default; \
         requested_attribute mail; requested_attribute mail service=0;",
    );
    let [minimum, app] = &says.attribute_services[..] else { panic!("not two") };
    assert_eq!((minimum.index, minimum.is_default), (99, false));
    assert_eq!(minimum.names, [localized("it", "Minimum set"), localized("de", "Mindestens")]);
    assert_eq!(minimum.descriptions, [localized("it", "Minimo")]);
    let names = |of: &saml::metadata::AttributeService| {
        of.attributes.iter().map(|attribute| attribute.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(minimum), ["name", "mail"]);
    assert_eq!((app.index, app.is_default, names(app)), (0, true, vec!["mail".to_owned()]));
}

#[test]
fn one_set_is_the_default() {
    let says = says(
        "attribute_service 7 A; attribute_service 8 B; requested_attribute a service=8; \
         requested_attribute a;",
    );
    let defaults: Vec<_> = says.attribute_services.iter().map(|s| s.is_default).collect();
    assert_eq!(defaults, [true, false]);
}

#[test]
fn a_set_that_has_no_line_is_named_after_the_organization_or_the_sp() {
    let says_two = says(
        "organization A \"A Inc.\" https://a.example; organization A \"A GmbH\" https://a.example de; \
         requested_attribute mail;",
    );
    let names = &says_two.attribute_services[0].names;
    assert_eq!(names, &[localized("en", "A Inc."), localized("de", "A GmbH")]);
    let site = Site::with("sp", "requested_attribute mail;");
    let http = site.made();
    let sp = http.sp();
    let names = &sp.publication.description.attribute_services[0].names;
    assert_eq!(names, &[localized("en", &sp.entity_id)]);
}

#[test]
fn ui_info_has_kinds_and_languages() {
    let ui = says(
        "ui_info display_name Payroll; ui_info display_name Lohn lang=de; \
         ui_info description \"Who gets what\"; ui_info keywords pay \"salary office\" lang=en-GB; \
         ui_info information_url https://a.example/; ui_info privacy_statement_url https://a.example/p; \
         ui_info logo https://a.example/logo.png 80 60; ui_info logo \"data:image/png;base64,AAAA\" 16 16 lang=de;",
    )
    .presentation;
    assert_eq!(ui.display_names, [localized("en", "Payroll"), localized("de", "Lohn")]);
    assert_eq!(ui.descriptions, [localized("en", "Who gets what")]);
    assert_eq!(ui.keywords, [localized("en-GB", "pay salary+office")]);
    assert_eq!(ui.information_urls, [localized("en", "https://a.example/")]);
    assert_eq!(ui.privacy_statement_urls, [localized("en", "https://a.example/p")]);
    let logo = |url: &str, width, height, lang: Option<&str>| Logo {
        url: url.to_owned(),
        width,
        height,
        lang: lang.map(str::to_owned),
    };
    assert_eq!(
        ui.logos,
        [
            logo("https://a.example/logo.png", 80, 60, None),
            logo("data:image/png;base64,AAAA", 16, 16, Some("de"))
        ]
    );
}

#[test]
fn entity_attributes_have_short_names() {
    let says = says(
        "entity_attribute assurance-certification https://refeds.org/sirtfi https://refeds.org/sirtfi2; \
         entity_attribute subject-id:req pairwise-id; entity_attribute urn:x:y z;",
    );
    let said: Vec<_> =
        says.entity_attributes.iter().map(|a| (a.name.as_str(), a.values.len())).collect();
    assert_eq!(
        said,
        [
            ("urn:oasis:names:tc:SAML:attribute:assurance-certification", 2),
            ("urn:oasis:names:tc:SAML:profiles:subject-id:req", 1),
            ("urn:x:y", 1)
        ]
    );
}

#[test]
fn extensions_stand_in_the_entity_or_in_the_role() {
    for (lines, entity, role) in [
        ("metadata_extensions sp-extensions.xml;", true, false),
        ("metadata_extensions sp-extensions.xml role;", false, true),
        (
            "metadata_extensions sp-extensions.xml role; metadata_extensions sp-extensions.xml entity;",
            true,
            true,
        ),
    ] {
        let says = says(lines);
        let found = (says.entity_extensions.is_some(), says.role_extensions.is_some());
        assert_eq!(found, (entity, role), "{lines}");
    }
}

#[test]
fn formats_of_name_ids_have_short_names() {
    let site = Site::with("sp", "metadata_name_id_formats transient urn:x:y;");
    let http = site.made();
    let transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    let formats = http.sp().publication.name_id_formats.clone();
    assert_eq!(formats, Some(vec![transient.to_owned(), "urn:x:y".to_owned()]));
}
