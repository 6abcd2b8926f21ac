//! No ciphertext opens to anything but what the seeds' signatures vouch for.
#![no_main]

use std::sync::LazyLock;

use fuzz::seeds::{self, ASSERTION, ENCRYPTED, LAX};
use fuzz::sp::{DECRYPTION_KEYS, DECRYPTION_LAX};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use xmldoc::{
    DecryptError, Decryption, DecryptionPolicy, Document, Element, Limits, SignaturePolicy,
    VerifyingKey,
};

static KEYS: LazyLock<Vec<VerifyingKey>> = LazyLock::new(seeds::trusted_keys);
static LIMITS: LazyLock<Limits> = LazyLock::new(Limits::default);

thread_local! {
    /// What the seeds open to.
    static OPENED: Vec<Element> = opened();
}

fn opened() -> Vec<Element> {
    let open = |xml: &&str| open(xml.as_bytes(), &LAX, DECRYPTION_LAX);
    let opened: Vec<Element> = ENCRYPTED.iter().flat_map(open).collect();
    assert_eq!(opened.len(), ENCRYPTED.len(), "every seed opens in one way");
    opened
}

fuzz_target!(|xml: &[u8]| {
    for (signature, decryption) in
        [(LAX, DECRYPTION_LAX), (SignaturePolicy::default(), DecryptionPolicy::default())]
    {
        for element in open(xml, &signature, decryption) {
            let opens = || OPENED.with(|opened| opened.contains(&element));
            let vouched_for = seeds::is_signed(&element) || opens();
            assert!(vouched_for, "nobody signed {element:?}");
        }
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::xml_mutator::mutate(data, size, max_size, seed)
});

/// Everything that comes out: by the signature inside, or by the one outside.
fn open(xml: &[u8], signature: &SignaturePolicy, policy: DecryptionPolicy) -> Vec<Element> {
    let with = Decryption { keys: &DECRYPTION_KEYS, sp: "urn:sp", policy, limits: &LIMITS, plaintexts: None };
    let Ok(document) = Document::parse(xml, &LIMITS) else { return Vec::new() };
    let inside =
        document.decrypt_and_verify_child(ASSERTION, "EncryptedAssertion", &with, &KEYS, signature);
    let inside = inside.map(|(element, _)| element);
    let outside = document
        .verify_root(&KEYS, signature)
        .ok()
        .and_then(|(root, _)| root.into_child(ASSERTION, "EncryptedAssertion"))
        .map(|encrypted| encrypted.decrypt(&with).map(|decrypted| decrypted.into_element()));
    let name_id = document
        .verify_child(ASSERTION, "Assertion", &KEYS, signature)
        .ok()
        .map(|(assertion, _)| assertion.decrypt_within(&with));
    let results = [Some(inside), outside, name_id].into_iter().flatten();
    results
        .filter_map(|result| result.map(|element| (*element).clone()).map_err(tell).ok())
        .collect()
}

fn tell(error: DecryptError) {
    assert!(!error.to_string().is_empty());
}
