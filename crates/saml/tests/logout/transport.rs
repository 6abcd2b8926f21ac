//! The ways that a logout message comes.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, write::DeflateEncoder};
use saml::binding::{decode_post, decode_redirect};
use saml::provider::LogoutBinding;
use saml::receive::{receive, receive_post, receive_redirect, receive_soap};
use saml::refusal::Refusal;
use xmldoc::Limits;

use crate::idp::*;

const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";
const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";

fn deflated(xml: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(xml.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn post(sp: &Sp, octets: &[u8]) -> Result<Accepted, Refusal> {
    let body = format!("BACK_CHANNEL_LOGOUT=x&SAMLRequest={}", escaped(&STANDARD.encode(octets)));
    let message = decode_post(Some(FORM), body.as_bytes(), 256 * 1024)?;
    sp.judge(receive_post(message, &Limits::default()))
}

fn redirect(sp: &Sp, query: &str) -> Result<Accepted, Refusal> {
    let message = decode_redirect(query.as_bytes(), 256 * 1024)?;
    sp.judge(receive_redirect(message, &Limits::default()))
}

fn soap(sp: &Sp, body: &str) -> Result<Accepted, Refusal> {
    sp.judge(receive_soap(body.as_bytes(), &Limits::default()))
}

/// The message by HTTP-Redirect, signed over its octets.
fn query(message: &Message, key: &Key) -> String {
    let (algorithm, _) = key.sign_octets(b"");
    let xml = escaped(&STANDARD.encode(deflated(&message.xml())));
    let octets = format!("SAMLRequest={xml}&RelayState=r%2Fs&SigAlg={}", escaped(algorithm));
    let (_, signature) = key.sign_octets(octets.as_bytes());
    format!("{octets}&Signature={}", escaped(&STANDARD.encode(signature)))
}

fn enveloped(content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<S:Envelope xmlns:S=\"{SOAP}\" xmlns:saml=\"urn:x\">{content}</S:Envelope>"
    )
}

fn body(message: &str) -> String {
    enveloped(&format!("<S:Body>{message}</S:Body>"))
}

#[test]
fn posted_deflated_or_not() {
    for message in [Message::request(), Message::response()] {
        let plain = post(&Sp::new(), message.xml().as_bytes()).unwrap();
        assert_eq!(post(&Sp::new(), &deflated(&message.xml())).unwrap(), plain);
    }
}

/// WSO2 can be set to do so.
#[test]
fn posted_in_a_soap_envelope() {
    let message = Message::request();
    let plain = post(&Sp::new(), message.xml().as_bytes()).unwrap();
    let xml = body(&message.xml());
    assert_eq!(post(&Sp::new(), xml.as_bytes()).unwrap(), plain);
    assert_eq!(post(&Sp::new(), &deflated(&xml)).unwrap(), plain);
    let two = body(&message.xml().repeat(2));
    assert_eq!(post(&Sp::new(), two.as_bytes()).unwrap_err().code(), "xml_duplicate_id");
    let unsigned = body(&message.clone().unsigned().xml);
    let code = post(&Sp::new(), unsigned.as_bytes()).unwrap_err().code();
    assert_eq!(code, "logout_request_unsigned");
    // It came through a form: SOAP's leave to have no Destination is not for it.
    let destination = format!(" Destination=\"{SLS}\"");
    let without = body(&message.edit(&destination, "").xml());
    assert_eq!(post(&Sp::new(), without.as_bytes()).unwrap_err().code(), "destination_missing");
}

#[test]
fn by_redirect_the_signature_is_over_the_octets() {
    let bare = Message::request().unsigned();
    let plain = post(&Sp::new(), Message::request().xml().as_bytes()).unwrap();
    let sent = query(&bare, &IDP_KEY);
    assert_eq!(redirect(&Sp::new(), &sent).unwrap(), plain);
    let code = |query: &str| redirect(&Sp::new(), query).unwrap_err().code();
    assert_eq!(code(&query(&bare, &STRANGER)), "signature_invalid");
    assert_eq!(code(&sent.replace("RelayState=r%2F", "RelayState=q%2F")), "signature_invalid");
    assert_eq!(code(&sent.replace("r%2Fs", "r%2fs")), "signature_invalid");
    let (unsigned, _) = sent.split_once("&SigAlg").unwrap();
    assert_eq!(code(unsigned), "logout_request_unsigned");
    assert!(redirect(&Sp::trusting(), unsigned).is_ok());
    // Both signatures, when there are two.
    redirect(&Sp::new(), &query(&Message::request(), &IDP_KEY)).unwrap();
    let inner = Message::request().signed_by(&STRANGER);
    assert_eq!(code(&query(&inner, &IDP_KEY)), "signature_invalid");
    assert_eq!(code(&query(&Message::request(), &STRANGER)), "signature_invalid");
}

/// The fields of a form, with a signature in two of them (HTTP-POST-SimpleSign).
fn simple_signed(message: &Message, relay_state: &str, key: &Key) -> Vec<(&'static str, String)> {
    let (algorithm, _) = key.sign_octets(b"");
    let xml = message.xml();
    let name = if xml.contains("LogoutResponse") { "SAMLResponse" } else { "SAMLRequest" };
    let octets = format!("{name}={xml}&RelayState={relay_state}&SigAlg={algorithm}");
    let (_, signature) = key.sign_octets(octets.as_bytes());
    vec![
        (name, STANDARD.encode(xml)),
        ("RelayState", relay_state.to_owned()),
        ("SigAlg", algorithm.to_owned()),
        ("Signature", STANDARD.encode(signature)),
    ]
}

#[test]
fn posted_with_a_signature_beside_it() {
    let submit = |sp: &Sp, fields: &[(&str, String)]| {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let message = decode_post(Some(FORM), body.as_bytes(), 256 * 1024)?;
        sp.judge(receive_post(message, &Limits::default()))
    };
    for message in [Message::request(), Message::response()] {
        let bare = message.clone().unsigned();
        let plain = post(&Sp::new(), message.xml().as_bytes()).unwrap();
        let sent = simple_signed(&bare, "r/s", &IDP_KEY);
        assert_eq!(submit(&Sp::new(), &sent).unwrap(), plain);
        let code = |fields: &[(&str, String)]| submit(&Sp::new(), fields).unwrap_err().code();
        assert_eq!(code(&simple_signed(&bare, "r/s", &STRANGER)), "signature_invalid");
        let mut altered = sent.clone();
        altered[1].1 = "q/s".to_owned();
        assert_eq!(code(&altered), "signature_invalid");
        // As nobody's when the signature is taken away, and half of one is refused whoever is trusted.
        assert!(code(&sent[..2]).ends_with("_unsigned"));
        assert!(submit(&Sp::trusting(), &sent[..2]).is_ok());
        assert_eq!(submit(&Sp::trusting(), &sent[..3]).unwrap_err().code(), "form_invalid");
        assert_eq!(submit(&Sp::trusting(), &altered).unwrap_err().code(), "signature_invalid");
        // Both signatures, when there are two.
        submit(&Sp::new(), &simple_signed(&message, "", &IDP_KEY)).unwrap();
        let inner = message.clone().signed_by(&STRANGER);
        assert_eq!(code(&simple_signed(&inner, "", &IDP_KEY)), "signature_invalid");
        assert_eq!(code(&simple_signed(&message, "", &STRANGER)), "signature_invalid");
        // Signed as the one, sent as the other.
        let mut other = sent.clone();
        other[0].0 = if sent[0].0 == "SAMLRequest" { "SAMLResponse" } else { "SAMLRequest" };
        assert_eq!(code(&other), "signature_invalid");
    }
}

#[test]
fn an_envelope_has_no_business_in_a_query() {
    let message = Message { xml: body(&Message::request().xml()), ..Message::request().unsigned() };
    let refusal = redirect(&Sp::new(), &query(&message, &IDP_KEY)).unwrap_err();
    assert_eq!(refusal.code(), "message_unexpected");
}

#[test]
fn by_soap_there_need_be_no_destination_when_the_name_id_is_for_us() {
    let message = Message::request();
    let plain = post(&Sp::new(), message.xml().as_bytes()).unwrap();
    assert_eq!(soap(&Sp::new(), &body(&message.xml())).unwrap(), plain);
    let destination = format!(" Destination=\"{SLS}\"");
    let without = message.clone().edit(&destination, "");
    assert_eq!(soap(&Sp::new(), &body(&without.xml())).unwrap(), plain);
    let empty = message.clone().edit(&destination, " Destination=\"\"");
    assert!(soap(&Sp::new(), &body(&empty.xml())).is_ok());
    let foreign = without.clone().edit("\"urn:sp\"", "\"urn:other-sp\"");
    let code = soap(&Sp::new(), &body(&foreign.xml())).unwrap_err().code();
    assert_eq!(code, "destination_missing", "signed for another SP");
    let open = without.edit(" SPNameQualifier=\"urn:sp\"", "");
    let code = soap(&Sp::new(), &body(&open.xml())).unwrap_err().code();
    assert_eq!(code, "destination_missing");
    let other = message.clone().edit(&destination, " Destination=\"urn:x\"");
    let code = soap(&Sp::new(), &body(&other.xml())).unwrap_err().code();
    assert_eq!(code, "destination_mismatch");
    let unsigned = soap(&Sp::new(), &body(&message.unsigned().xml));
    assert_eq!(unsigned.unwrap_err().code(), "logout_request_unsigned");
    let response = soap(&Sp::new(), &body(&Message::response().xml())).unwrap();
    assert!(matches!(response, Accepted::Response(_)));
}

#[test]
fn how_it_came_is_known() {
    use saml::receive::Received;

    let xml = Message::request().xml();
    let came_by = |received: Result<Received, Refusal>| match received {
        Ok(Received::LogoutRequest(request)) => request.came_by(),
        _ => panic!("no LogoutRequest"),
    };
    let limits = Limits::default();
    assert_eq!(came_by(receive(xml.as_bytes(), &limits)), LogoutBinding::POST);
    assert_eq!(came_by(receive(body(&xml).as_bytes(), &limits)), LogoutBinding::POST);
    assert_eq!(came_by(receive_soap(body(&xml).as_bytes(), &limits)), LogoutBinding::Soap);
    let query = query(&Message::request(), &IDP_KEY);
    let message = decode_redirect(query.as_bytes(), 256 * 1024).unwrap();
    assert_eq!(came_by(receive_redirect(message, &limits)), LogoutBinding::REDIRECT);
}

#[test]
fn an_envelope_holds_one_message() {
    let message = Message::request().xml();
    let other = message.replace("_logout1", "_logout2");
    for (xml, code) in [
        (body(&format!("{message}{other}")), "soap_invalid"),
        (enveloped(&format!("<S:Body>{message}</S:Body><S:Body>{other}</S:Body>")), "soap_invalid"),
        (enveloped(&message), "soap_invalid"),
        (body(""), "soap_invalid"),
        (body("text"), "soap_invalid"),
        (message.clone(), "soap_invalid"),
        (body("<a xmlns=\"urn:a\"/>"), "message_unexpected"),
        (body("<S:Fault><faultstring>no\n</faultstring></S:Fault>"), "soap_fault"),
        (format!("<!DOCTYPE x>{message}"), "xml_doctype"),
        (body("<!DOCTYPE x>"), "xml_doctype"),
        (body(&body(&message)), "xml_malformed"),
        ("<html>".to_owned(), "xml_malformed"),
        (String::new(), "xml_malformed"),
    ] {
        assert_eq!(soap(&Sp::new(), &xml).unwrap_err().code(), code, "{xml}");
    }
    let fault = body("<S:Fault><faultstring>no\nmore</faultstring></S:Fault>");
    let refusal = soap(&Sp::new(), &fault).unwrap_err();
    assert!(refusal.detail().contains(r#""no\nmore""#), "{refusal}");
}

#[test]
fn a_message_is_as_small_as_any() {
    let limits = Limits { bytes: 200, ..Limits::default() };
    let xml = body(&Message::request().xml());
    assert_eq!(receive_soap(xml.as_bytes(), &limits).err().unwrap().code(), "xml_too_large");
    let limits = Limits { depth: 4, ..Limits::default() };
    assert_eq!(receive_soap(xml.as_bytes(), &limits).err().unwrap().code(), "xml_too_deep");
}
