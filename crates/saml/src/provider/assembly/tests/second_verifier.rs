use std::sync::Arc;

use xmldoc::SecondVerifier;

use super::*;
use crate::xmlsec1::Xmlsec1;

/// Knows of one key that it is good.
struct Library;

impl Xmlsec1 for Library {
    fn verifier(&self, public_key: &[u8]) -> Result<Arc<dyn SecondVerifier>, String> {
        struct Agreeing;
        impl SecondVerifier for Agreeing {
            fn verify(&self, _: &str, _: &str) -> Result<(), String> {
                Ok(())
            }
        }
        let known = rsa_key().key.public_der().unwrap();
        if public_key == known { Ok(Arc::new(Agreeing)) } else { Err("it says".into()) }
    }

    fn signed_root(&self, _: &str, _: &[Vec<u8>], _: bool) -> Result<String, String> {
        Err("is not asked".into())
    }
}

#[test]
fn a_second_verifier_must_know_every_key() {
    let mut settings = IdpSettings { second_verifier: Some(Arc::new(Library)), ..by_hand() };
    assert!(Idp::new(&settings, None, OwnKeys::default(), NOW, &mut Vec::new()).is_ok());
    settings
        .keys
        .push(bare(VerifyingKey::from_certificate(&Credential::p256().certificate()).unwrap()));
    let error = Idp::new(&settings, None, OwnKeys::default(), NOW, &mut Vec::new()).err().unwrap();
    assert_eq!(error.setting, Setting::SecondVerifier);
    assert!(error.sentence.contains("xmlsec1 can use (EC P-256, SHA-256 "), "{error}");
    assert!(error.sentence.contains("): it says; leave"), "{error}");
}
