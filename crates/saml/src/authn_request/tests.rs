use openssl::hash::MessageDigest;
use openssl::sign::Verifier;
use xmldoc::{DigestAlgorithm, SignatureAlgorithm};

use super::*;
use crate::base64_binary;
use crate::provider::{ArtifactEndpoint, Binding, Endpoint, SignRequests};
use crate::test_credentials::Credential;
use crate::test_tools::{assert_signed_by, assert_valid};
use identity::Comparison;

const SCHEMA: &str = "saml-schema-protocol-2.0.xsd";

fn request() -> AuthnRequest<'static> {
    AuthnRequest {
        id: "_0123456789abcdef0123456789abcdef",
        issue_instant: UnixTime::from_secs(1_795_260_600),
        sp_entity_id: "https://app.example.com/saml/metadata",
        acs_url: "https://app.example.com/saml/acs",
        origin: 0,
        force_authn: false,
        passive: false,
        authn_context: None,
        subject: None,
        relay_state: "opaque-token_1",
        extra_arguments: &[],
    }
}

fn idp(binding: Binding, policy: Policy) -> Idp {
    let location = "https://idp.example.org/sso?tenant=1".to_owned();
    Idp {
        entity_id: "https://idp.example.org/".to_owned(),
        sso: Endpoint { binding, location },
        slo: Vec::new(),
        keys: Vec::new(),
        artifact_resolution: Vec::new(),
        encryption_key: None,
        scopes: Default::default(),
        valid_until: None,
        policy,
    }
}

/// Sends by HTTP-Redirect; gives the raw query after the location's own, and the XML.
fn redirect(
    request: &AuthnRequest<'_>,
    policy: Policy,
    signer: Option<&Signer>,
) -> (String, String) {
    let outgoing =
        request.draft(&idp(Binding::Redirect, policy), signer).and_then(Draft::sign).unwrap();
    let Outgoing::Redirect(url) = outgoing else { panic!("{outgoing:?}") };
    let query = url.strip_prefix("https://idp.example.org/sso?tenant=1&").unwrap();
    let deflated = base64_binary::decode(&parameter(query, "SAMLRequest").unwrap(), 9999).unwrap();
    let mut xml = String::new();
    let mut decoder = flate2::read::DeflateDecoder::new(&deflated[..]);
    std::io::Read::read_to_string(&mut decoder, &mut xml).unwrap();
    (query.to_owned(), xml)
}

