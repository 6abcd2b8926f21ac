mod bounds;
mod differential;
mod octets;
mod second;
mod values;

use super::*;
use crate::testing::{self, Argument, Pair, xmlsec1};
use crate::{Certificate, Document, Limits, SignaturePlace, sign_enveloped};

const P: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const A: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const STRICT: SignaturePolicy = SignaturePolicy { allow_sha1: false, allow_rsa1024: false };

/// A Response whose Assertion is `assertion`, signed or not.
fn response(assertion: &str) -> String {
    format!(
        "<p:Response xmlns:p=\"{P}\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ID=\"_r\">\
         <a:Issuer xmlns:a=\"{A}\">idp</a:Issuer><p:Status/>{assertion}</p:Response>"
    )
}

fn assertion(id: &str, name: &str) -> String {
    format!(
        "<a:Assertion xmlns:a=\"{A}\" ID=\"{id}\"><a:Issuer>idp</a:Issuer>\
         <a:Subject><a:NameID>{name}</a:NameID></a:Subject></a:Assertion>"
    )
}

fn signed(xml: &str) -> String {
    signed_by(xml, testing::rsa(), SignatureAlgorithm::RsaSha256)
}

fn signed_by(xml: &str, pair: &Pair, algorithm: SignatureAlgorithm) -> String {
    let place = SignaturePlace::AfterIssuer;
    let digest = DigestAlgorithm::Sha256;
    sign_enveloped(xml, place, &pair.signing(), None, algorithm, digest).unwrap()
}

fn parse(xml: &str) -> Document {
    Document::parse(xml.as_bytes(), &Limits::default()).unwrap()
}

fn verify_root(xml: &str) -> Result<(Verified<Element>, SignedBy), VerifyError> {
    parse(xml).verify_root(&[testing::rsa().verifying()], &STRICT)
}

fn verify_assertion(xml: &str) -> Result<(Verified<Element>, SignedBy), VerifyError> {
    parse(xml).verify_child(A, "Assertion", &[testing::rsa().verifying()], &STRICT)
}

fn root_error(xml: &str) -> &'static str {
    verify_root(xml).unwrap_err().code()
}

fn name_id(assertion: &Element) -> &str {
    &assertion.child(A, "Subject").unwrap().child(A, "NameID").unwrap().text
}

/// A signed Response in which `from`, that must be there, is replaced by `to`.
fn changed(from: &str, to: &str) -> String {
    let xml = signed(&response(""));
    assert!(xml.contains(from), "{from} is not in {xml}");
    xml.replacen(from, to, 1)
}

/// With an InclusiveNamespaces in its exclusive transform.
fn with_prefix_list(xml: &str, prefixes: &str) -> String {
    let transform = format!("<ds:Transform Algorithm=\"{}\">", super::EXC_C14N);
    assert!(xml.contains(&transform), "{xml}");
    let list = format!(
        "<e:InclusiveNamespaces xmlns:e=\"{}\" PrefixList=\"{prefixes}\"/>",
        super::EXC_C14N
    );
    xml.replace(&transform, &format!("{transform}{list}"))
}

#[test]
fn response_vouches_for_its_assertion() {
    let xml = signed(&response(&assertion("_a", "jo")));
    let (root, by) = verify_root(&xml).unwrap();
    assert_eq!(by.key, 0);
    let assertion = root.into_child(A, "Assertion").unwrap();
    assert_eq!(name_id(&assertion), "jo");
}

#[test]
fn assertion_is_verified_inside_an_unsigned_response() {
    let xml = response(&signed(&assertion("_a", "jo")));
    let document = parse(&xml);
    assert!(!document.root_is_signed() && document.child_is_signed(A, "Assertion"));
    assert_eq!(name_id(&verify_assertion(&xml).unwrap().0), "jo");
    assert_eq!(root_error(&xml), "signature_missing");
}

