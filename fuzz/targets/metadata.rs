//! Metadata from anywhere: what is read of it is usable or refused.
#![no_main]

use http::HttpUrl;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use saml::metadata::IdpMetadata;

fuzz_target!(|xml: &[u8]| {
    for entity_id in [None, Some("https://idp.example.org/metadata")] {
        match IdpMetadata::parse(xml, entity_id) {
            Ok(metadata) => check(&metadata, entity_id),
            Err(error) => assert!(!error.0.is_empty() && !error.0.contains('\n'), "{error}"),
        }
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::xml_mutator::mutate(data, size, max_size, seed)
});

fn check(metadata: &IdpMetadata, entity_id: Option<&str>) {
    assert!(!metadata.entity_id.is_empty());
    assert!(entity_id.is_none_or(|entity_id| entity_id == metadata.entity_id));
    assert!(metadata.sso.iter().all(|endpoint| HttpUrl::parse(&endpoint.location).is_some()));
    assert_eq!(metadata.require_sso().is_ok(), !metadata.sso.is_empty());
    assert_eq!(metadata.require_keys().is_ok(), !metadata.keys.is_empty());
}
