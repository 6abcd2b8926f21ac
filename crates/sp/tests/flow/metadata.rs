//! `saml_metadata`: what IdPs import.

use clock::Seconds;
use sp::EndpointKind::{self, Metadata, Sls};
use xmldoc::{Document, Element, Limits, SignaturePolicy, VerifyingKey};

use crate::site::{Answer, Ask, Plan, Site};

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";

fn fetch(site: &Site) -> Answer {
    site.call(Ask::read(Metadata))
}

fn locations(answer: &Answer, service: &str) -> Vec<String> {
    let document = Document::parse(answer.text().as_bytes(), &Limits::default()).unwrap();
    let root: Element = document.trusted_root();
    let role = root.child(MD, "SPSSODescriptor").unwrap();
    let services = role.children_named(MD, service);
    services.map(|service| service.attribute("Location").unwrap().to_owned()).collect()
}

#[test]
fn it_names_the_endpoints_that_there_are() {
    let answer = fetch(&Site::new());
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.body().unwrap().content_type, "application/samlmetadata+xml");
    assert!(answer.text().contains("entityID=\"https://app.example.com/saml/metadata\""));
    assert_eq!(
        locations(&answer, "AssertionConsumerService"),
        ["https://app.example.com/saml/acs"],
        "by HTTP-POST"
    );
    assert_eq!(
        locations(&answer, "SingleLogoutService"),
        ["https://app.example.com/saml/sls"; 3],
        "by each binding"
    );
    let without = Plan { without: Some(Sls), ..Plan::default() }.site();
    assert!(locations(&fetch(&without), "SingleLogoutService").is_empty());
}

#[test]
fn it_is_made_anew_after_a_minute_and_its_etag_says_so() {
    let site = Site::new();
    let first = fetch(&site);
    let etag = first.header("ETag").unwrap();
    assert!(etag.starts_with(&format!("\"{}-", sp::VERSION)) && etag.ends_with('"'), "{etag}");
    site.wait(Seconds(59));
    let same = fetch(&site);
    assert_eq!((same.text(), same.header("ETag")), (first.text(), Some(etag)));
    site.wait(Seconds(1));
    let new = fetch(&site);
    assert_ne!(new.text(), first.text(), "its ID and its end");
    assert_ne!(new.header("ETag"), Some(etag));
    assert!(first.text().contains("validUntil=\"2026-11-22T11:30:00Z\""), "{}", first.text());
    assert!(new.text().contains("validUntil=\"2026-11-22T11:31:00Z\""));
}

#[test]
fn it_is_made_anew_when_the_clock_was_set_back() {
    let site = Site::new();
    let first = fetch(&site);
    site.wait(Seconds(-1));
    assert_ne!(fetch(&site).text(), first.text());
}

#[test]
fn it_is_signed_where_that_was_asked_for() {
    assert!(!fetch(&Site::new()).text().contains("Signature"));
    let site = Plan { signs_metadata: true, ..Plan::default() }.site();
    let answer = fetch(&site);
    let document = Document::parse(answer.text().as_bytes(), &Limits::default()).unwrap();
    let key = VerifyingKey::from_certificate(&site.sp.credentials[0].certificate).unwrap();
    assert!(document.verify_root(&[key], &SignaturePolicy::default()).is_ok());
}

#[test]
fn it_belongs_to_nobody() {
    assert!(!EndpointKind::Metadata.has_effect());
    assert!(fetch(&Site::new()).all("Set-Cookie").is_empty());
}

#[test]
fn a_browser_gets_a_page_with_the_document_in_it_and_everybody_else_the_document() {
    let site = Site::new();
    let page = site.call(Ask::open(Metadata, ""));
    assert_eq!(page.body().unwrap().content_type, "text/html");
    assert!(page.text().contains("<code>https://app.example.com/saml/acs</code>"));
    assert_eq!((page.header("ETag"), page.header("Cache-Control")), (None, Some("no-store")));
    let document = fetch(&site);
    assert_eq!(document.body().unwrap().content_type, "application/samlmetadata+xml");
    let inside = openssl::base64::encode_block(document.text().as_bytes());
    assert!(page.text().contains(&inside), "the same that a program gets");
    for answer in [&page, &document] {
        assert_eq!(answer.header("Vary"), Some("Accept, Sec-Fetch-Mode"));
    }
}
