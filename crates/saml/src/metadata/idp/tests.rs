use clock::{Seconds, UnixTime};

use super::*;
use crate::metadata::SpMetadata;
use crate::test_credentials::Credential;

const SAML2: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const REDIRECT: &str = r#"<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.org/sso"/>"#;

fn entity(attributes: &str, content: &str) -> String {
    format!(
        r#"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" {attributes}>{content}</md:EntityDescriptor>"#
    )
}

fn entities(attributes: &str, content: &str) -> String {
    format!(
        r#"<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" {attributes}>{content}</md:EntitiesDescriptor>"#
    )
}

fn role(content: &str) -> String {
    format!(
        r#"<md:IDPSSODescriptor protocolSupportEnumeration="{SAML2}">{content}</md:IDPSSODescriptor>"#
    )
}

fn idp(name: &str) -> String {
    entity(&format!("entityID=\"{name}\""), &role(REDIRECT))
}

fn sp(name: &str) -> String {
    SpMetadata { entity_id: name, ..SpMetadata::default() }.to_xml()
}

fn key_descriptor(attributes: &str, key_info: &str) -> String {
    format!("<md:KeyDescriptor {attributes}><ds:KeyInfo>{key_info}</ds:KeyInfo></md:KeyDescriptor>")
}

fn x509(credential: &Credential) -> String {
    x509_text(&credential.certificate_text())
}

fn x509_text(text: &str) -> String {
    format!("<ds:X509Data><ds:X509Certificate>{text}</ds:X509Certificate></ds:X509Data>")
}

fn rsa_value(credential: &Credential) -> String {
    let rsa = credential.key.rsa().unwrap();
    let number = |n: &openssl::bn::BigNumRef| openssl::base64::encode_block(&n.to_vec());
    format!(
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>\n{}\n</ds:Modulus><ds:Exponent>{}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
        number(rsa.n()),
        number(rsa.e())
    )
}

fn fingerprint(credential: &Credential) -> [u8; 32] {
    openssl::sha::sha256(&credential.key.public_key_to_der().unwrap())
}

fn fingerprints(metadata: &IdpMetadata) -> Vec<[u8; 32]> {
    metadata.keys.iter().map(|key| key.key.fingerprint()).collect()
}

fn parse(xml: &str) -> IdpMetadata {
    IdpMetadata::parse(xml.as_bytes(), None).unwrap_or_else(|e| panic!("{e}\n{xml}"))
}

fn error(xml: &str, entity_id: Option<&str>) -> String {
    match IdpMetadata::parse(xml.as_bytes(), entity_id) {
        Ok(metadata) => panic!("{} was accepted", metadata.entity_id),
        Err(error) => error.to_string(),
    }
}

fn with_keys(keys: &str) -> IdpMetadata {
    parse(&entity("entityID='i'", &role(&format!("{keys}{REDIRECT}"))))
}