#[test]
fn both_signatures_verify_in_one_tree() {
    let document = parse(&signed(&response(&signed(&assertion("_a", "jo")))));
    let keys = [testing::rsa().verifying()];
    for _ in 0..2 {
        document.verify_root(&keys, &STRICT).unwrap();
        document.verify_child(A, "Assertion", &keys, &STRICT).unwrap();
    }
}

/// Go's libraries write the DER that their crypto/ecdsa gives them (xmldsig-core1 6.4.3 wants r‖s).
#[test]
fn ecdsa_may_come_in_der() {
    for bits in [256, 384, 521] {
        let pair = testing::ec(bits);
        let xml = signed_by(&response(""), pair, pair.signing().default_algorithm());
        let (start, end) = ("<ds:SignatureValue>", "</ds:SignatureValue>");
        let (before, rest) = xml.split_once(start).unwrap();
        let (value, after) = rest.split_once(end).unwrap();
        let flat = base64_binary::decode(value).unwrap();
        let (r, s) = flat.split_at(flat.len() / 2);
        let number = |half| openssl::bn::BigNum::from_slice(half).unwrap();
        let der = openssl::ecdsa::EcdsaSig::from_private_components(number(r), number(s)).unwrap();
        let der = der.to_der().unwrap();
        let verdict = |value: &[u8]| {
            let xml = [before, start, &base64_binary::encode(value), end, after].concat();
            parse(&xml).verify_root(&[pair.verifying()], &STRICT).map_err(|e| e.code()).err()
        };
        assert_eq!((verdict(&flat), verdict(&der)), (None, None), "{bits}");
        let mut other = der.clone();
        *other.last_mut().unwrap() ^= 1;
        let padded = [&der[..], &[0; 40]].concat();
        for wrong in [&other[..], &padded, &[&der[..], &[0]].concat(), &der[..der.len() - 1]] {
            assert_eq!(verdict(wrong), Some("signature_invalid"), "{bits}");
        }
        let stranger = testing::Pair::rsa(2048);
        let xml = [before, start, &base64_binary::encode(&der), end, after].concat();
        let refused = parse(&xml).verify_root(&[stranger.verifying()], &STRICT).unwrap_err();
        assert_eq!(refused.code(), "key_type");
    }
}

#[test]
fn comments_and_cdata_never_split_text() {
    let split = assertion("_a", "admin<!-- x -->@evil<![CDATA[.example]]>&#x2e;org");
    let (element, _) = verify_assertion(&response(&signed(&split))).unwrap();
    assert_eq!(name_id(&element), "admin@evil.example.org");
    // Put in after signing: canonicalisation drops comments, and so does the reading.
    let late = signed(&response("")).replace("idp</a:", "i<!---->dp</a:");
    assert_eq!(verify_root(&late).unwrap().0.children[0].text, "idp");
}

#[test]
fn characters_survive_canonicalisation() {
    let text = "&lt;&amp;&gt;\"' \t\n&#13;é€𝄞";
    let (element, _) = verify_assertion(&response(&signed(&assertion("_a", text)))).unwrap();
    assert_eq!(name_id(&element), "<&>\"' \t\n\ré€𝄞");
    let xml = signed("<r ID='_1' a='&#9;&#10;&#13;&lt;&quot;&amp;'><i/></r>");
    assert_eq!(verify_root(&xml).unwrap().0.attribute("a"), Some("\t\n\r<\"&"));
}

#[test]
fn rollover_tries_the_keys_in_order() {
    let document = parse(&signed(&response("")));
    let (rsa, other, ec) = (testing::rsa(), testing::other_rsa(), testing::ec(256));
    let keys = [ec.verifying(), other.verifying(), rsa.verifying()];
    assert_eq!(document.verify_root(&keys, &STRICT).unwrap().1.key, 2);
    let error = document.verify_root(&keys[..2], &STRICT).unwrap_err();
    assert_eq!(error, VerifyError::Invalid { tried: 1 });
    assert_eq!(document.verify_root(&keys[..1], &STRICT).unwrap_err().code(), "key_type");
    assert_eq!(document.verify_root(&[], &STRICT).unwrap_err().code(), "key_type");
}

