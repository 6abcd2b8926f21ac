use super::*;
use crate::metadata::Localized;
use crate::namespace::{BINDING_ARTIFACT, BINDING_PAOS, BINDING_POST_SIMPLE_SIGN};
use crate::test_credentials::Credential;
use crate::test_tools::assert_valid;

const SCHEMA: &str = "saml-schema-metadata-2.0.xsd";

fn urls(urls: &[&str]) -> Vec<String> {
    urls.iter().map(|&url| url.to_owned()).collect()
}

fn localized(lang: &str, text: &str) -> Localized {
    Localized { lang: lang.to_owned(), text: text.to_owned() }
}

fn contact(kind: ContactKind, email: &str) -> Contact {
    Contact {
        kind,
        email: email.to_owned(),
        is_uri: true,
        name: None,
        surname: None,
        company: None,
        telephone: None,
        extensions: None,
    }
}

fn extensions(content: &str) -> Option<Extensions> {
    let xml =
        format!("<e:Extensions xmlns:e=\"{METADATA}\" xmlns:x=\"urn:x\">{content}</e:Extensions>");
    Some(Extensions::of_metadata(xml.as_bytes()).unwrap())
}

/// Of everything something, and of what may be in several languages two.
fn description() -> SpDescription {
    let organization = |lang: &str, name: &str, url: &str| Organization {
        name: name.to_owned(),
        display_name: format!("<{name}>"),
        url: url.to_owned(),
        lang: lang.to_owned(),
    };
    let attribute = |name: &str, friendly_name: Option<&str>, required| RequestedAttribute {
        name: name.to_owned(),
        friendly_name: friendly_name.map(str::to_owned),
        required,
    };
    SpDescription {
        organizations: vec![
            organization("de", "Beispiel & Söhne", "https://www.example.com/?a=b&c=d"),
            organization("en", "Example", "https://www.example.com/en"),
        ],
        contacts: vec![
            Contact {
                name: Some("IT".to_owned()),
                surname: Some("Desk".to_owned()),
                company: Some("Example & Co".to_owned()),
                telephone: Some("+39 06 1".to_owned()),
                extensions: extensions("<x:VATNumber>IT1</x:VATNumber>"),
                ..contact(ContactKind::Technical, "it@example.com")
            },
            contact(ContactKind::Support, "mailto:help@example.com"),
            contact(ContactKind::Security, "cert@example.com"),
            Contact { is_uri: false, ..contact(ContactKind::Other, "mailto:bare@example.com") },
        ],
        attribute_services: vec![
            AttributeService {
                index: 7,
                names: vec![localized("de", "<Lohn>"), localized("en", "Payroll")],
                descriptions: vec![localized("de", "Was es gibt")],
                is_default: true,
                attributes: vec![
                    attribute("urn:oid:0.9.2342.19200300.100.1.3", Some("mail"), true),
                    attribute("groups", None, false),
                ],
            },
            AttributeService {
                index: 99,
                names: vec![localized("en", "Minimum")],
                attributes: vec![attribute("groups", None, true)],
                ..AttributeService::default()
            },
        ],
        presentation: Presentation {
            display_names: vec![localized("en", "Payroll"), localized("de", "Lohn")],
            descriptions: vec![localized("en", "Who & what")],
            keywords: vec![localized("en", "pay salary+office")],
            information_urls: vec![localized("en", "https://www.example.com/")],
            privacy_statement_urls: vec![localized("en", "https://www.example.com/privacy")],
            logos: vec![
                Logo {
                    url: "https://www.example.com/logo.png".to_owned(),
                    width: 80,
                    height: 60,
                    lang: None,
                },
                Logo {
                    url: "data:image/png;base64,AAAA".to_owned(),
                    width: 16,
                    height: 17,
                    lang: Some("de".to_owned()),
                },
            ],
        },
        entity_attributes: vec![EntityAttribute {
            name: "urn:oasis:names:tc:SAML:attribute:assurance-certification".to_owned(),
            values: vec![
                "https://refeds.org/sirtfi".to_owned(),
                "https://refeds.org/<2>".to_owned(),
            ],
        }],
        entity_extensions: extensions("<x:SPType>public</x:SPType>"),
        role_extensions: extensions("<x:role/>"),
    }
}

#[test]
fn the_least_metadata_is_an_entity_with_an_acs() {
    let xml = SpMetadata {
        entity_id: "https://app.example.com/saml/metadata",
        acs_urls: &urls(&["https://app.example.com/saml/acs"]),
        ..SpMetadata::default()
    }
    .to_xml();
    assert_eq!(
        xml,
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
         entityID=\"https://app.example.com/saml/metadata\">\
         <md:SPSSODescriptor AuthnRequestsSigned=\"false\" \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <md:AssertionConsumerService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"https://app.example.com/saml/acs\" index=\"0\" isDefault=\"true\"/>\
         </md:SPSSODescriptor></md:EntityDescriptor>"
    );
    assert_valid(&xml, SCHEMA);
}

