//! Forms from anywhere: nothing larger than the bound comes out, and what does goes to the gate.
#![no_main]

use libfuzzer_sys::fuzz_target;
use saml::artifact::Artifact;
use saml::binding::{decode_artifact, decode_post};
use saml::receive::receive;
use xmldoc::Limits;

const MAX: usize = 16 * 1024;

fuzz_target!(|body: &[u8]| {
    match decode_post(Some("application/x-www-form-urlencoded"), body, MAX) {
        Ok(message) => {
            assert!(message.xml.len() <= MAX);
            let _ = receive(message.xml, &Limits { bytes: MAX, ..Limits::default() });
        }
        Err(refusal) => assert!(!refusal.code().is_empty()),
    }
    if let Ok(Some(found)) = decode_artifact(body) {
        let same = Artifact::parse(found.artifact.as_str());
        assert_eq!(same.as_ref(), Ok(&found.artifact));
    }
    // The header comes from outside too.
    if let Ok(content_type) = std::str::from_utf8(body) {
        let _ = decode_post(Some(content_type), b"SAMLResponse=PGEvPg", MAX);
    }
});
