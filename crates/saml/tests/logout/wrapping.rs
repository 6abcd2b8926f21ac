//! Signature wrapping: whatever the shape, nobody but whom the IdP named is logged out.

use crate::idp::*;

/// A signed request, its Signature, it without the Signature, and the attacker's own.
struct Parts {
    good: String,
    signature: String,
    stripped: String,
    evil: String,
}

fn parts() -> Parts {
    let good = Message::request().xml();
    let start = good.find("<ds:Signature").unwrap();
    let end = good.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let evil = Message::request().edit("_logout1", "_evil").edit(">alice<", ">victim<").xml;
    Parts {
        signature: good[start..end].to_owned(),
        stripped: format!("{}{}", &good[..start], &good[end..]),
        good,
        evil,
    }
}

/// Before the end tag of the root.
fn inside(outer: &str, inner: &str) -> String {
    let end = outer.rfind("</").unwrap();
    format!("{}{inner}{}", &outer[..end], &outer[end..])
}

fn after_issuer(outer: &str, inner: &str) -> String {
    outer.replacen("</saml:Issuer>", &format!("</saml:Issuer>{inner}"), 1)
}

fn object(content: &str) -> String {
    format!("<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{content}</ds:Object>")
}

fn extensions(content: &str) -> String {
    format!("<samlp:Extensions>{content}</samlp:Extensions>")
}

#[track_caller]
fn refused(xml: &str, codes: &[&str]) {
    for sp in [Sp::new(), Sp::trusting()] {
        match sp.accept(xml) {
            Err(refusal) => assert!(codes.contains(&refusal.code()), "{refusal}"),
            // Without a signature that counts, the setting says that anybody may log out anybody.
            Ok(Accepted::Request(request)) => {
                assert!(!sp.policy.require_signed_logout && !request.signed, "{request:?}");
            }
            Ok(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_good_request_inside_the_signature_of_the_evil_one() {
    let p = parts();
    let wrapped = after_issuer(&p.evil, &inside(&p.signature, &p.stripped));
    refused(&wrapped, &["signature_structure"]);
    let wrapped = after_issuer(&p.evil, &inside(&p.signature, &object(&p.stripped)));
    refused(&wrapped, &["signature_structure"]);
}

#[test]
fn the_good_request_beside_its_signature() {
    let p = parts();
    refused(&after_issuer(&p.evil, &format!("{}{}", p.stripped, p.signature)), &["reference_uri"]);
    let elsewhere = after_issuer(&p.evil, &format!("{}{}", extensions(&p.stripped), p.signature));
    refused(&elsewhere, &["reference_uri"]);
}

#[test]
fn the_whole_good_request_inside_the_evil_one() {
    let p = parts();
    refused(&inside(&p.evil, &p.good), &["logout_request_unsigned", "structure"]);
    let extended = after_issuer(&p.evil, &extensions(&p.good));
    refused(&extended, &["logout_request_unsigned", "structure"]);
}

#[test]
fn the_evil_request_inside_the_good_one() {
    let p = parts();
    refused(&inside(&p.good, &p.evil), &["digest_mismatch"]);
    refused(&after_issuer(&p.good, &extensions(&p.evil)), &["digest_mismatch"]);
    refused(
        &p.good.replacen(
            "<ds:SignatureValue>",
            &format!("{}<ds:SignatureValue>", object(&p.evil)),
            1,
        ),
        &["signature_structure"],
    );
}

#[test]
fn the_same_id_twice() {
    let p = parts();
    let evil = p.evil.replace("_evil", "_logout1");
    refused(&after_issuer(&evil, &p.signature), &["digest_mismatch"]);
    refused(&inside(&evil, &p.good), &["xml_duplicate_id"]);
    refused(&after_issuer(&evil, &extensions(&p.good)), &["xml_duplicate_id"]);
}

#[test]
fn the_good_request_under_another_root() {
    let p = parts();
    let soap = "http://schemas.xmlsoap.org/soap/envelope/";
    let two = format!(
        "<S:Envelope xmlns:S=\"{soap}\"><S:Header>{}</S:Header><S:Body>{}</S:Body></S:Envelope>",
        p.good, p.evil
    );
    refused(&two, &["logout_request_unsigned"]);
    let wrapped = format!(
        "<S:Envelope xmlns:S=\"{soap}\"><S:Body><x xmlns=\"urn:x\">{}</x></S:Body></S:Envelope>",
        p.good
    );
    refused(&wrapped, &["message_unexpected"]);
    // The signature of another kind of message: an assertion that the IdP once signed.
    let assertion = p.good.replace("samlp:LogoutRequest", "samlp:LogoutResponse");
    refused(&assertion, &["digest_mismatch"]);
}
