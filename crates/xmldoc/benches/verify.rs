//! An RSA-2048 signed Response: what the fence costs, beside xmlsec1 alone.
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use xmldoc::{
    DigestAlgorithm, Document, Limits, SignatureAlgorithm, SignaturePlace, SignaturePolicy,
    SigningKey, VerifyingKey, gate, sign_enveloped,
};

fn response(attributes: usize) -> String {
    let attributes: String = (0..attributes)
        .map(|n| {
            format!(
                "<saml:Attribute Name=\"urn:oid:0.9.2342.19200300.100.1.{n}\" \
                 NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\">\
                 <saml:AttributeValue xsi:type=\"xs:string\">value {n} of somebody@example.org\
                 </saml:AttributeValue></saml:Attribute>"
            )
        })
        .collect();
    format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_8e8dc5f69a98cc4c1ff3427e5ce34606\" \
         Version=\"2.0\" IssueInstant=\"2026-01-01T00:00:00Z\" Destination=\"https://sp.example/acs\" \
         InResponseTo=\"_4fee3b046395c4e751011e97f8900b5273d56685\">\
         <saml:Issuer>https://idp.example/metadata</saml:Issuer><samlp:Status>\
         <samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\
         <saml:Assertion xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ID=\"_d71a3a8e9fcc45c9e9d248ef7049393fc8f04e5f\" \
         Version=\"2.0\" IssueInstant=\"2026-01-01T00:00:00Z\">\
         <saml:Issuer>https://idp.example/metadata</saml:Issuer><saml:Subject>\
         <saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\">_ce3d2948b4cf\
         </saml:NameID><saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <saml:SubjectConfirmationData NotOnOrAfter=\"2026-01-01T00:05:00Z\" \
         Recipient=\"https://sp.example/acs\" InResponseTo=\"_4fee3b046395c4e751011e97f8900b5273d56685\"/>\
         </saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore=\"2026-01-01T00:00:00Z\" \
         NotOnOrAfter=\"2026-01-01T00:05:00Z\"><saml:AudienceRestriction>\
         <saml:Audience>https://sp.example/metadata</saml:Audience></saml:AudienceRestriction>\
         </saml:Conditions><saml:AuthnStatement AuthnInstant=\"2026-01-01T00:00:00Z\" \
         SessionIndex=\"_be9967abd904ddcae3c0eb4189adbe3f71e327cf93\"><saml:AuthnContext>\
         <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password\
         </saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
         <saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion></samlp:Response>"
    )
}

fn verify(criterion: &mut Criterion) {
    let pkey = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let signing = SigningKey::from_pem(&pkey.private_key_to_pem_pkcs8().unwrap(), None).unwrap();
    let public = pkey.public_key_to_pem().unwrap();
    let keys = [VerifyingKey::from_public_key_pem(&public).unwrap()];
    let bare = xmlsec1::Key::from_pem(&public).unwrap();
    let limits = Limits::default();
    let policy = SignaturePolicy::default();
    let (signature, digest) = (SignatureAlgorithm::RsaSha256, DigestAlgorithm::Sha256);
    for attributes in [5, 50] {
        let unsigned = response(attributes);
        let sign = || {
            let place = SignaturePlace::AfterIssuer;
            sign_enveloped(&unsigned, place, &signing, None, signature, digest).unwrap()
        };
        let xml = sign();
        let mut group = criterion.benchmark_group(format!("{attributes} attributes"));
        group.throughput(criterion::Throughput::Bytes(xml.len() as u64));
        group.bench_function("bare xmlsec1", |b| {
            b.iter(|| assert!(xmlsec1::verify_root(black_box(xml.as_bytes()), &bare)));
        });
        group.bench_function("parse and verify_root", |b| {
            b.iter(|| {
                let document = Document::parse(black_box(xml.as_bytes()), &limits).unwrap();
                document.verify_root(&keys, &policy).unwrap()
            });
        });
        group.bench_function("gate", |b| b.iter(|| gate(black_box(xml.as_bytes()), &limits)));
        group.bench_function("sign", |b| b.iter(sign));
        group.finish();
    }
}

criterion_group!(benches, verify);
criterion_main!(benches);
