//! What we send: read back by other software, and by ourselves in the IdP's place.

use clock::{Seconds, UnixTime};
use identity::NameId;
use openssl::encrypt::Decrypter;
use openssl::hash::MessageDigest;
use openssl::rsa::Padding;
use openssl::sign::Verifier;
use openssl::symm::{Cipher, decrypt_aead};
use xmldoc::{EncryptionKey, Limits, VerifyingKey};

use super::*;
use crate::base64_binary;
use crate::binding::{Draft, Outgoing, Signer, decode_post, decode_redirect};
use crate::message::Expected;
use crate::namespace::PROTOCOL;
use crate::provider::{
    Binding, Endpoint, Idp, LogoutBinding, LogoutEndpoint, Policy, RequestPolicy, SignRequests,
};
use crate::receive::{Received, receive_post, receive_redirect, receive_soap};
use crate::refusal::Refusal;
use crate::test_credentials::Credential;
use crate::test_tools::{assert_signed_by, assert_valid};

const SCHEMA: &str = "saml-schema-protocol-2.0.xsd";
const SP: &str = "https://app.example.com/saml/metadata";
const SLO: &str = "https://idp.example.org/slo?tenant=1";
const ANSWERS: &str = "https://idp.example.org/slo-answers";
const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);
const BINDINGS: [LogoutBinding; 3] = LogoutBinding::ALL;

fn name_id() -> NameId {
    NameId {
        value: "<Ålice> &\nBob".to_owned(),
        format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
        name_qualifier: Some("https://idp.example.org/?a=b&c".to_owned()),
        sp_name_qualifier: Some(SP.to_owned()),
        sp_provided_id: Some("our \"own\" name".to_owned()),
    }
}

fn idp(policy: Policy) -> Idp {
    let endpoint = |binding| LogoutEndpoint {
        binding,
        location: SLO.to_owned(),
        response_location: Some(ANSWERS.to_owned()),
    };
    Idp {
        entity_id: "https://idp.example.org/".to_owned(),
        sso: Endpoint { binding: Binding::Redirect, location: String::new() },
        slo: BINDINGS.into_iter().map(endpoint).collect(),
        keys: Vec::new(),
        artifact_resolution: Vec::new(),
        encryption_key: None,
        scopes: Default::default(),
        valid_until: None,
        policy,
    }
}

struct Sender {
    credential: Credential,
    key: xmldoc::SigningKey,
    certificate: xmldoc::Certificate,
}

impl Sender {
    fn new(credential: Credential) -> Self {
        let (key, certificate) = (credential.signing_key(), credential.certificate());
        Self { credential, key, certificate }
    }

    fn signer(&self) -> Signer {
        Signer { key: self.key.clone(), certificate: self.certificate.clone() }
    }
}

fn request<'a>(name_id: &'a NameId, session_indexes: &'a [String]) -> OutgoingLogoutRequest<'a> {
    OutgoingLogoutRequest {
        id: "_logout1",
        issue_instant: NOW,
        sp_entity_id: SP,
        name_id,
        session_indexes,
        relay_state: "opaque-token_1",
    }
}

fn response(status: LogoutStatus) -> OutgoingLogoutResponse<'static> {
    OutgoingLogoutResponse {
        id: "_answer1",
        issue_instant: NOW,
        sp_entity_id: SP,
        in_response_to: "_theirs",
        status,
        relay_state: "their state/é",
    }
}

/// What comes out at the other end: XML, and the raw query when there is one.
fn sent(outgoing: Delivery, to: &str) -> (String, String) {
    match outgoing {
        Delivery::Browser(Outgoing::Redirect(url)) => {
            let query = url.strip_prefix(to).unwrap()[1..].to_owned();
            let message = decode_redirect(query.as_bytes(), 99_999).unwrap();
            (String::from_utf8(message.decoder()(&message.octets).unwrap()).unwrap(), query)
        }
        Delivery::Browser(Outgoing::Post { action, fields }) => {
            assert_eq!(action, to);
            assert_eq!(fields[1].0, "RelayState");
            let xml = base64_binary::decode(&fields[0].1, 99_999).unwrap();
            (String::from_utf8(xml).unwrap(), fields[0].0.to_owned())
        }
        Delivery::Soap { url, envelope } => {
            assert_eq!(url, to);
            (unwrapped(&envelope), String::new())
        }
    }
}

