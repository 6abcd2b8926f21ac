//! Whatever document gets signed: what is read from the digested bytes is what the document holds.
#![no_main]

use std::sync::LazyLock;

use fuzz::elements::sorted;
use fuzz::seeds;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use xmldoc::{
    DigestAlgorithm, Document, Limits, SignatureAlgorithm, SignaturePlace, SignaturePolicy,
    SigningKey, VerifyingKey, sign_enveloped,
};

static KEY: LazyLock<SigningKey> = LazyLock::new(seeds::signing_key);
static TRUSTED: LazyLock<Vec<VerifyingKey>> = LazyLock::new(seeds::trusted_keys);

fuzz_target!(|xml: &str| {
    let limits = Limits::default();
    let Ok(document) = Document::parse(xml.as_bytes(), &limits) else { return };
    let place =
        if xml.len() % 2 == 0 { SignaturePlace::First } else { SignaturePlace::AfterIssuer };
    let (algorithm, digest) = (SignatureAlgorithm::EcdsaSha256, DigestAlgorithm::Sha256);
    let Ok(signed) = sign_enveloped(xml, place, &KEY, None, algorithm, digest) else { return };
    let Ok(reparsed) = Document::parse(signed.as_bytes(), &limits) else { return };
    let Ok((verified, _)) = reparsed.verify_root(&TRUSTED, &SignaturePolicy::default()) else {
        return;
    };
    assert_eq!(sorted(document.trusted_root()), sorted((*verified).clone()));
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::xml_mutator::mutate(data, size, max_size, seed)
});