#[test]
fn everything_at_once_is_in_the_order_of_the_schema() {
    let (first, second) = (Credential::rsa(), Credential::p256());
    let certificates = [first.certificate(), second.certificate()];
    let says = description();
    let xml = SpMetadata {
        entity_id: "urn:app",
        acs_urls: &urls(&["https://app.example.com/acs?a=b&c=d", "https://app.example.com/acs2"]),
        other_acs_bindings: &[BINDING_ARTIFACT, BINDING_POST_SIMPLE_SIGN, BINDING_PAOS],
        discovery_responses: &urls(&["https://app.example.com/discovery", "https://b.example/d"]),
        slo_urls: &urls(&["https://app.example.com/sls", "https://app.example.com/sls2"]),
        certificates: &certificates,
        encryption_certificates: &certificates[..1],
        name_id_formats: &urls(&["urn:oasis:names:tc:SAML:2.0:nameid-format:transient"]),
        authn_requests_signed: true,
        want_assertions_signed: true,
        description: &says,
        valid_until: Some(UnixTime::from_secs(1_795_260_600)),
        id: Some("_1"),
    }
    .to_xml();
    assert_valid(&xml, SCHEMA);
    let flat = |credential: &Credential| credential.certificate_text().replace('\n', "");
    for expected in [
        "ID=\"_1\" entityID=\"urn:app\" validUntil=\"2026-11-21T11:30:00Z\">",
        "AuthnRequestsSigned=\"true\" WantAssertionsSigned=\"true\"",
        "Location=\"https://app.example.com/acs?a=b&amp;c=d\" index=\"0\" isDefault=\"true\"/>",
        "bindings:HTTP-Artifact\" Location=\"https://app.example.com/acs?a=b&amp;c=d\" index=\"1\"/>",
        "bindings:HTTP-POST-SimpleSign\" Location=\"https://app.example.com/acs?a=b&amp;c=d\" index=\"2\"/>",
        "bindings:PAOS\" Location=\"https://app.example.com/acs?a=b&amp;c=d\" index=\"3\"/>",
        "bindings:HTTP-POST\" Location=\"https://app.example.com/acs2\" index=\"10\"/>",
        "bindings:HTTP-Artifact\" Location=\"https://app.example.com/acs2\" index=\"11\"/>",
        "bindings:HTTP-POST-SimpleSign\" Location=\"https://app.example.com/acs2\" index=\"12\"/>",
        "bindings:PAOS\" Location=\"https://app.example.com/acs2\" index=\"13\"/>",
        "Location=\"https://app.example.com/discovery\" index=\"0\" isDefault=\"true\"/>",
        "Location=\"https://b.example/d\" index=\"1\"/>",
        "bindings:HTTP-Redirect\" Location=\"https://app.example.com/sls\"/>",
        "bindings:HTTP-POST\" Location=\"https://app.example.com/sls\"/>",
        "bindings:SOAP\" Location=\"https://app.example.com/sls\"/>",
        "bindings:HTTP-POST\" Location=\"https://app.example.com/sls2\"/>",
        "<md:AttributeConsumingService index=\"7\" isDefault=\"true\"><md:ServiceName xml:lang=\"de\">&lt;Lohn&gt;\
         </md:ServiceName><md:ServiceName xml:lang=\"en\">Payroll</md:ServiceName>\
         <md:ServiceDescription xml:lang=\"de\">Was es gibt</md:ServiceDescription><md:RequestedAttribute ",
        "<md:AttributeConsumingService index=\"99\"><md:ServiceName xml:lang=\"en\">Minimum</",
        "attrname-format:uri\" FriendlyName=\"mail\" isRequired=\"true\"/>",
        "Name=\"groups\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\" isRequired=\"false\"/>",
        ">Beispiel &amp; Söhne</md:OrganizationName>",
        "<md:Organization><md:OrganizationName xml:lang=\"de\">",
        "<md:OrganizationDisplayName xml:lang=\"en\">&lt;Example&gt;</md:OrganizationDisplayName>\
         <md:OrganizationURL xml:lang=\"de\">https://www.example.com/?a=b&amp;c=d<",
        "<x:VATNumber>IT1</x:VATNumber></e:Extensions><md:Company>Example &amp; Co</md:Company>\
         <md:GivenName>IT</md:GivenName><md:SurName>Desk</md:SurName>\
         <md:EmailAddress>mailto:it@example.com</md:EmailAddress>\
         <md:TelephoneNumber>+39 06 1</md:TelephoneNumber></md:ContactPerson>",
        "<md:ContactPerson contactType=\"other\" xmlns:remd=\"http://refeds.org/metadata\" \
         remd:contactType=\"http://refeds.org/metadata/contactType/security\"><md:EmailAddress>",
        "<md:EmailAddress>bare@example.com</md:EmailAddress>",
        "<e:Extensions xmlns:e=\"urn:oasis:names:tc:SAML:2.0:metadata\" xmlns:x=\"urn:x\">\
         <mdattr:EntityAttributes xmlns:mdattr=\"urn:oasis:names:tc:SAML:metadata:attribute\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:Attribute \
         Name=\"urn:oasis:names:tc:SAML:attribute:assurance-certification\" \
         NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\">\
         <saml:AttributeValue>https://refeds.org/sirtfi</saml:AttributeValue>\
         <saml:AttributeValue>https://refeds.org/&lt;2&gt;</saml:AttributeValue></saml:Attribute>\
         </mdattr:EntityAttributes><x:SPType>public</x:SPType></e:Extensions><md:SPSSODescriptor ",
        "<mdui:UIInfo xmlns:mdui=\"urn:oasis:names:tc:SAML:metadata:ui\">\
         <mdui:DisplayName xml:lang=\"en\">Payroll</mdui:DisplayName>",
        "<mdui:Description xml:lang=\"en\">Who &amp; what</mdui:Description>\
         <mdui:Keywords xml:lang=\"en\">pay salary+office</mdui:Keywords>\
         <mdui:InformationURL xml:lang=\"en\">https://www.example.com/</mdui:InformationURL>\
         <mdui:PrivacyStatementURL xml:lang=\"en\">https://www.example.com/privacy</mdui:PrivacyStatementURL>\
         <mdui:Logo height=\"60\" width=\"80\">https://www.example.com/logo.png</mdui:Logo>\
         <mdui:Logo height=\"17\" width=\"16\" xml:lang=\"de\">data:image/png;base64,AAAA</mdui:Logo>\
         </mdui:UIInfo><x:role/></e:Extensions><md:KeyDescriptor ",
        "<md:ContactPerson contactType=\"support\"><md:EmailAddress>mailto:help@example.com</",
        &format!("<ds:X509Certificate>{}</ds:X509Certificate>", flat(&second)),
    ] {
        assert!(xml.contains(expected), "{expected}\n{xml}");
    }
    assert_eq!(xml.matches("<md:KeyDescriptor use=\"signing\">").count(), 2);
    assert_eq!(xml.matches("<md:KeyDescriptor use=\"encryption\">").count(), 1);
    assert_eq!(xml.matches(&flat(&first)).count(), 2);
    let methods: Vec<_> = xml.split("<md:EncryptionMethod Algorithm=\"").skip(1).collect();
    let methods: Vec<_> = methods.iter().filter_map(|m| m.split(['#', '"']).nth(1)).collect();
    assert_eq!(methods, ["aes256-gcm", "aes128-gcm", "rsa-oaep-mgf1p", "rsa-oaep"]);
    let first_method = xml.find("<md:EncryptionMethod").unwrap();
    assert!(first_method > xml.find("use=\"encryption\"").unwrap());
}