/// The envelope is as the schema of SOAP says; its message is taken out as text.
fn unwrapped(envelope: &str) -> String {
    let inner = envelope.strip_prefix(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>",
    );
    inner.unwrap().strip_suffix("</soap:Body></soap:Envelope>").unwrap().to_owned()
}

fn endpoint(idp: &Idp, binding: LogoutBinding) -> &LogoutEndpoint {
    idp.slo.iter().find(|endpoint| endpoint.binding == binding).unwrap()
}

#[test]
fn a_request_names_the_user_as_the_idp_did() {
    let (name_id, indexes) = (name_id(), ["s::1".to_owned(), "<2>".to_owned()]);
    let idp = idp(Policy::default());
    for binding in BINDINGS {
        let delivery = request(&name_id, &indexes)
            .draft(&idp, endpoint(&idp, binding), None)
            .and_then(Draft::sign);
        let (xml, _) = sent(delivery.unwrap(), SLO);
        assert_eq!(
            xml,
            "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_logout1\" Version=\"2.0\" \
             IssueInstant=\"2026-11-21T11:30:00Z\" \
             Destination=\"https://idp.example.org/slo?tenant=1\" \
             NotOnOrAfter=\"2026-11-21T11:35:00Z\">\
             <saml:Issuer>https://app.example.com/saml/metadata</saml:Issuer>\
             <saml:NameID NameQualifier=\"https://idp.example.org/?a=b&amp;c\" \
             SPNameQualifier=\"https://app.example.com/saml/metadata\" \
             Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\" \
             SPProvidedID=\"our &quot;own&quot; name\">&lt;Ålice&gt; &amp;&#10;Bob\
             </saml:NameID><samlp:SessionIndex>s::1</samlp:SessionIndex>\
             <samlp:SessionIndex>&lt;2&gt;</samlp:SessionIndex></samlp:LogoutRequest>"
        );
        assert_valid(&xml, SCHEMA);
    }
}

#[test]
fn what_the_idp_did_not_say_is_not_said() {
    let name_id = NameId { value: "alice".to_owned(), ..NameId::default() };
    let idp = idp(Policy::default());
    let delivery = request(&name_id, &[])
        .draft(&idp, endpoint(&idp, LogoutBinding::POST), None)
        .and_then(Draft::sign)
        .unwrap();
    let (xml, parameter) = sent(delivery, SLO);
    assert_eq!(parameter, "SAMLRequest");
    assert!(xml.contains("<saml:NameID>alice</saml:NameID></samlp:LogoutRequest>"), "{xml}");
    assert_valid(&xml, SCHEMA);
}

#[test]
fn requests_are_signed_as_their_binding_wants() {
    let (name_id, indexes) = (name_id(), ["s::1".to_owned()]);
    for sender in [Sender::new(Credential::rsa()), Sender::new(Credential::p256())] {
        let idp = idp(Policy::default());
        for binding in BINDINGS {
            let request = request(&name_id, &indexes);
            let signer = sender.signer();
            let delivery = request
                .draft(&idp, endpoint(&idp, binding), Some(&signer))
                .and_then(Draft::sign)
                .unwrap();
            let (xml, query) = sent(delivery, SLO);
            assert_valid(&xml, SCHEMA);
            if binding == LogoutBinding::REDIRECT {
                verify_query(&query, &sender.credential, &["SAMLRequest", "RelayState"]);
                assert!(!xml.contains("Signature"), "{xml}");
            } else {
                let root = format!("{PROTOCOL}:LogoutRequest");
                assert_signed_by(&xml, &root, &sender.credential.x509);
            }
        }
    }
}

/// OpenSSL verifies the octets as they stand in the URL.
fn verify_query(query: &str, credential: &Credential, names: &[&str]) {
    let (octets, signature) = query.rsplit_once("&Signature=").unwrap();
    let found: Vec<_> = octets.split('&').map(|pair| pair.split_once('=').unwrap().0).collect();
    assert_eq!(found, [names, &["SigAlg"]].concat());
    assert!(!query.contains(['+', ' ', '/', '*', '\'', '(']), "{query}");
    let signature = percent_encoding::percent_decode_str(signature).decode_utf8().unwrap();
    let signature = openssl::base64::decode_block(&signature).unwrap();
    let mut verifier = Verifier::new(MessageDigest::sha256(), &credential.key).unwrap();
    assert!(verifier.verify_oneshot(&signature, octets.as_bytes()).unwrap());
}