#[test]
fn tampering_is_invalid() {
    for xml in [changed("idp", "evil"), changed("<p:Status/>", "<p:Status x=''/>")] {
        assert_eq!(root_error(&xml), "digest_mismatch");
    }
    let mut value = signed(&response(""));
    let at = value.find("<ds:SignatureValue>").unwrap() + 30;
    let other = if &value[at..=at] == "A" { "B" } else { "A" };
    value.replace_range(at..=at, other);
    assert_eq!(root_error(&value), "signature_invalid");
    for (from, to) in [
        ("<ds:DigestValue>", "<ds:DigestValue>AAAA"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>!"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>\u{e9}"),
        ("=</ds:SignatureValue>", "</ds:SignatureValue>"),
        ("<ds:Reference ", "<ds:Reference Id=\"x\" "),
        ("<ds:Transforms>", "<ds:Transforms> "),
    ] {
        assert_eq!(root_error(&changed(from, to)), "signature_invalid", "{to}");
    }
}

#[test]
fn key_info_is_never_asked() {
    let attacker = testing::other_rsa();
    let certificate = Certificate::from_pem(&attacker.certificate_pem()).unwrap();
    let xml = sign_enveloped(
        &response(""),
        SignaturePlace::First,
        &attacker.signing(),
        Some(&certificate),
        SignatureAlgorithm::RsaSha256,
        DigestAlgorithm::Sha256,
    )
    .unwrap();
    assert!(parse(&xml).verify_root(&[attacker.verifying()], &STRICT).is_ok());
    assert_eq!(root_error(&xml), "signature_invalid");
    // A stranger's, an empty or a nonsense KeyInfo does no harm either.
    for key_info in ["<ds:X509Data/>", "<ds:RetrievalMethod URI='http://x/'/>", "<x/>", "x"] {
        let end = "</ds:Signature>";
        let xml = changed(end, &format!("<ds:KeyInfo>{key_info}</ds:KeyInfo>{end}"));
        assert!(verify_root(&xml).is_ok(), "{key_info}");
    }
}

#[test]
fn hmac_with_the_public_key_is_refused() {
    for algorithm in ["hmac-sha1", "dsa-sha1", "none"] {
        let uri = format!("http://www.w3.org/2000/09/xmldsig#{algorithm}");
        let xml = changed(SignatureAlgorithm::RsaSha256.uri(), &uri);
        assert_eq!(verify_root(&xml).unwrap_err(), VerifyError::SignatureAlgorithm(uri));
    }
}

#[test]
fn weak_algorithms_need_a_policy() {
    let weak = SignaturePolicy { allow_sha1: true, allow_rsa1024: true };
    let xml = signed_by(&response(""), testing::rsa(), SignatureAlgorithm::RsaSha1);
    assert_eq!(root_error(&xml), "signature_algorithm");
    let keys = [testing::rsa().verifying()];
    assert!(parse(&xml).verify_root(&keys, &weak).is_ok());
    assert_eq!(
        root_error(&changed(DigestAlgorithm::Sha256.uri(), DigestAlgorithm::Sha1.uri())),
        "digest_algorithm"
    );
    assert_eq!(root_error(&changed(DigestAlgorithm::Sha256.uri(), "urn:md5")), "digest_algorithm");
    let small = [Pair::rsa(1024).verifying()];
    let document = parse(&signed(&response("")));
    assert_eq!(document.verify_root(&small, &STRICT).unwrap_err().code(), "key_too_small");
    assert_eq!(document.verify_root(&small, &weak).unwrap_err().code(), "signature_invalid");
}