#[test]
fn an_entity_is_read_whole() {
    let credential = Credential::rsa();
    let other_protocol = r#"<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol"/>"#;
    let role = format!(
        r#"<md:IDPSSODescriptor WantAuthnRequestsSigned=" 1 "
             protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol
               {SAML2}">
           {}
           <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://idp.example.org/soap"/>
           <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact" Location="https://idp.example.org/artifact"/>
           <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.org/slo" ResponseLocation=" https://idp.example.org/answers "/>
           <md:NameIDFormat> urn:oasis:names:tc:SAML:2.0:nameid-format:transient
           </md:NameIDFormat>
           <md:NameIDFormat/>
           <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="/soap"/>
           <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location=" https://idp.example.org/post?a=b&amp;c=d "/>
           {REDIRECT}
         </md:IDPSSODescriptor>"#,
        key_descriptor("use='signing'", &x509(&credential))
    );
    let xml = entity("entityID=' https://idp.example.org/ '", &format!("{other_protocol}{role}"));
    let metadata = parse(&xml);
    assert_eq!(metadata.entity_id, "https://idp.example.org/");
    assert_eq!(
        metadata.sso,
        [
            Endpoint {
                binding: Binding::Post,
                location: "https://idp.example.org/post?a=b&c=d".to_owned()
            },
            Endpoint {
                binding: Binding::Redirect,
                location: "https://idp.example.org/sso".to_owned()
            },
        ]
    );
    assert_eq!(metadata.other_sso_bindings, ["urn:oasis:names:tc:SAML:2.0:bindings:SOAP"]);
    let slo = |binding, location: &str, response_location: Option<&str>| LogoutEndpoint {
        binding,
        location: location.to_owned(),
        response_location: response_location.map(str::to_owned),
    };
    let answers = Some("https://idp.example.org/answers");
    assert_eq!(
        metadata.slo,
        [
            slo(LogoutBinding::Soap, "https://idp.example.org/soap", None),
            slo(LogoutBinding::REDIRECT, "https://idp.example.org/slo", answers),
        ]
    );
    assert!(metadata.unusable_slo.is_empty());
    assert!(metadata.want_authn_requests_signed);
    assert_eq!(metadata.validity, Validity::default());
    assert_eq!(fingerprints(&metadata), [fingerprint(&credential)]);
    assert_eq!(
        metadata.keys[0].certificate.as_ref().unwrap().der(),
        credential.x509.to_der().unwrap()
    );
    assert_eq!((metadata.require_sso(), metadata.require_keys()), (Ok(()), Ok(())));
}

#[test]
fn signing_keys_are_those_for_signing_or_for_anything() {
    let [signing, any, encryption] = [(); 3].map(|()| Credential::p256());
    let metadata = with_keys(&format!(
        "{}{}{}",
        key_descriptor("use='encryption'", &x509(&encryption)),
        key_descriptor("", &x509(&any)),
        key_descriptor("use='signing'", &x509(&signing)),
    ));
    assert_eq!(fingerprints(&metadata), [fingerprint(&any), fingerprint(&signing)]);
    assert!(metadata.unusable_keys.is_empty());
}

#[test]
fn bare_keys_are_read_and_duplicates_merged() {
    let (rsa, ec) = (Credential::rsa(), Credential::p256());
    let metadata = with_keys(&format!(
        "{}{}{}",
        key_descriptor("", &rsa_value(&rsa)),
        key_descriptor("", &format!("<ds:X509Data/>{}", x509(&ec))),
        key_descriptor("use='signing'", &format!("{}{}", x509(&rsa), rsa_value(&rsa))),
    ));
    assert_eq!(fingerprints(&metadata), [fingerprint(&rsa), fingerprint(&ec)]);
    assert!(metadata.keys.iter().all(|key| key.certificate.is_some()));
    let bare = with_keys(&key_descriptor("", &rsa_value(&rsa)));
    assert!(bare.keys[0].certificate.is_none());
}

#[test]
fn issuers_behind_a_certificate_are_not_trusted() {
    let (leaf, issuer) = (Credential::p256(), Credential::p256());
    let chain = format!(
        "<ds:X509Data><ds:X509Certificate> </ds:X509Certificate><ds:X509Certificate>{}</ds:X509Certificate><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>",
        leaf.certificate_text(),
        issuer.certificate_text()
    );
    assert_eq!(fingerprints(&with_keys(&key_descriptor("", &chain))), [fingerprint(&leaf)]);
}

#[test]
fn certificates_may_wear_pem_armour() {
    let (leaf, issuer) = (Credential::p256(), Credential::p256());
    let pem = |credential: &Credential| {
        let text = credential.certificate_text();
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    };
    let chain = format!("subject=x\n{}{}", pem(&leaf), pem(&issuer));
    for text in [
        pem(&leaf),
        pem(&leaf).replace('\n', " "),
        chain.clone(),
        openssl::base64::encode_block(pem(&leaf).as_bytes()),
        openssl::base64::encode_block(chain.as_bytes()),
    ] {
        let metadata = with_keys(&key_descriptor("", &x509_text(&text)));
        assert_eq!(fingerprints(&metadata), [fingerprint(&leaf)], "{text}");
    }
    // A key is no certificate, and half an armour is none.
    let half = pem(&leaf).replace("-----END CERTIFICATE-----", "");
    for text in [pem(&leaf).replace("CERTIFICATE", "PRIVATE KEY"), half] {
        let metadata = with_keys(&key_descriptor("", &x509_text(&text)));
        assert!(metadata.keys.is_empty() && metadata.unusable_keys.len() == 1, "{text}");
    }
}

