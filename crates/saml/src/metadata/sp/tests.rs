use super::*;
use crate::test_credentials::Credential;
use crate::test_tools::assert_valid;

const SCHEMA: &str = "saml-schema-metadata-2.0.xsd";

fn urls(urls: &[&str]) -> Vec<String> {
    urls.iter().map(|&url| url.to_owned()).collect()
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
    let organization = Organization {
        name: "Beispiel & Söhne".to_owned(),
        display_name: "<Beispiel>".to_owned(),
        url: "https://www.example.com/?a=b&c=d".to_owned(),
        lang: "de".to_owned(),
    };
    let contact = |kind: &str, email: &str, name: Option<&str>| Contact {
        kind: kind.to_owned(),
        email: email.to_owned(),
        name: name.map(str::to_owned),
    };
    let attribute = |name: &str, friendly_name: Option<&str>, required| RequestedAttribute {
        name: name.to_owned(),
        friendly_name: friendly_name.map(str::to_owned),
        required,
    };
    let xml = SpMetadata {
        entity_id: "urn:app",
        acs_urls: &urls(&["https://app.example.com/acs?a=b&c=d", "https://app.example.com/acs2"]),
        takes_artifacts: true,
        discovery_response: Some("https://app.example.com/discovery"),
        slo_urls: &urls(&["https://app.example.com/sls", "https://app.example.com/sls2"]),
        certificates: &certificates,
        encryption_certificates: &certificates[..1],
        name_id_formats: &urls(&["urn:oasis:names:tc:SAML:2.0:nameid-format:transient"]),
        authn_requests_signed: true,
        want_assertions_signed: true,
        organization: Some(&organization),
        contacts: &[
            contact("technical", "it@example.com", Some("IT")),
            contact("support", "mailto:help@example.com", None),
        ],
        requested_attributes: &[
            attribute("urn:oid:0.9.2342.19200300.100.1.3", Some("mail"), true),
            attribute("groups", None, false),
        ],
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
        "bindings:HTTP-POST\" Location=\"https://app.example.com/acs2\" index=\"1\"/>",
        "bindings:HTTP-Artifact\" Location=\"https://app.example.com/acs?a=b&amp;c=d\" index=\"2\"/>",
        "bindings:HTTP-Artifact\" Location=\"https://app.example.com/acs2\" index=\"3\"/>",
        "bindings:HTTP-Redirect\" Location=\"https://app.example.com/sls\"/>",
        "bindings:HTTP-POST\" Location=\"https://app.example.com/sls\"/>",
        "bindings:SOAP\" Location=\"https://app.example.com/sls\"/>",
        "bindings:HTTP-POST\" Location=\"https://app.example.com/sls2\"/>",
        "<md:ServiceName xml:lang=\"de\">&lt;Beispiel&gt;</md:ServiceName>",
        "attrname-format:uri\" FriendlyName=\"mail\" isRequired=\"true\"/>",
        "Name=\"groups\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\" isRequired=\"false\"/>",
        ">Beispiel &amp; Söhne</md:OrganizationName>",
        "<md:GivenName>IT</md:GivenName><md:EmailAddress>mailto:it@example.com</md:EmailAddress>",
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
fn requested_attributes_have_a_service_name_without_an_organization() {
    let attribute =
        RequestedAttribute { name: "mail".to_owned(), friendly_name: None, required: true };
    let xml = SpMetadata {
        entity_id: "https://app.example.com/",
        acs_urls: &urls(&["https://app.example.com/saml/acs"]),
        requested_attributes: &[attribute],
        ..SpMetadata::default()
    }
    .to_xml();
    assert!(
        xml.contains("<md:ServiceName xml:lang=\"en\">https://app.example.com/</md:ServiceName>")
    );
    assert_valid(&xml, SCHEMA);
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