#[test]
fn a_key_on_a_curve_is_offered_with_what_it_can_decrypt() {
    for (key, agreement) in [(Credential::p256(), "ECDH-ES"), (Credential::x25519(), "x25519")] {
        let xml = SpMetadata {
            entity_id: "urn:app",
            acs_urls: &urls(&["https://app.example.com/saml/acs"]),
            encryption_certificates: &[key.certificate()],
            ..SpMetadata::default()
        }
        .to_xml();
        assert_valid(&xml, SCHEMA);
        let methods = xml.split("<md:EncryptionMethod Algorithm=\"").skip(1);
        let methods: Vec<_> = methods.filter_map(|m| m.split(['#', '"']).nth(1)).collect();
        assert_eq!(methods, ["aes256-gcm", "aes128-gcm", "kw-aes256", "kw-aes128", agreement]);
    }
}

#[test]
fn configured_values_are_escaped() {
    let xml = SpMetadata {
        entity_id: "\"><evil/>&\n",
        acs_urls: &urls(&["https://app.example.com/\"><evil/>"]),
        ..SpMetadata::default()
    }
    .to_xml();
    assert!(xml.contains("entityID=\"&quot;&gt;&lt;evil/&gt;&amp;&#10;\""), "{xml}");
    assert!(!xml.contains("<evil"), "{xml}");
}

#[test]
fn without_a_file_there_are_extensions_for_what_is_ours_alone() {
    let says = SpDescription { entity_extensions: None, role_extensions: None, ..description() };
    let acs_urls = &urls(&["https://app.example.com/saml/acs"]);
    let metadata = SpMetadata { entity_id: "urn:app", acs_urls, ..SpMetadata::default() };
    let xml = SpMetadata { description: &says, ..metadata }.to_xml();
    assert_valid(&xml, SCHEMA);
    assert!(xml.contains("<md:Extensions><mdattr:EntityAttributes "), "{xml}");
    assert!(xml.contains("<md:Extensions><mdui:UIInfo "), "{xml}");
    assert!(!metadata.to_xml().contains("Extensions"));
}