#[test]
fn a_broken_entity_spoils_only_itself() {
    let (good, other) = (idp("urn:good"), sp("urn:sp"));
    let broken = idp("urn:broken").replace("entityID", "xmlns:x='' entityID");
    let xml = entities("", &format!("{broken}{other}{good}"));
    for wanted in [None, Some("urn:good")] {
        let metadata = IdpMetadata::parse(xml.as_bytes(), wanted).unwrap();
        assert_eq!(metadata.entity_id, "urn:good");
        assert_eq!(
            metadata.left_out.as_deref(),
            Some(
                "1 of 3 entities cannot be read: \"urn:broken\" (a namespace URI of a prefix is empty)"
            )
        );
    }
    assert_eq!(parse(&good).left_out, None);
    let named = error(&xml, Some("urn:broken"));
    assert!(named.starts_with("the entity \"urn:broken\" cannot be read: a namespace"), "{named}");
    assert!(error(&broken, None).contains("a namespace URI of a prefix is empty"));
    let alone = error(&entities("", &format!("{broken}{other}")), None);
    assert!(alone.contains("none of the 1 entities") && alone.contains("urn:broken"), "{alone}");
    let nine = error(&entities("", &broken.repeat(9)), None);
    assert!(nine.starts_with("9 of 9 entities cannot be read") && nine.ends_with("and 4 more"));
    // What encloses the entities speaks for all of them.
    assert!(error(&entities("validUntil='soon'", &good), None).contains("validUntil \"soon\""));
}

#[test]
fn unusable_keys_are_left_out_and_named() {
    let good = Credential::p256();
    for (bad, reason) in [
        (x509_text("!"), "X509Certificate is not base64"),
        (x509_text("YWJj"), "X509Certificate: "),
        ("<ds:KeyValue><ds:DSAKeyValue/></ds:KeyValue>".to_owned(), "DSAKeyValue"),
        ("<ds:KeyValue><ds:RSAKeyValue/></ds:KeyValue>".to_owned(), "Modulus is empty"),
    ] {
        let keys = key_descriptor("", &bad);
        let metadata = with_keys(&keys);
        assert!(metadata.keys.is_empty());
        assert!(metadata.unusable_keys[0].contains(reason), "{:?}", metadata.unusable_keys);
        let error = metadata.require_keys().unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains("signing_certificate"), "{error}");
        let metadata = with_keys(&format!("{keys}{}", key_descriptor("", &x509(&good))));
        assert_eq!(fingerprints(&metadata), [fingerprint(&good)]);
        assert_eq!(metadata.unusable_keys.len(), 1);
    }
}

#[test]
fn what_is_missing_is_said() {
    for keys in [
        "",
        "<md:KeyDescriptor/>",
        &key_descriptor("", "<ds:KeyName>x</ds:KeyName><ds:X509Data/><ds:KeyValue/>"),
    ] {
        let error = with_keys(keys).require_keys().unwrap_err().to_string();
        assert!(error.starts_with("\"i\" has no KeyDescriptor for signing: "), "{error}");
    }
    let soap = REDIRECT.replace("HTTP-Redirect", "SOAP");
    for (services, offered) in
        [("", "none at all"), (soap.as_str(), "\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\"")]
    {
        let metadata = parse(&entity("entityID='i'", &role(services)));
        let error = metadata.require_sso().unwrap_err().to_string();
        assert!(error.contains(offered) && error.contains("sso_url"), "{error}");
    }
}

#[test]
fn an_endpoint_must_be_an_absolute_web_url() {
    for location in
        ["/sso", "", "ftp://idp.example.org/", "javascript:alert(1)", "https:///x", "https://u@i/"]
    {
        let service = REDIRECT.replace("https://idp.example.org/sso", location);
        let error = error(&entity("entityID='i'", &role(&service)), None);
        assert!(error.contains("SingleSignOnService") && error.contains("absolute"), "{error}");
    }
}

