//! A Response by HTTP-POST-SimpleSign: the signature is detached, over what the fields of the form hold.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use saml::binding::decode_post;
use saml::receive::{Received, receive_post};
use saml::refusal::Refusal;
use saml::response::Login;
use xmldoc::Limits;

use crate::answer::*;

const FORM: &str = "application/x-www-form-urlencoded";

/// The fields of a form, in the order of the wire.
#[derive(Clone)]
struct Form(Vec<(&'static str, String)>);

impl Form {
    /// Signed over `SAMLResponse=…&RelayState=…&SigAlg=…`, nothing of it encoded.
    fn signed(xml: &str, relay_state: Option<&str>, key: &Key) -> Self {
        let (algorithm, _) = key.sign_octets(b"");
        let state = relay_state.map(|state| format!("&RelayState={state}")).unwrap_or_default();
        let octets = format!("SAMLResponse={xml}{state}&SigAlg={algorithm}");
        let (_, signature) = key.sign_octets(octets.as_bytes());
        let mut form = Self::unsigned(xml, relay_state);
        form.0.push(("SigAlg", algorithm.to_owned()));
        form.0.push(("Signature", STANDARD.encode(signature)));
        form
    }

    fn unsigned(xml: &str, relay_state: Option<&str>) -> Self {
        let message = ("SAMLResponse", STANDARD.encode(xml));
        let relay_state = relay_state.map(|state| ("RelayState", state.to_owned()));
        Self([message].into_iter().chain(relay_state).collect())
    }

    fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        let field = self.0.iter_mut().find(|(known, _)| *known == name).unwrap();
        field.1 = value.into();
        self
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        let before = self.0.len();
        self.0.retain(|(known, _)| *known != name);
        assert_eq!(self.0.len(), before - 1);
        self
    }

    fn accept(&self, judge: &Judge) -> Result<Login, Refusal> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish();
        accept(judge, &body)
    }

    #[track_caller]
    fn code(&self) -> &'static str {
        self.accept(&Judge::new()).unwrap_err().code()
    }
}

fn accept(judge: &Judge, body: &str) -> Result<Login, Refusal> {
    let message = decode_post(Some(FORM), body.as_bytes(), 256 * 1024)?;
    match receive_post(message, &Limits::default())? {
        Received::Response(response) => judge.judge(response),
        _ => panic!("no Response: {body}"),
    }
}

fn plain() -> String {
    Answer::new().signed(Sign::Nothing).xml()
}

const STATE: Option<&str> = Some("a b/é+&=%41");

#[test]
fn a_signature_beside_it_covers_the_whole_message() {
    for state in [None, Some(""), STATE] {
        let login = Form::signed(&plain(), state, &IDP_KEY).accept(&Judge::new()).unwrap();
        assert_eq!(login.name_id.value, "alice");
        assert_eq!(login.attributes[0].values, ["alice@example.org"]);
    }
    let judge = Judge { keys: vec![&IDP_KEY, &RSA_KEY], ..Judge::new() };
    Form::signed(&plain(), STATE, &RSA_KEY).accept(&judge).unwrap();
}

/// Base64 and the form are how it travels; what was signed stands inside.
#[test]
fn how_it_was_encoded_does_not_matter() {
    let form = Form::signed(&plain(), STATE, &IDP_KEY);
    let (message, signature) = (&form.0[0].1, &form.0[3].1);
    let wrapped = |text: &str| {
        let lines = text.as_bytes().chunks(76).map(|line| str::from_utf8(line).unwrap());
        lines.collect::<Vec<_>>().join("\r\n")
    };
    let unpadded = |text: &str| text.trim_end_matches('=').to_owned();
    for spell in [wrapped, unpadded] {
        let form =
            form.clone().set("SAMLResponse", spell(message)).set("Signature", spell(signature));
        form.accept(&Judge::new()).unwrap();
    }
    let mut reversed = form.clone();
    reversed.0.reverse();
    reversed.with("KeyInfo", "PEtleUluZm8vPg==").with("x", "y").accept(&Judge::new()).unwrap();
}

#[test]
fn an_assertion_signed_itself_needs_no_signature_around_it() {
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        let xml = Answer::new().signed(sign).xml();
        Form::unsigned(&xml, STATE).accept(&Judge::new()).unwrap();
    }
    assert_eq!(Form::unsigned(&plain(), STATE).code(), "signature_missing");
}

