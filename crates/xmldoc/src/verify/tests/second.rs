//! What the second verifier is asked, and what its answer is good for.
use std::sync::{Arc, Mutex};

use ::xmlsec1;

use super::*;
use crate::SecondVerifier;
use crate::outline::DSIG;

/// Says what it was made to say, and remembers what it was asked.
struct Witness {
    says: Result<(), String>,
    asked: Mutex<Vec<(String, String)>>,
}

impl SecondVerifier for Witness {
    fn verify(&self, document: &str, octets: &str) -> Result<(), String> {
        self.asked.lock().unwrap().push((document.into(), octets.into()));
        self.says.clone()
    }
}

fn witness(says: Result<(), &str>) -> (Arc<Witness>, VerifyingKey) {
    let witness = Arc::new(Witness { says: says.map_err(str::to_owned), asked: Mutex::default() });
    let key =
        testing::rsa().verifying().with_second(Arc::clone(&witness) as Arc<dyn SecondVerifier>);
    (witness, key)
}

#[test]
fn it_sees_what_the_key_has_vouched_for_and_nothing_else() {
    let xml = response(&signed(&assertion("_a", "jo"))).replace("<p:Status/>", "<unvouched/>");
    let key_info = "</ds:SignatureValue><ds:KeyInfo><unvouched/></ds:KeyInfo>";
    let xml = xml.replacen("</ds:SignatureValue>", key_info, 1);
    let xml = xml.replace("<a:NameID>", "<a:NameID  ><!--unvouched-->");
    let (witness, key) = witness(Ok(()));
    let (element, _) = parse(&xml).verify_child(A, "Assertion", &[key], &STRICT).unwrap();
    assert_eq!(name_id(&element), "jo");
    let asked = witness.asked.lock().unwrap();
    let [(document, octets)] = asked.as_slice() else { panic!("asked {} times", asked.len()) };
    assert_eq!(*octets, assertion("_a", "jo"));
    assert!(!document.contains("unvouched"), "{document}");
    let (before, after) = document.split_once("<_:Signature ").unwrap();
    assert_eq!(format!("{before}</a:Assertion>"), *octets);
    assert!(after.ends_with("</_:Signature></a:Assertion>"), "{document}");
    // xmlsec1 says the same of it.
    let theirs = testing::Xmlsec1::beside(testing::rsa().verifying());
    assert_eq!(theirs.second().unwrap().verify(document, octets), Ok(()));
}

#[test]
fn it_is_asked_of_good_signatures_alone() {
    let (witness, key) = witness(Ok(()));
    let keys = [testing::other_rsa().verifying(), key];
    for bad in [changed("idp", "IDP"), changed("_r\"", "_s\""), response("")] {
        assert!(parse(&bad).verify_root(&keys, &STRICT).is_err(), "{bad}");
    }
    assert!(witness.asked.lock().unwrap().is_empty());
    parse(&signed(&response(""))).verify_root(&keys, &STRICT).unwrap();
    assert_eq!(witness.asked.lock().unwrap().len(), 1);
}

#[test]
fn what_it_does_not_confirm_is_refused() {
    let (_, key) = witness(Err("no"));
    let document = parse(&signed(&response(&signed(&assertion("_a", "jo")))));
    let error = document.verify_root(std::slice::from_ref(&key), &STRICT).unwrap_err();
    assert_eq!(error, VerifyError::SecondVerifier("no".into()));
    assert!(error.to_string().ends_with("the second verifier says: no"));
    let error = document.verify_child(A, "Assertion", &[key], &STRICT).unwrap_err();
    assert_eq!(error.code(), "second_verifier_disagrees");
}

