//! Responses from anywhere log in nobody whom the seeds do not; and what the IdP signs, whatever it
//! is, is judged without harm.
#![no_main]

use std::sync::LazyLock;

use fuzz::seeds;
use fuzz::sp::{LOGINS, accept, accept_resolved};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use saml::receive::{Received, receive, receive_paos};
use xmldoc::{
    DigestAlgorithm, Limits, SignatureAlgorithm, SignaturePlace, SigningKey, gate, sign_enveloped,
};

static KEY: LazyLock<SigningKey> = LazyLock::new(seeds::signing_key);

fuzz_target!(|xml: &[u8]| {
    let limits = Limits::default();
    let by_paos = receive_paos(xml, &limits).map(|(response, _)| Received::Response(response));
    for received in [receive(xml, &limits), by_paos] {
        match accept(received) {
            Ok(login) => assert!(LOGINS.contains(&login), "nobody vouches for {login:?}"),
            Err(refusal) => {
                assert!(!refusal.code().is_empty() && !refusal.to_string().contains('\n'));
            }
        }
    }
    if gate(xml, &Limits::default()).is_err() {
        return;
    }
    let Ok(xml) = std::str::from_utf8(xml) else { return };
    if let Ok(login) = accept_resolved(xml) {
        assert!(LOGINS.contains(&login), "nobody vouches for {login:?}, though it was fetched");
    }
    let (algorithm, digest) = (SignatureAlgorithm::EcdsaSha256, DigestAlgorithm::Sha256);
    let place = SignaturePlace::AfterIssuer;
    let Ok(signed) = sign_enveloped(xml, place, &KEY, None, algorithm, digest) else { return };
    if let Ok(login) = accept(receive(signed.as_bytes(), &Limits::default())) {
        assert!(!login.assertion_id.is_empty() && !login.name_id.value.is_empty());
        assert!(login.replay_until > seeds::NOW);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::xml_mutator::mutate(data, size, max_size, seed)
});