#[test]
fn only_exclusive_canonicalisation_and_enveloped_signature() {
    let c14n = "CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#";
    assert_eq!(
        root_error(&changed(c14n, &format!("{c14n}WithComments"))),
        "canonicalization_algorithm"
    );
    let transform = "Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#";
    let transform_of = |uri| format!("<ds:Transform Algorithm=\"{uri}\"></ds:Transform>");
    let (enveloped, exclusive) = (transform_of(super::ENVELOPED), transform_of(super::EXC_C14N));
    for xml in [
        changed(transform, &format!("{transform}WithComments")),
        changed(&enveloped, ""),
        changed(&exclusive, ""),
        changed(&enveloped, &format!("{enveloped}{enveloped}")),
        changed(&format!("{enveloped}{exclusive}"), &format!("{exclusive}{enveloped}")),
        changed(super::ENVELOPED, "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        changed(super::ENVELOPED, "http://www.w3.org/TR/1999/REC-xpath-19991116"),
        changed(super::ENVELOPED, "http://www.w3.org/2000/09/xmldsig#base64"),
    ] {
        assert_eq!(root_error(&xml), "transform_algorithm", "{xml}");
    }
}

#[test]
fn reference_names_the_signed_element() {
    for uri in ["", "#", "#_x", "http://x/#_r", "#xpointer(/)", "#xpointer(id('_r'))", "_r"] {
        let xml = changed("URI=\"#_r\"", &format!("URI=\"{uri}\""));
        assert_eq!(root_error(&xml), "reference_uri", "{uri}");
    }
    assert_eq!(root_error(&changed(" URI=\"#_r\"", "")), "reference_uri");
    assert_eq!(root_error(&changed(" ID=\"_r\"", "")), "reference_uri");
    assert_eq!(root_error(&changed(" ID=\"_r\"", " Id=\"_r\"")), "reference_uri");
    let quoted = changed("#_r\"", "#a') | id('_r\"").replace("ID=\"_r\"", "ID=\"a') | id('_r\"");
    assert_eq!(root_error(&quoted), "reference_uri");
}

#[test]
fn one_reference_only() {
    let xml = signed(&response(""));
    let from = xml.find("<ds:Reference").unwrap();
    let to = xml.find("</ds:SignedInfo>").unwrap();
    let reference = &xml[from..to];
    let none = xml.replace(reference, "");
    let two = xml.replace(reference, &format!("{reference}{reference}"));
    assert_eq!(root_error(&none), "reference_count");
    assert_eq!(root_error(&two), "reference_count");
}

#[test]
fn signature_has_one_shape() {
    let signed_info = {
        let xml = signed(&response(""));
        let from = xml.find("<ds:SignedInfo>").unwrap();
        let to = xml.find("<ds:SignatureValue>").unwrap();
        xml[from..to].to_string()
    };
    let end = "</ds:Signature>";
    for xml in [
        changed(&signed_info, &format!("{signed_info}{signed_info}")),
        changed("<ds:SignedInfo>", "<ds:SignedInfo><!-- x -->"),
        changed("<ds:SignedInfo>", "<ds:SignedInfo>text"),
        changed("<ds:SignedInfo>", "<ds:SignedInfo x:Id='' xmlns:x='urn:x'>"),
        changed("<ds:DigestValue>", "<ds:DigestValue><!-- AAAA -->"),
        changed("<ds:DigestValue>", "<ds:DigestValue><x/>"),
        changed("<ds:SignatureValue>", "<ds:SignatureValue><!-- -->"),
        changed(end, &format!("<ds:Object><x/></ds:Object>{end}")),
        changed(end, &format!("<ds:SignatureValue/>{end}")),
        changed("<ds:SignatureMethod ", "<ds:SignatureMethod xmlns:x='urn:x' x:Algorithm='y' "),
        changed("#rsa-sha256\">", "#rsa-sha256\"><ds:HMACOutputLength/>"),
        changed("<ds:SignatureValue>", "<SignatureValue>")
            .replace("</ds:SignatureValue>", "</SignatureValue>"),
    ] {
        assert_eq!(root_error(&xml), "signature_structure", "{xml}");
    }
}

#[test]
fn one_signature_only() {
    let xml = signed(&response(""));
    let from = xml.find("<ds:Signature ").unwrap();
    let to = xml.find("<p:Status/>").unwrap();
    let twice = xml.replace("<p:Status/>", &format!("{}<p:Status/>", &xml[from..to]));
    assert_eq!(root_error(&twice), "signature_multiple");
    assert_eq!(root_error(&response("")), "signature_missing");
}

/// Wrapping (XSW): the signed assertion is moved, another stands where it stood.
#[test]
fn a_moved_assertion_vouches_for_nothing_else() {
    let good = signed(&assertion("_a", "jo"));
    let evil = assertion("_b", "admin");
    let from = good.find("<ds:Signature ").unwrap();
    let to = good.find("<a:Subject>").unwrap();
    let signature = &good[from..to];
    let bare = good.replace(signature, "");
    let with_signature = |assertion: &str, signature: &str| {
        assertion.replace("</a:Issuer>", &format!("</a:Issuer>{signature}"))
    };
    let object = format!("<ds:Object>{bare}</ds:Object></ds:Signature>");
    let wrapped = [
        // evil first or last, both children of the Response
        format!("{evil}{good}"),
        format!("{good}{evil}"),
        // evil carries the good one's signature
        format!("{}{bare}", with_signature(&evil, signature)),
        // evil holds the good one, as a child or inside the signature
        with_signature(&evil, &format!("{signature}{bare}")),
        with_signature(&evil, &signature.replace("</ds:Signature>", &object)),
        // the good one hides elsewhere in the Response
        format!("<p:Extensions>{bare}</p:Extensions>{}", with_signature(&evil, signature)),
        format!("<p:Extensions>{good}</p:Extensions>{evil}"),
    ];
    for xml in wrapped {
        let error = verify_assertion(&response(&xml)).unwrap_err().code();
        let codes = ["signature_structure", "reference_uri", "signature_missing"];
        assert!(codes.contains(&error), "{error}: {xml}");
    }
}

#[test]
fn same_id_on_another_kind_of_attribute_is_refused() {
    // To some readers xml:id is an ID, too.
    let xml = response(&format!("<x xml:id=\"_a\"/>{}", signed(&assertion("_a", "jo"))));
    assert!(Document::parse(xml.as_bytes(), &Limits::default()).is_err());
}

#[test]
fn verifies_what_xmlsec1_signs() {
    for (pair, algorithm) in testing::every_algorithm() {
        if !testing::xmlsec1_knows(algorithm.uri()) {
            continue;
        }
        let template = signed_by(&response(&assertion("_a", "jo")), pair, algorithm);
        let (head, rest) = template.split_once("<ds:DigestValue>").unwrap();
        let (_, rest) = rest.split_once("</ds:DigestValue>").unwrap();
        let (middle, rest) = rest.split_once("<ds:SignatureValue>").unwrap();
        let (_, tail) = rest.split_once("</ds:SignatureValue>").unwrap();
        let head = with_prefix_list(head, "xs #default");
        let template = format!("{head}<ds:DigestValue/>\n{middle}\r\n<ds:SignatureValue/>{tail}");
        let Some(output) = xmlsec1(&[
            Argument::Word("--sign"),
            Argument::Word("--id-attr:ID"),
            Argument::Word(&format!("{P}:Response")),
            Argument::Word("--privkey-pem"),
            Argument::File(&pair.private_pem()),
            Argument::File(template.as_bytes()),
        ]) else {
            return;
        };
        assert!(output.status.success(), "{algorithm:?}: {output:?}");
        let xml = String::from_utf8(output.stdout).unwrap();
        let policy = SignaturePolicy { allow_sha1: true, ..STRICT };
        let (root, by) = parse(&xml).verify_root(&[pair.verifying()], &policy).unwrap();
        assert_eq!(by.signature, algorithm);
        assert_eq!(name_id(root.child(A, "Assertion").unwrap()), "jo");
        let evil = xml.replace("jo<", "admin<");
        let error = parse(&evil).verify_root(&[pair.verifying()], &policy).unwrap_err();
        assert_eq!(error.code(), "digest_mismatch");
    }
}

#[test]
fn no_error_stays_in_libcryptos_queue() {
    assert_eq!(root_error(&changed("idp", "evil")), "digest_mismatch");
    assert!(openssl::error::ErrorStack::get().errors().is_empty());
}