#[test]
fn every_signature_must_verify() {
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        let xml = Answer::new().signed(sign).xml();
        Form::signed(&xml, STATE, &IDP_KEY).accept(&Judge::new()).unwrap();
        assert_eq!(Form::signed(&xml, STATE, &STRANGER).code(), "signature_invalid");
    }
    let inner = Answer::new().assertion_key(&STRANGER).xml();
    assert_eq!(Form::signed(&inner, STATE, &IDP_KEY).code(), "signature_invalid");
    let around = Answer::new().signed(Sign::Response).response_key(&STRANGER).xml();
    assert_eq!(Form::signed(&around, STATE, &IDP_KEY).code(), "signature_invalid");
}

#[test]
fn another_value_is_another_message() {
    let form = Form::signed(&plain(), STATE, &IDP_KEY);
    let other = plain().replace(">alice<", ">admin<");
    let sent = |xml: &str| STANDARD.encode(xml);
    for altered in [
        form.clone().set("SAMLResponse", sent(&other)),
        form.clone().set("SAMLResponse", sent(&format!("{}\n", plain()))),
        form.clone().set("SAMLResponse", sent(&format!("\u{feff}{}", plain()))),
        form.clone().set("RelayState", "a b/é+&=A"),
        form.clone().set("RelayState", "a b/e+&=%41"),
        form.clone().set("RelayState", ""),
        form.clone().without("RelayState"),
        form.clone().without("SAMLResponse").with("SAMLRequest", sent(&plain())),
    ] {
        assert_eq!(altered.code(), "signature_invalid", "{:?}", altered.0);
    }
    let rsa = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    assert_eq!(form.clone().set("SigAlg", rsa).code(), "key_type");
    let hmac = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";
    assert_eq!(form.clone().set("SigAlg", hmac).code(), "signature_algorithm");
    assert_eq!(form.set("SigAlg", "").code(), "signature_algorithm");
}

/// None and an empty one are two things: nobody adds one, and nobody takes it away.
#[test]
fn an_empty_relay_state_is_signed_as_one() {
    let without = Form::signed(&plain(), None, &IDP_KEY);
    assert_eq!(without.clone().with("RelayState", "").code(), "signature_invalid");
    assert_eq!(without.with("RelayState", "x").code(), "signature_invalid");
    let empty = Form::signed(&plain(), Some(""), &IDP_KEY);
    assert_eq!(empty.without("RelayState").code(), "signature_invalid");
}

/// The octets have no escapes; whoever cuts them elsewhere gets no other message out of them.
#[test]
fn what_is_signed_can_be_cut_in_one_way() {
    let (algorithm, _) = IDP_KEY.sign_octets(b"");
    let form = Form::signed(&plain(), Some("s"), &IDP_KEY);
    let longer = format!("{}&RelayState=s", plain());
    let moved = form.clone().set("SAMLResponse", STANDARD.encode(longer)).without("RelayState");
    assert_eq!(moved.code(), "xml_entity");
    let all = format!("s&SigAlg={algorithm}");
    assert_eq!(form.set("RelayState", all).set("SigAlg", "").code(), "signature_algorithm");
    // A RelayState that somebody had the IdP sign.
    let form = Form::signed(&plain(), Some("s&SigAlg=urn:x"), &IDP_KEY);
    let cut =
        form.clone().set("RelayState", "s").set("SigAlg", "urn:x&SigAlg=".to_owned() + algorithm);
    assert_eq!(cut.code(), "signature_algorithm");
    form.accept(&Judge::new()).unwrap();
}

#[test]
fn each_field_stands_once_and_a_signature_is_whole() {
    for inner in [Sign::Nothing, Sign::Assertion] {
        let form = Form::signed(&Answer::new().signed(inner).xml(), STATE, &IDP_KEY);
        for name in ["RelayState", "SigAlg", "Signature"] {
            let (_, value) = form.0.iter().find(|(known, _)| *known == name).unwrap();
            assert_eq!(form.clone().with(name, value).code(), "form_invalid", "{name}");
            assert_eq!(form.clone().with(name, "").code(), "form_invalid", "{name}");
        }
        for name in ["SAMLResponse", "SAMLRequest"] {
            assert_eq!(form.clone().with(name, &form.0[0].1).code(), "message_duplicate");
        }
        assert_eq!(form.clone().without("SigAlg").code(), "form_invalid");
        assert_eq!(form.clone().without("Signature").code(), "form_invalid");
        assert_eq!(form.clone().set("Signature", "").code(), "signature_invalid");
        assert_eq!(form.clone().set("Signature", "!").code(), "base64_invalid");
        assert_eq!(form.clone().set("Signature", "A".repeat(4096)).code(), "message_too_large");
        assert_eq!(form.clone().set("SAMLResponse", "").code(), "message_missing");
    }
}