#[test]
fn an_answer_says_what_was_done() {
    let idp = idp(Policy::default());
    const S: &str = "urn:oasis:names:tc:SAML:2.0:status:";
    for (status, codes) in [
        (LogoutStatus::Success, format!("<samlp:StatusCode Value=\"{S}Success\"/>")),
        (
            LogoutStatus::PartialLogout,
            format!(
                "<samlp:StatusCode Value=\"{S}Responder\">\
                 <samlp:StatusCode Value=\"{S}PartialLogout\"/></samlp:StatusCode>"
            ),
        ),
        (LogoutStatus::Responder, format!("<samlp:StatusCode Value=\"{S}Responder\"/>")),
    ] {
        let soap =
            unwrapped(&response(status).draft_soap(&idp, None).and_then(Draft::sign).unwrap());
        let expected = format!(
            "<samlp:LogoutResponse xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_answer1\" Version=\"2.0\" \
             IssueInstant=\"2026-11-21T11:30:00Z\" Destination=\"{ANSWERS}\" \
             InResponseTo=\"_theirs\">\
             <saml:Issuer>https://app.example.com/saml/metadata</saml:Issuer>\
             <samlp:Status>{codes}</samlp:Status></samlp:LogoutResponse>"
        );
        assert_eq!(soap, expected.replace(&format!(" Destination=\"{ANSWERS}\""), ""));
        assert_valid(&soap, SCHEMA);
        for came_by in [Binding::Redirect, Binding::Post] {
            let endpoint = idp.logout_response_endpoint(came_by).unwrap();
            assert_eq!(endpoint.binding, came_by);
            let outgoing =
                response(status).draft(&idp, endpoint, None).and_then(Draft::sign).unwrap();
            let (xml, _) = sent(Delivery::Browser(outgoing), ANSWERS);
            assert_eq!(xml, expected);
            assert_valid(&xml, SCHEMA);
        }
    }
}

#[test]
fn answers_are_signed_and_carry_the_state_back() {
    let sender = Sender::new(Credential::rsa());
    let signer = sender.signer();
    let idp = idp(Policy::default());
    let answer = response(LogoutStatus::Success);
    let root = format!("{PROTOCOL}:LogoutResponse");
    let soap = unwrapped(&answer.draft_soap(&idp, Some(&signer)).and_then(Draft::sign).unwrap());
    assert_valid(&soap, SCHEMA);
    assert_signed_by(&soap, &root, &sender.credential.x509);

    let post = idp.logout_response_endpoint(Binding::Post).unwrap();
    let outgoing = answer.draft(&idp, post, Some(&signer)).and_then(Draft::sign).unwrap();
    let Outgoing::Post { fields, .. } = &outgoing else { panic!("{outgoing:?}") };
    assert_eq!(fields[1], ("RelayState", "their state/é".to_owned()));
    let (xml, parameter) = sent(Delivery::Browser(outgoing), ANSWERS);
    assert_eq!(parameter, "SAMLResponse");
    assert_signed_by(&xml, &root, &sender.credential.x509);

    let redirect = idp.logout_response_endpoint(Binding::Redirect).unwrap();
    let outgoing = answer.draft(&idp, redirect, Some(&signer)).and_then(Draft::sign).unwrap();
    let (_, query) = sent(Delivery::Browser(outgoing), ANSWERS);
    verify_query(&query, &sender.credential, &["SAMLResponse", "RelayState"]);
    assert!(query.contains("&RelayState=their%20state%2F%C3%A9&"), "{query}");
}

