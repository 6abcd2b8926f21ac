//! A Response by HTTP-Redirect: the signature is detached, over the query as it was sent.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, write::DeflateEncoder};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use saml::binding::decode_redirect;
use saml::receive::{Received, receive_redirect};
use saml::refusal::Refusal;
use saml::response::Login;
use xmldoc::Limits;

use crate::answer::*;

/// `name=value`, the value as one of the spellings in use writes it.
type Spelling = fn(&str) -> String;

fn upper(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

/// ADFS.
fn lower(value: &str) -> String {
    let mut escaped = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' => escaped.push(char::from(byte)),
            _ => escaped += &format!("%{byte:02x}"),
        }
    }
    escaped
}

/// As an HTML form: a blank is `+`.
fn form(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

fn deflated(xml: &str) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(xml.as_bytes()).unwrap();
    STANDARD.encode(encoder.finish().unwrap())
}

/// Message and RelayState, not signed.
fn unsigned(xml: &str, spell: Spelling) -> String {
    format!("SAMLResponse={}&RelayState={}", spell(&deflated(xml)), spell("a b/é"))
}

fn signed(xml: &str, key: &Key, spell: Spelling) -> String {
    let (algorithm, _) = key.sign_octets(b"");
    let octets = format!("{}&SigAlg={}", unsigned(xml, spell), spell(algorithm));
    let (_, signature) = key.sign_octets(octets.as_bytes());
    format!("{octets}&Signature={}", spell(&STANDARD.encode(signature)))
}

fn accept(judge: &Judge, query: &str) -> Result<Login, Refusal> {
    let message = decode_redirect(query.as_bytes(), 256 * 1024)?;
    match receive_redirect(message, &Limits::default())? {
        Received::Response(response) => judge.judge(response),
        _ => panic!("no Response: {query}"),
    }
}

#[track_caller]
fn code(query: &str) -> &'static str {
    accept(&Judge::new(), query).unwrap_err().code()
}

fn plain() -> String {
    Answer::new().signed(Sign::Nothing).xml()
}

#[test]
fn a_detached_signature_covers_the_whole_message() {
    for spell in [upper, lower, form] {
        let login = accept(&Judge::new(), &signed(&plain(), &IDP_KEY, spell)).unwrap();
        assert_eq!(login.name_id.value, "alice");
        assert_eq!(login.attributes[0].values, ["alice@example.org"]);
    }
    let judge = Judge { keys: vec![&IDP_KEY, &RSA_KEY], ..Judge::new() };
    accept(&judge, &signed(&plain(), &RSA_KEY, upper)).unwrap();
}

#[test]
fn an_assertion_signed_itself_needs_no_signature_around_it() {
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        accept(&Judge::new(), &unsigned(&Answer::new().signed(sign).xml(), upper)).unwrap();
    }
    assert_eq!(code(&unsigned(&plain(), upper)), "signature_missing");
}

#[test]
fn every_signature_must_verify() {
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        let xml = Answer::new().signed(sign).xml();
        accept(&Judge::new(), &signed(&xml, &IDP_KEY, upper)).unwrap();
        assert_eq!(code(&signed(&xml, &STRANGER, upper)), "signature_invalid");
    }
    let inner = Answer::new().assertion_key(&STRANGER).xml();
    assert_eq!(code(&signed(&inner, &IDP_KEY, upper)), "signature_invalid");
    let around = Answer::new().signed(Sign::Response).response_key(&STRANGER).xml();
    assert_eq!(code(&signed(&around, &IDP_KEY, upper)), "signature_invalid");
}

#[test]
fn another_octet_is_another_message() {
    let query = signed(&plain(), &IDP_KEY, upper);
    let other = deflated(&plain().replace(">alice<", ">admin<"));
    for altered in [
        query.replacen(&upper(&deflated(&plain())), &upper(&other), 1),
        // The same value, spelled in another way.
        query.replacen("%20", "+", 1),
        query.replacen("%2D", "-", 1),
        query.replacen("RelayState=a", "RelayState=b", 1),
        query.replacen(&format!("&RelayState={}", upper("a b/é")), "", 1),
        query.replacen("SAMLResponse", "SAMLRequest", 1),
    ] {
        assert_ne!(altered, query);
        assert_eq!(code(&altered), "signature_invalid", "{altered}");
    }
    let rsa = upper("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
    let (ecdsa, _) = IDP_KEY.sign_octets(b"");
    assert_eq!(code(&query.replacen(&upper(ecdsa), &rsa, 1)), "key_type");
    let hmac = upper("http://www.w3.org/2000/09/xmldsig#hmac-sha1");
    assert_eq!(code(&query.replacen(&upper(ecdsa), &hmac, 1)), "signature_algorithm");
}

#[test]
fn the_order_on_the_wire_does_not_matter() {
    let query = signed(&plain(), &IDP_KEY, upper);
    let reversed: Vec<&str> = query.rsplit('&').collect();
    accept(&Judge::new(), &format!("tenant=1&{}&x", reversed.join("&"))).unwrap();
}

#[test]
fn a_signed_message_has_a_destination() {
    let destination = format!(" Destination=\"{ACS}\"");
    let answer = Answer::new().response(&destination, "");
    assert_eq!(code(&signed(&answer.xml(), &IDP_KEY, upper)), "destination_missing");
    accept(&Judge::new(), &unsigned(&answer.xml(), upper)).unwrap();
}

#[test]
fn it_counts_as_a_signed_response() {
    let mut judge = Judge::new();
    judge.policy.want_response_signed = true;
    accept(&judge, &signed(&plain(), &IDP_KEY, upper)).unwrap();
    judge.policy.want_assertion_signed = true;
    let refusal = accept(&judge, &signed(&plain(), &IDP_KEY, upper)).unwrap_err();
    assert_eq!(refusal.code(), "assertion_unsigned");
    accept(&judge, &signed(&Answer::new().xml(), &IDP_KEY, upper)).unwrap();
}

#[test]
fn the_same_rules_hold_as_for_a_posted_one() {
    let other = Answer::new().signed(Sign::Nothing);
    let other = other.assertion(&format!("<saml:Audience>{SP}<"), "<saml:Audience>urn:x<");
    assert_eq!(code(&signed(&other.xml(), &IDP_KEY, upper)), "audience_mismatch");
    let extra = Answer::new().signed(Sign::Nothing).response("{assertion}", "<x/>{assertion}");
    assert_eq!(code(&signed(&extra.xml(), &IDP_KEY, upper)), "structure");
    assert_eq!(code(&signed("<!DOCTYPE a><a/>", &IDP_KEY, upper)), "xml_doctype");
    assert_eq!(code(&signed("<html/>", &IDP_KEY, upper)), "message_unexpected");
}