/// Sends by HTTP-POST; gives the XML.
fn post(request: &AuthnRequest<'_>, policy: Policy, signer: Option<&Signer>) -> String {
    let outgoing =
        request.draft(&idp(Binding::Post, policy), signer).and_then(Draft::sign).unwrap();
    let Outgoing::Post { action, fields } = outgoing else { panic!("{outgoing:?}") };
    assert_eq!(action, "https://idp.example.org/sso?tenant=1");
    let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    if request.relay_state.is_empty() {
        assert_eq!(names, ["SAMLRequest"]);
    } else {
        assert_eq!(names, ["SAMLRequest", "RelayState"]);
        assert_eq!(fields[1].1, request.relay_state);
    }
    String::from_utf8(base64_binary::decode(&fields[0].1, 99_999).unwrap()).unwrap()
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[test]
fn the_request_says_what_the_sp_wants() {
    let (query, xml) = redirect(&request(), Policy::default(), None);
    assert_eq!(
        xml,
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
         ID=\"_0123456789abcdef0123456789abcdef\" Version=\"2.0\" \
         IssueInstant=\"2026-11-21T11:30:00Z\" \
         Destination=\"https://idp.example.org/sso?tenant=1\" \
         ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         AssertionConsumerServiceURL=\"https://app.example.com/saml/acs\">\
         <saml:Issuer>https://app.example.com/saml/metadata</saml:Issuer>\
         <samlp:NameIDPolicy AllowCreate=\"true\"/></samlp:AuthnRequest>"
    );
    assert_eq!(parameter(&query, "RelayState").as_deref(), Some("opaque-token_1"));
    assert_eq!(parameter(&query, "SigAlg"), None);
    assert_valid(&xml, SCHEMA);
}

#[test]
fn force_authn_stands_only_when_asked_for() {
    let forced = AuthnRequest { force_authn: true, ..request() };
    let (_, xml) = redirect(&forced, Policy::default(), None);
    assert!(xml.contains(" ForceAuthn=\"true\" "), "{xml}");
    assert_valid(&xml, SCHEMA);
    assert!(!redirect(&request(), Policy::default(), None).1.contains("ForceAuthn"));
}

#[test]
fn is_passive_stands_only_when_asked_for() {
    let passive = AuthnRequest { passive: true, ..request() };
    let (_, xml) = redirect(&passive, Policy::default(), None);
    assert!(xml.contains(" IsPassive=\"true\" "), "{xml}");
    assert_valid(&xml, SCHEMA);
    assert!(!redirect(&request(), Policy::default(), None).1.contains("IsPassive"));
}

#[test]
fn the_wanted_authn_context_is_asked_for() {
    let classes = vec!["urn:x:mfa".to_owned(), "urn:x:<&>".to_owned()];
    let asked = RequestedAuthnContext { classes, comparison: Comparison::Minimum };
    let request = AuthnRequest { authn_context: Some(&asked), ..request() };
    let (_, xml) = redirect(&request, Policy::default(), None);
    let expected = "<samlp:RequestedAuthnContext Comparison=\"minimum\">\
                    <saml:AuthnContextClassRef>urn:x:mfa</saml:AuthnContextClassRef>\
                    <saml:AuthnContextClassRef>urn:x:&lt;&amp;&gt;</saml:AuthnContextClassRef>\
                    </samlp:RequestedAuthnContext></samlp:AuthnRequest>";
    assert!(xml.ends_with(expected), "{xml}");
    assert_valid(&xml, SCHEMA);
}

#[test]
fn name_id_policy_follows_the_configuration() {
    let email = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    for (format, allow_create, expected) in [
        (None, true, Some("AllowCreate=\"true\"".to_owned())),
        (None, false, None),
        (Some(email), true, Some(format!("Format=\"{email}\" AllowCreate=\"true\""))),
        (Some(email), false, Some(format!("Format=\"{email}\""))),
        (Some(TRANSIENT), true, Some(format!("Format=\"{TRANSIENT}\""))),
    ] {
        let name_id_format = format.map(str::to_owned);
        let policy = Policy { name_id_format, allow_create, ..Policy::default() };
        let (_, xml) = redirect(&request(), policy, None);
        match expected {
            Some(inside) => {
                assert!(xml.contains(&format!("<samlp:NameIDPolicy {inside}/>")), "{xml}");
            }
            None => assert!(!xml.contains("NameIDPolicy"), "{xml}"),
        }
        assert_valid(&xml, SCHEMA);
    }
}

#[test]
fn configured_values_are_escaped() {
    let hostile = AuthnRequest { sp_entity_id: "</saml:Issuer>&\"", acs_url: "\"/>", ..request() };
    let (_, xml) = redirect(&hostile, Policy::default(), None);
    assert!(xml.contains("<saml:Issuer>&lt;/saml:Issuer&gt;&amp;&quot;</saml:Issuer>"), "{xml}");
    assert!(xml.contains("AssertionConsumerServiceURL=\"&quot;/&gt;\""), "{xml}");
    assert_valid(&xml, SCHEMA);
}

/// OpenSSL verifies the octets as they stand in the URL.
#[test]
fn a_redirect_carries_a_signature_over_its_octets() {
    for (credential, default, other) in [
        (Credential::rsa(), SignatureAlgorithm::RsaSha256, SignatureAlgorithm::RsaSha512),
        (Credential::p256(), SignatureAlgorithm::EcdsaSha256, SignatureAlgorithm::EcdsaSha512),
    ] {
        let (key, certificate) = (credential.signing_key(), credential.certificate());
        let signer = Signer { key: key.clone(), certificate: certificate.clone() };
        for (algorithm, expected, digest) in [
            (None, default, MessageDigest::sha256()),
            (Some(other), other, MessageDigest::sha512()),
        ] {
            let policy = Policy { signature_algorithm: algorithm, ..Policy::default() };
            let (query, xml) = redirect(&request(), policy, Some(&signer));
            assert!(!xml.contains("Signature"), "{xml}");
            let (octets, _) = query.rsplit_once("&Signature=").unwrap();
            let names: Vec<_> =
                query.split('&').map(|pair| pair.split_once('=').unwrap().0).collect();
            assert_eq!(names, ["SAMLRequest", "RelayState", "SigAlg", "Signature"]);
            assert_eq!(parameter(&query, "SigAlg").as_deref(), Some(expected.uri()));
            let signature = parameter(&query, "Signature").unwrap();
            let signature = openssl::base64::decode_block(&signature).unwrap();
            let mut verifier = Verifier::new(digest, &credential.key).unwrap();
            assert!(verifier.verify_oneshot(&signature, octets.as_bytes()).unwrap());
        }
    }
}

#[test]
fn an_empty_relay_state_is_neither_sent_nor_signed() {
    let credential = Credential::p256();
    let (key, certificate) = (credential.signing_key(), credential.certificate());
    let signer = Signer { key, certificate };
    let request = AuthnRequest { relay_state: "", ..request() };
    let (query, _) = redirect(&request, Policy::default(), Some(&signer));
    assert!(!query.contains("RelayState"), "{query}");
    post(&request, Policy::default(), None);
}

#[test]
fn a_posted_request_carries_an_enveloped_signature() {
    for credential in [Credential::rsa(), Credential::p256()] {
        let (key, certificate) = (credential.signing_key(), credential.certificate());
        let signer = Signer { key: key.clone(), certificate: certificate.clone() };
        for digest_algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512] {
            let policy = Policy { digest_algorithm, ..Policy::default() };
            let xml = post(&request(), policy, Some(&signer));
            assert!(xml.contains(key.default_algorithm().uri()), "{xml}");
            assert!(xml.contains(digest_algorithm.uri()), "{xml}");
            assert_valid(&xml, SCHEMA);
            assert_signed_by(&xml, &format!("{PROTOCOL}:AuthnRequest"), &credential.x509);
        }
    }
}