#[test]
fn signing_follows_the_policy() {
    let sender = Sender::new(Credential::p256());
    let signer = sender.signer();
    let name_id = name_id();
    for (sign_logout, signer, signed) in [
        (SignRequests::Auto, Some(&signer), true),
        (SignRequests::Auto, None, false),
        (SignRequests::On, Some(&signer), true),
        (SignRequests::Off, Some(&signer), false),
        (SignRequests::Off, None, false),
    ] {
        // The setting for AuthnRequests has no say.
        let others = if signed { SignRequests::Off } else { SignRequests::Auto };
        let idp = idp(Policy { sign_logout, sign_requests: others, ..Policy::default() });
        for binding in BINDINGS {
            let delivery = request(&name_id, &[])
                .draft(&idp, endpoint(&idp, binding), signer)
                .and_then(Draft::sign);
            let (xml, query) = sent(delivery.unwrap(), SLO);
            let found = xml.contains("SignatureValue") || query.contains("&Signature=");
            assert_eq!(found, signed, "{sign_logout:?} {binding:?}");
        }
        let soap =
            response(LogoutStatus::Success).draft_soap(&idp, signer).and_then(Draft::sign).unwrap();
        assert_eq!(soap.contains("SignatureValue"), signed, "{sign_logout:?}");
    }
    let idp = idp(Policy { sign_logout: SignRequests::On, ..Policy::default() });
    for binding in BINDINGS {
        let error = request(&name_id, &[])
            .draft(&idp, endpoint(&idp, binding), None)
            .and_then(Draft::sign)
            .unwrap_err();
        assert!(error.to_string().contains("sign_logout is on"), "{error}");
    }
    assert!(response(LogoutStatus::Success).draft_soap(&idp, None).and_then(Draft::sign).is_err());
}

/// The IdP's side, played by our own receiving end.
fn received(delivery: Delivery) -> Result<Received, Refusal> {
    let limits = Limits::default();
    match delivery {
        Delivery::Browser(Outgoing::Redirect(url)) => {
            let (_, query) = url.split_once('?').unwrap();
            receive_redirect(decode_redirect(query.as_bytes(), 99_999)?, &limits)
        }
        Delivery::Browser(Outgoing::Post { fields, .. }) => {
            let form =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            let form_type = Some("application/x-www-form-urlencoded");
            receive_post(decode_post(form_type, form.as_bytes(), 99_999)?, &limits)
        }
        Delivery::Soap { envelope, .. } => receive_soap(envelope.as_bytes(), &limits),
    }
}

#[test]
fn what_is_sent_is_what_would_be_taken() {
    let sender = Sender::new(Credential::rsa());
    let signer = sender.signer();
    let (name_id, indexes) = (name_id(), ["s::1".to_owned(), "2".to_owned()]);
    let mut idp = idp(Policy { name_id_encrypted: true, ..Policy::default() });
    // The same entity as seen from the other side.
    let keys = vec![VerifyingKey::from_certificate(&sender.certificate).unwrap()];
    let us = Idp { entity_id: SP.to_owned(), keys, ..self::idp(Policy::default()) };
    let readers = [Credential::rsa(), Credential::p256(), Credential::x25519()];
    for (reader, binding) in readers.iter().flat_map(|r| BINDINGS.map(|binding| (r, binding))) {
        idp.encryption_key = EncryptionKey::from_certificate(&reader.certificate(), []);
        let decryption_keys = [reader.decryption_key()];
        let expected = Expected {
            url: SLO,
            sp_entity_id: SP,
            idp: &us,
            decryption_keys: &decryption_keys,
            now: NOW,
            examination: None,
        };
        let request = request(&name_id, &indexes);
        let delivery = request
            .draft(&idp, endpoint(&idp, binding), Some(&signer))
            .and_then(Draft::sign)
            .unwrap();
        let Ok(Received::LogoutRequest(request)) = received(delivery) else { panic!() };
        let request = request.accept(&expected).unwrap();
        assert_eq!(request.name_id, name_id);
        assert_eq!(request.session_indexes, indexes);
        assert_eq!(request.not_on_or_after, NOW + Seconds(300));
    }
}

#[test]
fn an_encrypted_name_id_is_for_the_idp_only() {
    let name_id = name_id();
    let mut idp = idp(Policy { name_id_encrypted: true, ..Policy::default() });
    let post = endpoint(&idp, LogoutBinding::POST).clone();
    let error = request(&name_id, &[]).draft(&idp, &post, None).and_then(Draft::sign).unwrap_err();
    assert!(error.to_string().contains("name_id_encrypted is on"), "{error}");

    let reader = Credential::rsa();
    let public = VerifyingKey::from_certificate(&reader.certificate()).unwrap();
    idp.encryption_key = EncryptionKey::of(&public, []);
    let (xml, _) =
        sent(request(&name_id, &[]).draft(&idp, &post, None).and_then(Draft::sign).unwrap(), SLO);
    assert!(xml.contains("<saml:EncryptedID><xenc:EncryptedData"), "{xml}");
    for secret in ["Ålice", "NameID>", "persistent", "NameQualifier", "SPProvidedID"] {
        assert!(!xml.contains(secret), "{secret}: {xml}");
    }
    assert_valid(&xml, SCHEMA);
    let plaintext = decrypted(&xml, &reader);
    assert_valid(&plaintext, "saml-schema-assertion-2.0.xsd");
    assert!(plaintext.contains(">&lt;Ålice&gt; &amp;&#10;Bob</saml:NameID>"), "{plaintext}");
    assert!(plaintext.contains(" SPProvidedID=\"our &quot;own&quot; name\" "), "{plaintext}");
}

