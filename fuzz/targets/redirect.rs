//! Queries from anywhere: only what the IdP signed, octet for octet, logs anybody in.
#![no_main]

use std::sync::LazyLock;

use fuzz::sp::{LOGINS, accept};
use libfuzzer_sys::fuzz_target;
use saml::binding::decode_redirect;
use saml::receive::receive_redirect;
use saml::refusal::Refusal;
use saml::response::Login;
use xmldoc::Limits;

const MAX: usize = 16 * 1024;
const SIGNED: &[&str] = &[
    include_str!("../seeds/redirect/signed-rsa"),
    include_str!("../seeds/redirect/signed-ec"),
    include_str!("../seeds/redirect/adfs-lower-hex"),
];

/// Who the seeds log in.
static KNOWN: LazyLock<Vec<Login>> = LazyLock::new(|| {
    let signed = SIGNED.iter().map(|query| log_in(query.as_bytes()).expect("a signed seed").0);
    signed.chain(LOGINS.iter().cloned()).collect()
});

fuzz_target!(|query: &[u8]| {
    match log_in(query) {
        Ok((login, relay_state)) => {
            assert!(KNOWN.contains(&login), "nobody vouches for {login:?}");
            assert!(relay_state.is_none_or(|state| state == "abc123" || enveloped(query)));
        }
        Err(refusal) => assert!(!refusal.code().is_empty() && !refusal.to_string().contains('\n')),
    }
});

fn log_in(query: &[u8]) -> Result<(Login, Option<String>), Refusal> {
    let message = decode_redirect(query, MAX)?;
    let relay_state = message.relay_state.clone();
    let received = receive_redirect(message, &Limits { bytes: MAX, ..Limits::default() });
    accept(received).map(|login| (login, relay_state))
}

/// Without a signature of the query, RelayState is anybody's.
fn enveloped(query: &[u8]) -> bool {
    !query.windows(9).any(|window| window == b"Signature")
}