#[test]
fn one_entity_is_chosen_from_many() {
    let (a, b, c) = (idp("https://a.example/"), idp("https://b.example/"), idp("urn:c"));
    let nested = entities("", &format!("{}{}", sp("urn:sp"), entities("", &format!("{b}{c}"))));
    let both_roles = entities("", &format!("{}{}", sp("urn:c"), nested));
    let choose = |xml: &str, entity_id| {
        IdpMetadata::parse(xml.as_bytes(), entity_id).map(|metadata| metadata.entity_id)
    };
    assert_eq!(choose(&a, None).as_deref(), Ok("https://a.example/"));
    assert_eq!(choose(&a, Some("https://a.example/")).as_deref(), Ok("https://a.example/"));
    assert_eq!(choose(&nested, Some("https://b.example/")).as_deref(), Ok("https://b.example/"));
    assert_eq!(choose(&both_roles, Some("urn:c")).as_deref(), Ok("urn:c"));
    // The only IdP among SPs needs no name.
    let one = entities("", &format!("{}{a}{}", sp("urn:sp1"), sp("urn:sp2")));
    assert_eq!(choose(&one, None).as_deref(), Ok("https://a.example/"));

    let several = error(&nested, None);
    assert!(several.contains("2 identity providers: set entity_id"), "{several}");
    assert!(several.ends_with("\"https://b.example/\", \"urn:c\""), "{several}");
    let unknown = error(&nested, Some("https://a.example/"));
    assert!(unknown.contains("\"https://a.example/\"; there is \"urn:sp\", "), "{unknown}");
    let many: String = (0..12).map(|n| idp(&format!("urn:{n}"))).collect();
    let many = error(&entities("", &many), None);
    assert!(
        many.ends_with("\"urn:0\", \"urn:1\", \"urn:2\", \"urn:3\", \"urn:4\" and 7 more"),
        "{many}"
    );
}

/// Only what XML takes for layout: a federation may let anybody in under a name that differs in more.
#[test]
fn no_entity_is_read_under_a_name_that_looks_like_its_own() {
    let victim = "https://a.example/";
    for layout in [" ", "&#10;", "\t"] {
        let xml = idp(&format!("{layout}{victim}{layout}"));
        let found = IdpMetadata::parse(xml.as_bytes(), Some(victim)).unwrap();
        assert_eq!(found.entity_id, victim);
    }
    for other in ["\u{a0}", "\u{3000}", "\u{85}", "\u{2028}", "\u{200b}"] {
        let name = format!("{victim}{other}");
        let eve = idp(&name);
        let xml = entities("", &format!("{eve}{}", idp(victim)));
        let found = IdpMetadata::parse(xml.as_bytes(), Some(victim)).unwrap();
        assert_eq!(found.entity_id, victim);
        let alone = entities("", &eve);
        assert!(error(&alone, Some(victim)).contains("no entity in the metadata"), "{other:?}");
    }
}