/// The IdP finds by it which of its keys is meant, and that it is meant at all. The schemas here know
/// nothing of XML Encryption 1.1.
#[test]
fn a_key_that_is_agreed_on_says_with_whom() {
    let name_id = name_id();
    let mut idp = idp(Policy { name_id_encrypted: true, ..Policy::default() });
    let post = endpoint(&idp, LogoutBinding::POST).clone();
    for (reader, method, form) in [
        (Credential::p256(), "2009/xmlenc11#ECDH-ES", "<ds:KeyValue><dsig11:ECKeyValue "),
        (Credential::x25519(), "2021/04/xmldsig-more#x25519", "<dsig11:DEREncodedKeyValue "),
    ] {
        let certificate = reader.certificate();
        idp.encryption_key = EncryptionKey::from_certificate(&certificate, []);
        let (xml, _) = sent(
            request(&name_id, &[]).draft(&idp, &post, None).and_then(Draft::sign).unwrap(),
            SLO,
        );
        for expected in [
            "<xenc:EncryptedKey Recipient=\"https://idp.example.org/\">",
            "<xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#kw-aes256\"/>",
            &format!("<xenc:AgreementMethod Algorithm=\"http://www.w3.org/{method}\">"),
            "<xenc11:ConcatKDFParams AlgorithmID=\"0000\" PartyUInfo=\"00",
            "\" PartyVInfo=\"0000\"><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>",
            &format!("<xenc:OriginatorKeyInfo>{form}"),
            &format!(
                "<xenc:RecipientKeyInfo><ds:X509Data><ds:X509Certificate>{}</",
                base64_binary::encode(certificate.der())
            ),
        ] {
            assert!(xml.contains(expected), "{expected}\n{xml}");
        }
        for secret in ["Ålice", "NameID>", "persistent"] {
            assert!(!xml.contains(secret), "{secret}: {xml}");
        }
    }
}

/// By calls of OpenSSL of its own: AES-256-GCM under a key that came by RSA-OAEP.
fn decrypted(xml: &str, reader: &Credential) -> String {
    let values = xml.split("<xenc:CipherValue>").skip(1).map(|rest| {
        let value = rest.split('<').next().unwrap();
        openssl::base64::decode_block(value).unwrap()
    });
    let [wrapped, sealed] = values.collect::<Vec<_>>().try_into().unwrap();
    let mut decrypter = Decrypter::new(&reader.key).unwrap();
    decrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
    let mut key = vec![0; decrypter.decrypt_len(&wrapped).unwrap()];
    let length = decrypter.decrypt(&wrapped, &mut key).unwrap();
    let (iv, rest) = sealed.split_at(12);
    let (content, tag) = rest.split_at(rest.len() - 16);
    let cipher = Cipher::aes_256_gcm();
    let plaintext = decrypt_aead(cipher, &key[..length], Some(iv), &[], content, tag).unwrap();
    String::from_utf8(plaintext).unwrap()
}

#[test]
fn the_issuer_can_say_that_it_is_an_entity() {
    let request_policy = RequestPolicy { issuer_format: true, ..RequestPolicy::default() };
    let idp = idp(Policy { request: request_policy, ..Policy::default() });
    let name_id = name_id();
    let issuer = format!(
        "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\" \
         NameQualifier=\"{SP}\">{SP}</saml:Issuer>"
    );
    for binding in BINDINGS {
        let delivery = request(&name_id, &[])
            .draft(&idp, endpoint(&idp, binding), None)
            .and_then(Draft::sign)
            .unwrap();
        let (xml, _) = sent(delivery, SLO);
        assert!(xml.contains(&issuer), "{xml}");
    }
    let soap =
        response(LogoutStatus::Success).draft_soap(&idp, None).and_then(Draft::sign).unwrap();
    assert!(soap.contains(&issuer), "{soap}");
}