#[test]
fn signing_follows_the_policy() {
    let credential = Credential::p256();
    let (key, certificate) = (credential.signing_key(), credential.certificate());
    let signer = Signer { key, certificate };
    let policy = |sign_requests| Policy { sign_requests, ..Policy::default() };
    for (sign_requests, signer, signed) in [
        (SignRequests::Auto, Some(&signer), true),
        (SignRequests::Auto, None, false),
        (SignRequests::On, Some(&signer), true),
        (SignRequests::Off, Some(&signer), false),
        (SignRequests::Off, None, false),
    ] {
        let (query, _) = redirect(&request(), policy(sign_requests), signer);
        assert_eq!(query.contains("&Signature="), signed, "{sign_requests:?}");
        let xml = post(&request(), policy(sign_requests), signer);
        assert_eq!(xml.contains("SignatureValue"), signed, "{sign_requests:?}");
    }
    for binding in [Binding::Redirect, Binding::Post] {
        let error = request()
            .draft(&idp(binding, policy(SignRequests::On)), None)
            .and_then(Draft::sign)
            .unwrap_err();
        assert!(error.to_string().contains("certificate_key"), "{error}");
    }
}

#[test]
fn a_key_that_does_not_fit_the_algorithm_is_an_error() {
    let credential = Credential::p256();
    let (key, certificate) = (credential.signing_key(), credential.certificate());
    let signer = Signer { key, certificate };
    let signature_algorithm = Some(SignatureAlgorithm::RsaSha256);
    for binding in [Binding::Redirect, Binding::Post] {
        let policy = Policy { signature_algorithm, ..Policy::default() };
        assert!(
            request().draft(&idp(binding, policy), Some(&signer)).and_then(Draft::sign).is_err(),
            "{binding:?}"
        );
    }
}