#[test]
fn a_field_is_the_same_however_its_name_is_spelled() {
    let form = Form::signed(&plain(), STATE, &IDP_KEY);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.0).finish();
    accept(&Judge::new(), &body).unwrap();
    accept(&Judge::new(), &body.replace("&Signature=", "&%53ignature=")).unwrap();
    for (again, code) in [
        ("%53AMLResponse=PHgvPg", "message_duplicate"),
        ("SAML%52equest=", "message_duplicate"),
        ("Relay%53tate=x", "form_invalid"),
        ("Sig%41lg", "form_invalid"),
        ("%53ignature=AAAA", "form_invalid"),
    ] {
        for body in [format!("{body}&{again}"), format!("{again}&{body}")] {
            assert_eq!(accept(&Judge::new(), &body).unwrap_err().code(), code, "{again}");
        }
    }
}

/// A query's signature is over other octets, and what is deflated is none of this binding's.
#[test]
fn another_binding_s_signature_is_none() {
    let escaped: String =
        form_urlencoded::byte_serialize(STANDARD.encode(plain()).as_bytes()).collect();
    let (algorithm, _) = IDP_KEY.sign_octets(b"");
    let uri: String = form_urlencoded::byte_serialize(algorithm.as_bytes()).collect();
    let query = format!("SAMLResponse={escaped}&SigAlg={uri}");
    let (_, signature) = IDP_KEY.sign_octets(query.as_bytes());
    let signature: String =
        form_urlencoded::byte_serialize(STANDARD.encode(signature).as_bytes()).collect();
    let refusal = accept(&Judge::new(), &format!("{query}&Signature={signature}")).unwrap_err();
    assert_eq!(refusal.code(), "signature_invalid");
    assert!(refusal.detail().contains("of the form"), "{refusal}");
    let form = Form::signed("eJw=", None, &IDP_KEY);
    assert_eq!(form.code(), "xml_malformed");
}

#[test]
fn a_signed_message_has_a_destination() {
    let answer = Answer::new().response(&format!(" Destination=\"{ACS}\""), "");
    assert_eq!(Form::signed(&answer.xml(), STATE, &IDP_KEY).code(), "destination_missing");
    Form::unsigned(&answer.xml(), STATE).accept(&Judge::new()).unwrap();
}

#[test]
fn it_counts_as_a_signed_response() {
    let mut judge = Judge::new();
    judge.policy.want_response_signed = true;
    Form::signed(&plain(), STATE, &IDP_KEY).accept(&judge).unwrap();
    judge.policy.want_assertion_signed = true;
    let refusal = Form::signed(&plain(), STATE, &IDP_KEY).accept(&judge).unwrap_err();
    assert_eq!(refusal.code(), "assertion_unsigned");
    Form::signed(&Answer::new().xml(), STATE, &IDP_KEY).accept(&judge).unwrap();
}

#[test]
fn the_same_rules_hold_as_without_it() {
    let other = Answer::new().signed(Sign::Nothing);
    let other = other.assertion(&format!("<saml:Audience>{SP}<"), "<saml:Audience>urn:x<");
    assert_eq!(Form::signed(&other.xml(), STATE, &IDP_KEY).code(), "audience_mismatch");
    assert_eq!(Form::signed("<!DOCTYPE a><a/>", STATE, &IDP_KEY).code(), "xml_doctype");
    assert_eq!(Form::signed("<html/>", STATE, &IDP_KEY).code(), "message_unexpected");
    // An envelope around it is taken off where nothing was signed around the envelope.
    let soap = "http://schemas.xmlsoap.org/soap/envelope/";
    let enveloped =
        |xml: &str| format!("<S:Envelope xmlns:S=\"{soap}\"><S:Body>{xml}</S:Body></S:Envelope>");
    let xml = enveloped(&Answer::new().xml());
    assert_eq!(Form::signed(&xml, STATE, &IDP_KEY).code(), "message_unexpected");
    Form::unsigned(&xml, STATE).accept(&Judge::new()).unwrap();
}
