//! Signature wrapping: the eight shapes of "On Breaking SAML" (Somorovsky et al., 2012), and some more.
//!
//! `evil` is an Assertion of the attacker, `good` one that the IdP has signed. Whatever the shape,
//! nothing of `evil` may be read.

use crate::answer::*;

const SAML: &str = "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"";

struct Parts {
    /// The signed Assertion.
    good: String,
    /// Its Signature alone.
    signature: String,
    /// The same Assertion without the Signature.
    stripped: String,
    /// The attacker's, with another ID and no Signature.
    evil: String,
}

fn cut_signature(xml: &str) -> (String, String) {
    let prefix = if xml.contains("<ds:Signature") { "ds:" } else { "" };
    let start = xml.find(&format!("<{prefix}Signature")).unwrap();
    let close = format!("</{prefix}Signature>");
    let end = xml.find(&close).unwrap() + close.len();
    (xml[start..end].to_owned(), format!("{}{}", &xml[..start], &xml[end..]))
}

fn parts() -> Parts {
    let good = Answer::new().assertion_xml();
    let (signature, stripped) = cut_signature(&good);
    let evil = Answer::new()
        .signed(Sign::Nothing)
        .assertion("_assertion1", "_evil")
        .assertion(">alice<", ">mallory<")
        .assertion_xml();
    Parts { good, signature, stripped, evil }
}

/// Before the end tag of the root.
fn inside(outer: &str, inner: &str) -> String {
    let end = outer.rfind("</").unwrap();
    format!("{}{inner}{}", &outer[..end], &outer[end..])
}

fn after_issuer(outer: &str, inner: &str) -> String {
    outer.replacen("</saml:Issuer>", &format!("</saml:Issuer>{inner}"), 1)
}

#[track_caller]
fn refused(xml: &str, code: &str) {
    assert_eq!(Judge::new().code(xml), code);
}

/// A signed Response, its Signature, it without the Signature, and the attacker's.
fn responses() -> (String, String, String, String) {
    let good = Answer::new().signed(Sign::Response).xml();
    let (signature, stripped) = cut_signature(&good);
    let evil = Answer::new()
        .signed(Sign::Nothing)
        .assertion("_assertion1", "_evil_assertion")
        .assertion(">alice<", ">mallory<")
        .response("_response1", "_evil")
        .xml();
    (good, signature, stripped, evil)
}

#[test]
fn xsw1_the_good_response_inside_the_signature_of_the_evil_one() {
    let (_, signature, stripped, evil) = responses();
    let signature = inside(&signature, &stripped);
    refused(&after_issuer(&evil, &signature), "signature_structure");
}

#[test]
fn xsw2_the_good_response_beside_its_detached_signature() {
    let (_, signature, stripped, evil) = responses();
    let xml = after_issuer(&evil, &format!("{stripped}{signature}"));
    refused(&xml, "reference_uri");
    let object = inside(
        &signature,
        &format!(
            "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{stripped}</ds:Object>"
        ),
    );
    refused(&after_issuer(&evil, &object), "signature_structure");
}

#[test]
fn xsw3_evil_beside_good() {
    let p = parts();
    refused(&Answer::new().around(&format!("{}{}", p.evil, p.good)), "assertion_multiple");
    refused(&Answer::new().around(&format!("{}{}", p.good, p.evil)), "assertion_multiple");
}

#[test]
fn xsw4_good_inside_evil() {
    let p = parts();
    refused(&Answer::new().around(&inside(&p.evil, &p.good)), "signature_missing");
}

#[test]
fn xsw5_evil_with_the_signature_beside_good_without() {
    let p = parts();
    let signed_evil = after_issuer(&p.evil, &p.signature);
    refused(&Answer::new().around(&format!("{signed_evil}{}", p.stripped)), "assertion_multiple");
}

#[test]
fn xsw6_good_inside_the_signature_inside_evil() {
    let p = parts();
    let signature = inside(&p.signature, &p.stripped);
    refused(&Answer::new().around(&after_issuer(&p.evil, &signature)), "signature_structure");
}

#[test]
fn xsw7_evil_inside_extensions() {
    let p = parts();
    let extensions = format!("<samlp:Extensions>{}</samlp:Extensions>", p.evil);
    let answer = Answer::new();
    let xml = answer.around(&format!("{extensions}{}", p.good));
    refused(&xml, "assertion_misplaced");
    let only = answer.around(&format!("<samlp:Extensions>{}</samlp:Extensions>", p.good));
    refused(&only, "assertion_misplaced");
}

#[test]
fn xsw8_good_inside_an_object_of_the_signature_inside_evil() {
    let p = parts();
    let object = format!(
        "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{}</ds:Object>",
        p.stripped
    );
    let signature = inside(&p.signature, &object);
    refused(&Answer::new().around(&after_issuer(&p.evil, &signature)), "signature_structure");
}

#[test]
fn evil_with_the_id_of_good_is_refused() {
    let p = parts();
    let evil = p.evil.replace("_evil", "_assertion1");
    refused(&Answer::new().around(&after_issuer(&evil, &p.signature)), "digest_mismatch");
    refused(&Answer::new().around(&format!("{evil}{}", p.good)), "xml_duplicate_id");
    refused(&Answer::new().around(&inside(&evil, &p.good)), "xml_duplicate_id");
}

#[test]
fn good_in_the_status_detail_is_refused() {
    let p = parts();
    let answer = Answer::new().response(
        "</samlp:Status>",
        &format!("<samlp:StatusDetail>{}</samlp:StatusDetail></samlp:Status>", p.good),
    );
    refused(&answer.around(&p.evil), "assertion_misplaced");
}

#[test]
fn good_under_a_foreign_element_is_refused() {
    let p = parts();
    let xml =
        Answer::new().around(&format!("<x:Wrap xmlns:x=\"urn:x\" {SAML}>{}</x:Wrap>", p.good));
    refused(&xml, "structure");
}

#[test]
fn a_good_signed_response_around_evil_needs_its_own_bytes() {
    let (good, _, _, evil) = responses();
    // The whole signed Response as a child of the evil one.
    refused(&inside(&evil, &good), "structure");
    let extensions = format!("<samlp:Extensions>{good}</samlp:Extensions>");
    refused(&after_issuer(&evil, &extensions), "assertion_misplaced");
}