/// What a request says by these settings: valid, by either binding, signed or not, and the same each time.
fn saying(request: &AuthnRequest<'_>, says: RequestPolicy) -> String {
    let credential = Credential::p256();
    let (key, certificate) = (credential.signing_key(), credential.certificate());
    let signer = Signer { key, certificate };
    let policy = Policy { request: says, ..Policy::default() };
    let (_, xml) = redirect(request, policy.clone(), None);
    assert_eq!(post(request, policy.clone(), None), xml);
    assert_valid(&xml, SCHEMA);
    let signed = post(request, policy, Some(&signer));
    assert_valid(&signed, SCHEMA);
    assert_signed_by(&signed, &format!("{PROTOCOL}:AuthnRequest"), &credential.x509);
    xml
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn the_index_of_the_acs_stands_for_its_url_and_binding() {
    let xml = saying(&request(), RequestPolicy { acs_index: Some(0), ..RequestPolicy::default() });
    assert!(xml.contains(" AssertionConsumerServiceIndex=\"0\""), "{xml}");
    assert!(!xml.contains("ProtocolBinding") && !xml.contains("AssertionConsumerServiceURL"));
    let third = AuthnRequest { origin: 2, ..request() };
    let xml = saying(&third, RequestPolicy { acs_index: Some(1), ..RequestPolicy::default() });
    assert!(xml.contains(" AssertionConsumerServiceIndex=\"21\""), "{xml}");
}

#[test]
fn an_idp_whose_artifacts_can_be_resolved_is_asked_for_one() {
    let location = "https://idp.example.org/artifact".to_owned();
    let artifact_resolution = vec![ArtifactEndpoint { index: Some(0), location }];
    let xml = request().to_xml(
        &Idp { artifact_resolution, ..idp(Binding::Redirect, Policy::default()) },
        Bearer::Browser,
    );
    let binding = "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact\"";
    assert!(xml.contains(binding) && !xml.contains("HTTP-POST"), "{xml}");
}

#[test]
fn attributes_of_the_request_follow_the_settings() {
    let says = RequestPolicy {
        attribute_consuming_service_index: Some(65_535),
        provider_name: Some("Käse & \"Brot\"".into()),
        consent: Some("urn:oasis:names:tc:SAML:2.0:consent:prior".into()),
        ..RequestPolicy::default()
    };
    let xml = saying(&request(), says);
    for attribute in [
        " AttributeConsumingServiceIndex=\"65535\"",
        " ProviderName=\"Käse &amp; &quot;Brot&quot;\"",
        " Consent=\"urn:oasis:names:tc:SAML:2.0:consent:prior\"",
    ] {
        assert!(xml.contains(attribute), "{xml}");
    }
}

#[test]
fn scoping_says_who_may_sign_in_and_who_asks() {
    let (idps, requesters) = (texts(&["https://a.example", "urn:b"]), texts(&["urn:r", "urn:s"]));
    let list = "<samlp:IDPList><samlp:IDPEntry ProviderID=\"https://a.example\"/>\
                <samlp:IDPEntry ProviderID=\"urn:b\"/></samlp:IDPList>";
    let ids = "<samlp:RequesterID>urn:r</samlp:RequesterID>\
               <samlp:RequesterID>urn:s</samlp:RequesterID>";
    for (requested_idp, requester_id, proxy_count, expected) in [
        (&idps, &Vec::new(), None, format!("<samlp:Scoping>{list}</samlp:Scoping>")),
        (&Vec::new(), &requesters, None, format!("<samlp:Scoping>{ids}</samlp:Scoping>")),
        (&Vec::new(), &Vec::new(), Some(0), "<samlp:Scoping ProxyCount=\"0\"/>".to_owned()),
        (
            &idps,
            &requesters,
            Some(2),
            format!("<samlp:Scoping ProxyCount=\"2\">{list}{ids}</samlp:Scoping>"),
        ),
    ] {
        let (requested_idp, requester_id) = (requested_idp.clone(), requester_id.clone());
        let scoping =
            RequestPolicy { requested_idp, requester_id, proxy_count, ..RequestPolicy::default() };
        let xml = saying(&request(), scoping);
        assert!(xml.ends_with(&format!("{expected}</samlp:AuthnRequest>")), "{xml}");
    }
    assert!(!saying(&request(), RequestPolicy::default()).contains("Scoping"));
}

#[test]
fn an_affiliation_may_be_named_without_a_format() {
    let name_id_sp_qualifier = Some("https://affiliation.example".to_owned());
    let policy = |format: Option<&str>, allow_create| Policy {
        name_id_format: format.map(str::to_owned),
        allow_create,
        request: RequestPolicy {
            name_id_sp_qualifier: name_id_sp_qualifier.clone(),
            ..RequestPolicy::default()
        },
        ..Policy::default()
    };
    for (policy, expected) in [
        (policy(None, false), "SPNameQualifier=\"https://affiliation.example\""),
        (
            policy(Some("urn:x:f"), true),
            "Format=\"urn:x:f\" SPNameQualifier=\"https://affiliation.example\" AllowCreate=\"true\"",
        ),
    ] {
        let (_, xml) = redirect(&request(), policy, None);
        assert!(xml.contains(&format!("<samlp:NameIDPolicy {expected}/>")), "{xml}");
        assert_valid(&xml, SCHEMA);
    }
}

#[test]
fn a_hint_is_the_subject_in_the_format_that_is_asked_for() {
    let request = AuthnRequest { subject: Some("jane<&>@example.org"), ..request() };
    let email = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    for (format, expected) in
        [(None, ""), (Some(TRANSIENT), ""), (Some(email), &*format!(" Format=\"{email}\""))]
    {
        let policy = Policy { name_id_format: format.map(str::to_owned), ..Policy::default() };
        let (_, xml) = redirect(&request, policy, None);
        let subject = format!(
            "</saml:Issuer><saml:Subject><saml:NameID{expected}>jane&lt;&amp;&gt;@example.org\
             </saml:NameID></saml:Subject><samlp:NameIDPolicy"
        );
        assert!(xml.contains(&subject), "{xml}");
        assert_valid(&xml, SCHEMA);
    }
}

#[test]
fn an_issuer_can_say_that_it_is_an_entity() {
    let xml = saying(&request(), RequestPolicy { issuer_format: true, ..RequestPolicy::default() });
    let issuer = "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\" \
                  NameQualifier=\"https://app.example.com/saml/metadata\">\
                  https://app.example.com/saml/metadata</saml:Issuer>";
    assert!(xml.contains(issuer), "{xml}");
}

#[test]
fn extensions_stand_as_they_are_behind_the_issuer() {
    let element = "<p:Extensions xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\"><x:a  \
                   xmlns:x='urn:x' b='&#38;'><!-- c --></x:a></p:Extensions>";
    let extensions = Some(Extensions::of_request(element.as_bytes()).unwrap());
    let request = AuthnRequest { subject: Some("jane"), ..request() };
    let xml = saying(&request, RequestPolicy { extensions, ..RequestPolicy::default() });
    assert!(xml.contains(&format!("</saml:Issuer>{element}<saml:Subject>")), "{xml}");
}

#[test]
fn a_request_may_say_all_of_it() {
    let extensions = "<Extensions xmlns=\"urn:oasis:names:tc:SAML:2.0:protocol\"><a xmlns=\"urn:x\"/></Extensions>";
    let asked =
        RequestedAuthnContext { classes: texts(&["urn:x:mfa"]), comparison: Comparison::Exact };
    let request = AuthnRequest {
        force_authn: true,
        passive: true,
        authn_context: Some(&asked),
        subject: Some("jane"),
        ..request()
    };
    let says = RequestPolicy {
        issuer_format: true,
        name_id_sp_qualifier: Some("urn:x:q".into()),
        acs_index: Some(1),
        attribute_consuming_service_index: Some(0),
        provider_name: Some("p".into()),
        consent: Some("urn:x:c".into()),
        requested_idp: texts(&["urn:i"]),
        requester_id: texts(&["urn:r"]),
        proxy_count: Some(1),
        extensions: Some(Extensions::of_request(extensions.as_bytes()).unwrap()),
        ..RequestPolicy::default()
    };
    saying(&request, says);
}

/// HTTP-Redirect signs three parameters (Bindings 3.4.4.1); what else is in the URL is for the IdP's pages.
#[test]
fn extra_arguments_follow_the_signature_and_go_by_redirect_alone() {
    let credential = Credential::p256();
    let (key, certificate) = (credential.signing_key(), credential.certificate());
    let signer = Signer { key, certificate };
    let extra = [("login_hint", "jane&x=+@example.org"), ("whr", "é")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let request = AuthnRequest { extra_arguments: &extra, ..request() };
    let (query, _) = redirect(&request, Policy::default(), Some(&signer));
    let (_, behind) = query.split_once("&Signature=").unwrap();
    let (_, behind) = behind.split_once('&').unwrap();
    assert_eq!(behind, "login_hint=jane%26x%3D%2B%40example.org&whr=%C3%A9");
    post(&request, Policy::default(), Some(&signer));
}

/// The envelope's AuthnRequest, and all of the envelope.
fn paos(policy: Policy, signer: Option<&Signer>) -> (String, String) {
    let envelope = request()
        .draft_paos(&idp(Binding::Redirect, policy), signer)
        .and_then(Draft::sign)
        .unwrap();
    let (_, body) = envelope.split_once("<soap:Body>").unwrap();
    (body.split_once("</soap:Body>").unwrap().0.to_owned(), envelope)
}

#[test]
fn a_program_gets_it_in_an_envelope() {
    let credential = Credential::p256();
    let (key, certificate) = (credential.signing_key(), credential.certificate());
    let signer = Signer { key, certificate };
    let mut policy = Policy::default();
    policy.request.provider_name = Some("A & B".to_owned());
    // A number of the metadata would mean HTTP-POST.
    policy.request.acs_index = Some(0);
    let (xml, envelope) = paos(policy.clone(), Some(&signer));
    assert_valid(&xml, SCHEMA);
    assert_signed_by(&xml, &format!("{PROTOCOL}:AuthnRequest"), &credential.x509);
    for expected in [
        "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:PAOS\"",
        "AssertionConsumerServiceURL=\"https://app.example.com/saml/acs\"",
    ] {
        assert!(xml.contains(expected), "{xml}");
    }
    assert!(!xml.contains("Destination") && !xml.contains("ServiceIndex"), "{xml}");
    for expected in [
        "responseConsumerURL=\"https://app.example.com/saml/acs\"",
        "messageID=\"_0123456789abcdef0123456789abcdef\"",
        "ProviderName=\"A &amp; B\"",
        "<samlp:IDPEntry ProviderID=\"https://idp.example.org/\"/>",
        ">opaque-token_1</ecp:RelayState>",
    ] {
        assert!(envelope.contains(expected), "{envelope}");
    }
    policy.sign_requests = SignRequests::On;
    let to = idp(Binding::Redirect, policy.clone());
    assert!(
        request().draft_paos(&to, None).and_then(Draft::sign).is_err(),
        "a signature was wanted"
    );
    policy.sign_requests = SignRequests::Off;
    let (xml, _) = paos(policy, Some(&signer));
    assert_valid(&xml, SCHEMA);
    assert!(!xml.contains("Signature"), "{xml}");
}