#[test]
fn what_is_no_idp_metadata_is_said() {
    let saml1 = idp("i").replace(SAML2, "urn:oasis:names:tc:SAML:1.1:protocol");
    for (xml, entity_id, expected) in [
        (sp("urn:sp"), None, "\"urn:sp\" has no IDPSSODescriptor"),
        (
            sp("urn:sp"),
            Some("urn:sp"),
            "\"urn:sp\" has no IDPSSODescriptor, it is a service provider",
        ),
        (entity("entityID='i'", ""), None, "so it is no identity provider"),
        (entities("", &(sp("urn:1") + &sp("urn:2"))), None, "none of the 2 entities"),
        (entities("", ""), None, "holds no EntityDescriptor"),
        (entities("", ""), Some("i"), "there is none at all"),
        ("<html/>".to_owned(), None, "this is a web page; save the IdP's SAML 2.0 metadata"),
        ("<?xml version='1.0'?><html/>".to_owned(), None, "this is a web page"),
        ("<rss/>".to_owned(), None, "the document is \"rss\" and holds no EntityDescriptor"),
        (format!("<p:Response xmlns:p='{SAML2}'/>"), None, "a \"Response\" message of SAML"),
        // Without its namespace it is another EntityDescriptor.
        ("<EntityDescriptor entityID='i'/>".to_owned(), None, "holds no EntityDescriptor"),
        (saml1.clone(), None, "does not support SAML 2.0"),
        (saml1, Some("i"), "urn:oasis:names:tc:SAML:1.1:protocol"),
        (entity("", &role(REDIRECT)), None, "no entityID"),
        (entity("entityID=' '", &role(REDIRECT)), None, "no entityID"),
        (
            entity("entityID='i' validUntil='tomorrow'", &role(REDIRECT)),
            None,
            "validUntil \"tomorrow\"",
        ),
        ("no XML".to_owned(), None, "this is no XML, it begins with \"no xml\""),
        (String::new(), None, "not usable XML"),
        ("<!DOCTYPE x><x/>".to_owned(), None, "not usable XML"),
    ] {
        let error = error(&xml, entity_id);
        assert!(error.contains(expected), "{error}\n{xml}");
    }
}

#[test]
fn the_earliest_end_of_validity_counts() {
    let year = |year: u32| format!("validUntil='{year}-01-01T00:00:00Z'");
    for (outer, middle, entity_year, role_year) in [
        (2031, 2032, 2033, 2034),
        (2032, 2031, 2033, 2034),
        (2034, 2033, 2031, 2032),
        (2034, 2033, 2032, 2031),
    ] {
        let role = role(REDIRECT)
            .replace("<md:IDPSSODescriptor", &format!("<md:IDPSSODescriptor {}", year(role_year)));
        let entity = entity(&format!("entityID='i' {}", year(entity_year)), &role);
        let xml = entities(&year(outer), &entities(&year(middle), &entity));
        // `date -u -d 2031-01-01 +%s`
        assert_eq!(parse(&xml).validity.until, Some(UnixTime::from_secs(1_924_992_000)), "{xml}");
    }
    // What ends earlier beside the entity says nothing about it.
    let beside = entities(&year(2026), &sp("urn:sp"));
    let xml =
        entities("", &(beside + &entity(&format!("entityID='i' {}", year(2031)), &role(REDIRECT))));
    assert_eq!(parse(&xml).validity.until, Some(UnixTime::from_secs(1_924_992_000)));
}

#[test]
fn metadata_is_kept_for_the_shortest_cache_duration_around_it() {
    let year = |years| format!("cacheDuration='P{years}Y'");
    let kept = |xml: &str| parse(xml).validity.cache_duration;
    let role =
        role(REDIRECT).replace("<md:IDPSSODescriptor", "<md:IDPSSODescriptor cacheDuration='PT2H'");
    let xml = entities("cacheDuration='PT1H'", &entity("entityID='i' cacheDuration='PT3H'", &role));
    assert_eq!(kept(&xml), Some(Seconds(3600)));
    let xml = entities(&year(1), &entity(&format!("entityID='i' {}", year(2)), &role));
    assert_eq!(kept(&xml), Some(Seconds(7200)));
    // No login hangs on it.
    assert_eq!(kept(&entities("cacheDuration='soon'", &idp("i"))), None);
}

