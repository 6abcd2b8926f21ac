//! Forms from anywhere: nothing larger than the bound comes out, and what does goes to the gate; only what
//! the IdP signed, in the XML or beside it, logs anybody in.
#![no_main]

use std::sync::LazyLock;

use fuzz::sp::{LOGINS, accept};
use libfuzzer_sys::fuzz_target;
use saml::artifact::Artifact;
use saml::binding::{decode_artifact, decode_post};
use saml::receive::receive_post;
use saml::refusal::Refusal;
use saml::response::Login;
use xmldoc::Limits;

const MAX: usize = 16 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";
const SIMPLE_SIGNED: &[&str] = &[
    include_str!("../seeds/post/simple-sign-rsa"),
    include_str!("../seeds/post/simple-sign-ec"),
];

/// Who the seeds log in.
static KNOWN: LazyLock<Vec<Login>> = LazyLock::new(|| {
    let signed = SIMPLE_SIGNED.iter().map(|form| log_in(form.as_bytes()).expect("a signed seed"));
    signed.chain(LOGINS.iter().cloned()).collect()
});

fuzz_target!(|body: &[u8]| {
    match log_in(body) {
        Ok(login) => assert!(KNOWN.contains(&login), "nobody vouches for {login:?}"),
        Err(refusal) => assert!(!refusal.code().is_empty() && !refusal.to_string().contains('\n')),
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

fn log_in(body: &[u8]) -> Result<Login, Refusal> {
    let message = decode_post(Some(FORM), body, MAX)?;
    assert!(message.xml().len() <= MAX);
    accept(receive_post(message, &Limits { bytes: MAX, ..Limits::default() }))
}