/// Go's DER is no SignatureValue to xmlsec1.
#[test]
fn xmlsec1_gets_ecdsa_as_r_and_s() {
    for bits in [256, 384, 521] {
        let pair = testing::ec(bits);
        let xml = signed_by(&response(""), pair, pair.signing().default_algorithm());
        let (start, end) = ("<ds:SignatureValue>", "</ds:SignatureValue>");
        let (before, rest) = xml.split_once(start).unwrap();
        let (value, after) = rest.split_once(end).unwrap();
        let flat = base64_binary::decode(value).unwrap();
        let number = |half| openssl::bn::BigNum::from_slice(half).unwrap();
        let (r, s) = flat.split_at(flat.len() / 2);
        let der = openssl::ecdsa::EcdsaSig::from_private_components(number(r), number(s)).unwrap();
        let der = base64_binary::encode(&der.to_der().unwrap());
        let in_der = [before, start, &der, end, after].concat();
        let keys = [testing::Xmlsec1::beside(pair.verifying())];
        for xml in [&xml, &in_der] {
            parse(xml).verify_root(&keys, &STRICT).unwrap_or_else(|e| panic!("{bits}: {e}"));
        }
    }
}

/// SignedInfo's own PrefixList has the default namespace, which is undeclared around it and not around
/// what is signed, and a prefix that is declared further out.
#[test]
fn what_signed_info_includes_stays_what_it_was() {
    let template = format!(
        "<w xmlns:a=\"urn:a\"><r xmlns=\"urn:r\" ID=\"_1\"><x/><ds:Signature xmlns=\"\" \
         xmlns:ds=\"{DSIG}\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"{EXC_C14N}\">\
         <ec:InclusiveNamespaces xmlns:ec=\"{EXC_C14N}\" PrefixList=\"#default a\"/>\
         </ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"{}\"/><ds:Reference URI=\"#_1\">\
         <ds:Transforms><ds:Transform Algorithm=\"{ENVELOPED}\"/><ds:Transform \
         Algorithm=\"{EXC_C14N}\"/></ds:Transforms><ds:DigestMethod \
         Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue/></ds:Reference>\
         </ds:SignedInfo><ds:SignatureValue/></ds:Signature></r></w>",
        SignatureAlgorithm::RsaSha256.uri()
    );
    let theirs = xmlsec1::Key::from_pem(&testing::rsa().private_pem()).unwrap();
    let xml = String::from_utf8(xmlsec1::sign(template.as_bytes(), &theirs).unwrap()).unwrap();
    let keys = [testing::Xmlsec1::beside(testing::rsa().verifying())];
    let verdict = parse(&xml).verify_child("urn:r", "r", &keys, &STRICT);
    verdict.unwrap_or_else(|e| panic!("{e}: {xml}"));
}

/// xmlsec1 1.2 has no PSS, no SHA-3 and no EdDSA. Then it cannot agree: nobody is let in on one opinion.
#[test]
fn an_algorithm_that_it_does_not_know_is_refused_or_confirmed() {
    use SignatureAlgorithm as S;
    let with_rsa = [S::RsaSha1, S::RsaSha256, S::RsaSha384, S::RsaSha512];
    let with_ec = [S::EcdsaSha1, S::EcdsaSha256, S::EcdsaSha384, S::EcdsaSha512];
    for (pair, algorithm) in testing::every_algorithm() {
        let xml = signed_by(&response(""), pair, algorithm);
        let lax = SignaturePolicy { allow_sha1: true, ..STRICT };
        let is_known = with_rsa.contains(&algorithm) || with_ec.contains(&algorithm);
        let Some(key) = testing::Xmlsec1::if_known(pair.verifying()) else {
            assert!(!is_known, "{algorithm:?}");
            continue;
        };
        let verdict = parse(&xml).verify_root(&[key], &lax).map(drop).map_err(|e| e.code());
        let is_confirmed = verdict == Ok(());
        assert!(is_confirmed || verdict == Err("second_verifier_disagrees"), "{verdict:?}");
        assert!(is_confirmed || !is_known, "{algorithm:?}");
    }
}

/// `Signature` alone on the way: xmlsec1 knows no detached one.
#[test]
fn a_detached_signature_has_one_opinion() {
    let (witness, key) = witness(Err("no"));
    let algorithm = SignatureAlgorithm::RsaSha256;
    let signature = testing::rsa().signing().sign_octets(algorithm, b"octets").unwrap();
    assert_eq!(verify_octets(b"octets", algorithm.uri(), &signature, &[key], &STRICT), Ok(0));
    assert!(witness.asked.lock().unwrap().is_empty());
}