#[test]
fn a_broken_logout_endpoint_costs_only_itself() {
    let slo = |attributes: &str| {
        format!(
            r#"<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" {attributes}/>"#
        )
    };
    let good = r#"Location="https://idp.example.org/slo""#;
    for broken in ["", r#"Location="/slo""#, &format!(r#"{good} ResponseLocation="javascript:x""#)]
    {
        let services = slo(broken) + &slo(good);
        let metadata = parse(&entity("entityID='i'", &role(&(services + REDIRECT))));
        assert_eq!(metadata.slo.len(), 1, "{broken}");
        let [why] = metadata.unusable_slo.as_slice() else { panic!("{broken}") };
        assert!(why.contains("ocation") && why.contains("SingleLogoutService"), "{why}");
    }
    assert!(with_keys("").slo.is_empty());
}

#[test]
fn artifact_resolution_services_are_read_with_their_numbers() {
    let service = |attributes: &str| {
        format!(
            r#"<md:ArtifactResolutionService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" {attributes}/>"#
        )
    };
    let by_post = service("Location=\"https://a/post\" index=\"9\"").replace("bindings:SOAP", "x");
    let services = [
        service("Location=\"https://a/first\" index=\" 65535 \""),
        service("Location=\"https://a/second\" index=\"0\" isDefault=\"true\""),
        by_post,
        service("Location=\"/artifact\" index=\"1\""),
        service("Location=\"https://a/none\""),
        service("Location=\"https://a/large\" index=\"65536\""),
    ]
    .concat();
    let metadata = parse(&entity("entityID=\"a\"", &role(&format!("{services}{REDIRECT}"))));
    let found: Vec<_> =
        metadata.artifact_resolution.iter().map(|e| (e.index, e.location.as_str())).collect();
    assert_eq!(found, [(Some(65535), "https://a/first"), (Some(0), "https://a/second")]);
    let [address, none, large] = &metadata.unusable_artifact_resolution[..] else {
        panic!("{:?}", metadata.unusable_artifact_resolution)
    };
    assert!(address.contains("\"/artifact\"") && large.contains("\"65536\""), "{address} {large}");
    assert!(none.contains("the index \"\" of an ArtifactResolutionService of \"a\""), "{none}");
}

#[test]
fn the_first_rsa_key_for_encryption_is_taken_with_its_algorithms() {
    let (rsa, other, ec) = (Credential::rsa(), Credential::rsa(), Credential::p256());
    let method =
        r#"<md:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/>"#;
    let with_method = |attributes: &str, key: &str| {
        let end = "</md:KeyDescriptor>";
        key_descriptor(attributes, key).replace(end, &format!("{method}{end}"))
    };
    let opened = |keys: &str, by: &Credential| {
        let sealed = with_keys(keys).encryption_key.unwrap().encrypt(b"x").unwrap();
        let mut decrypter = openssl::encrypt::Decrypter::new(&by.key).unwrap();
        decrypter.set_rsa_padding(openssl::rsa::Padding::PKCS1_OAEP).unwrap();
        let mut key = vec![0; decrypter.decrypt_len(&sealed.key.encrypted).unwrap()];
        decrypter
            .decrypt(&sealed.key.encrypted, &mut key)
            .map(|length| (length, sealed.cipher))
            .ok()
    };
    let signing = key_descriptor("use='signing'", &x509(&other));
    let encryption = key_descriptor("use='encryption'", &x509(&rsa));
    let cbc = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
    let gcm = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
    assert_eq!(opened(&format!("{signing}{encryption}"), &rsa), Some((32, gcm)));
    assert_eq!(opened(&key_descriptor("", &x509(&rsa)), &rsa), Some((32, gcm)));
    assert_eq!(opened(&with_method("use='encryption'", &rsa_value(&rsa)), &rsa), Some((16, cbc)));
    let of_ec = key_descriptor("use='encryption'", &x509(&ec));
    assert_eq!(opened(&format!("{of_ec}{encryption}"), &rsa), Some((32, gcm)));
    assert!(with_keys(&of_ec).encryption_key.is_some_and(|key| !key.is_rsa()));
    let useless = key_descriptor("use='encryption'", &x509(&Credential::ed25519()));
    assert!(with_keys(&useless).encryption_key.is_none());
    let x25519 = key_descriptor("use='encryption'", &x509(&Credential::x25519()));
    let key = with_keys(&format!("{useless}{x25519}{of_ec}")).encryption_key.unwrap();
    assert!(key.agreement_method().is_some_and(|uri| uri.ends_with("#x25519")), "the first");
    assert!(with_keys(&signing).encryption_key.is_none());
}

#[test]
fn metadata_can_be_read_by_another_thread() {
    fn goes_elsewhere<T: Send>() {}
    goes_elsewhere::<IdpMetadata>();
    goes_elsewhere::<std::sync::Arc<MetadataSigners>>();
}
