//! Detached signatures: octets as they were sent.
use super::*;

fn decoded(octets: &[u8]) -> Document {
    let decode = |octets: &[u8]| Ok::<_, crate::XmlError>(octets[2..].to_vec());
    Document::from_octets(octets.to_vec(), decode, &Limits::default()).unwrap()
}

#[test]
fn octets_vouch_for_the_document_that_they_hold() {
    let octets = b"x=<r a='1'><b>c<!-- -->d</b></r>";
    let document = decoded(octets);
    let policy = SignaturePolicy::default();
    for (pair, algorithm) in testing::every_algorithm() {
        let signature = pair.signing().sign_octets(algorithm, octets).unwrap();
        let keys = [testing::other_rsa().verifying(), pair.verifying()];
        let result = document.verify_octets(algorithm.uri(), &signature, &keys, &policy);
        if !policy.allows_signature(algorithm) {
            assert_eq!(result.unwrap_err().code(), "signature_algorithm");
            continue;
        }
        let (root, key) = result.unwrap();
        assert_eq!(key, 1);
        assert_eq!((root.attribute("a"), &*root.children[0].text), (Some("1"), "cd"));
        let other = decoded(b"y=<r a='1'><b>c<!-- -->d</b></r>");
        let result = other.verify_octets(algorithm.uri(), &signature, &keys, &policy);
        assert_eq!(result.unwrap_err().code(), "signature_invalid");
    }
}

#[test]
fn octets_are_verified_with_the_same_lists_as_documents() {
    let document = decoded(b"x=<r/>");
    let policy = SignaturePolicy::default();
    let (rsa, ec) = ([testing::rsa().verifying()], [testing::ec(256).verifying()]);
    let code = |algorithm: &str, keys: &[VerifyingKey]| {
        document.verify_octets(algorithm, b"", keys, &policy).unwrap_err().code()
    };
    let rsa_sha256 = SignatureAlgorithm::RsaSha256.uri();
    assert_eq!(code(rsa_sha256, &rsa), "signature_invalid");
    assert_eq!(code(rsa_sha256, &ec), "key_type");
    assert_eq!(code(rsa_sha256, &[]), "key_type");
    assert_eq!(code(rsa_sha256, &[testing::Pair::rsa(1024).verifying()]), "key_too_small");
    assert_eq!(code("http://www.w3.org/2000/09/xmldsig#hmac-sha1", &rsa), "signature_algorithm");
    assert_eq!(code("", &rsa), "signature_algorithm");
    let plain = Document::parse(b"<r/>", &Limits::default()).unwrap();
    let result = plain.verify_octets(rsa_sha256, b"", &rsa, &policy);
    assert_eq!(result.unwrap_err().code(), "signature_missing");
}
