//! No document verifies to anything but what one of the seeds' signatures covers.
#![no_main]

use std::sync::LazyLock;

use fuzz::seeds::{self, ASSERTION, LAX};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use xmldoc::{
    DigestAlgorithm, Document, Element, Limits, SignatureAlgorithm, SignaturePolicy, SignedBy,
    Verified, VerifyError, VerifyingKey,
};

static KEYS: LazyLock<Vec<VerifyingKey>> = LazyLock::new(seeds::trusted_keys);

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = Document::parse(bytes, &Limits::default()) else { return };
    for policy in [SignaturePolicy::default(), LAX] {
        check(document.verify_root(&KEYS, &policy), &policy);
        check(document.verify_child(ASSERTION, "Assertion", &KEYS, &policy), &policy);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::xml_mutator::mutate(data, size, max_size, seed)
});

fn check(verified: Result<(Verified<Element>, SignedBy), VerifyError>, policy: &SignaturePolicy) {
    let (element, by) = match verified {
        Ok(verified) => verified,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert!(seeds::is_signed(&element), "nobody signed {element:?}");
    let weak = by.signature == SignatureAlgorithm::RsaSha1 || by.digest == DigestAlgorithm::Sha1;
    assert!(policy.allow_sha1 || !weak);
}
