//! A guest in a process of others: brings no C library but libcrypto, prints nothing.
use std::env;
use std::fs;
use std::process::Command;

use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use xmldoc::{
    DigestAlgorithm, Document, Limits, SignatureAlgorithm, SignaturePlace, SignaturePolicy,
    SigningKey, VerifyingKey, sign_enveloped,
};

#[test]
fn brings_no_library_that_parses_xml() {
    refuse_all_kinds_of_messages();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    assert!(maps.contains("/libcrypto.so"), "{maps}");
    for library in ["libxml2", "libxmlsec", "libxslt", "libexpat"] {
        assert!(!maps.contains(library), "{maps}");
    }
}

#[test]
fn prints_nothing() {
    if env::var_os("XMLDOC_TEST_CHILD").is_some() {
        refuse_all_kinds_of_messages();
        return;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "prints_nothing", "--nocapture", "--quiet"])
        .env("XMLDOC_TEST_CHILD", "1")
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("func="));
}

fn refuse_all_kinds_of_messages() {
    let pkey = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let signing = SigningKey::from_pem(&pkey.private_key_to_pem_pkcs8().unwrap(), None).unwrap();
    let verifying = VerifyingKey::from_public_key_pem(&pkey.public_key_to_pem().unwrap()).unwrap();
    let keys = [verifying];
    let verify = |xml: &str| {
        let document = Document::parse(xml.as_bytes(), &Limits::default()).ok()?;
        document.verify_root(&keys, &SignaturePolicy::default()).ok()
    };
    for algorithm in [SignatureAlgorithm::RsaSha256, SignatureAlgorithm::RsaPssSha256] {
        let signed = sign_enveloped(
            "<r ID='_1'><i>x</i></r>",
            SignaturePlace::AfterIssuer,
            &signing,
            None,
            algorithm,
            DigestAlgorithm::Sha256,
        );
        let signed = signed.unwrap();
        assert!(verify(&signed).is_some());
        for (from, to) in [
            ("<i>x", "<i>y"),
            ("<ds:DigestValue>", "<ds:DigestValue>!"),
            ("<ds:DigestValue>", "<ds:DigestValue>AAAA"),
            ("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"),
            ("<ds:SignatureValue>", "<ds:SignatureValue>\u{e9}"),
            ("<i>", "<i \u{d7}=''>"),
        ] {
            assert!(verify(&signed.replace(from, to)).is_none(), "{to}");
        }
    }
}
