//! Logout messages from anywhere log out nobody whom the seeds do not; and what the IdP signs,
//! whatever it is, is judged without harm.
#![no_main]

use std::sync::LazyLock;

use fuzz::seeds;
use fuzz::sp::{Judged, LOGOUTS, judge};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use saml::logout::LIFETIME_MOST;
use saml::receive::{Received, receive, receive_soap};
use saml::refusal::Refusal;
use xmldoc::{
    DigestAlgorithm, Limits, SignatureAlgorithm, SignaturePlace, SigningKey, gate, sign_enveloped,
};

static KEY: LazyLock<SigningKey> = LazyLock::new(seeds::signing_key);

fuzz_target!(|xml: &[u8]| {
    for receive in [receive, receive_soap] {
        match log_out(receive(xml, &Limits::default())) {
            Ok(done) => assert!(LOGOUTS.contains(&done), "nobody vouches for {done:?}"),
            Err(refusal) => {
                assert!(!refusal.code().is_empty() && !refusal.to_string().contains('\n'));
            }
        }
    }
    if gate(xml, &Limits::default()).is_err() {
        return;
    }
    let Ok(xml) = std::str::from_utf8(xml) else { return };
    let (algorithm, digest) = (SignatureAlgorithm::EcdsaSha256, DigestAlgorithm::Sha256);
    let place = SignaturePlace::AfterIssuer;
    let Ok(signed) = sign_enveloped(xml, place, &KEY, None, algorithm, digest) else { return };
    if let Ok(Judged::LogoutRequest(request)) =
        log_out(receive(signed.as_bytes(), &Limits::default()))
    {
        assert!(request.signed && !request.id.is_empty() && !request.name_id.value.is_empty());
        assert!(request.session_indexes.iter().all(|index| !index.is_empty()));
        assert!(request.not_on_or_after <= request.issue_instant + LIFETIME_MOST);
        assert!(request.replay_until > seeds::NOW);
    }
});

fn log_out(received: Result<Received, Refusal>) -> Result<Judged, Refusal> {
    judge(received).and_then(|judged| match judged {
        Judged::Login(_) => Err(Refusal::new(&saml::reason::MESSAGE_UNEXPECTED, "a Response")),
        logout => Ok(logout),
    })
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::xml_mutator::mutate(data, size, max_size, seed)
});
