use super::*;
use crate::testing::{self, Argument, xmlsec1};
use crate::{Document, Limits, SignaturePolicy};

const REQUEST: &str = "<?xml version=\"1.0\"?>\n<q:LogoutRequest xmlns:q=\"urn:q\" ID=\"_1\"><i:Issuer \
                       xmlns:i=\"urn:i\">sp</i:Issuer><q:NameID>é &amp; &#13;ü</q:NameID></q:LogoutRequest>";

fn sign(xml: &str, place: SignaturePlace) -> Result<String, SignError> {
    sign_enveloped(
        xml,
        place,
        &testing::rsa().signing(),
        None,
        SignatureAlgorithm::RsaSha256,
        DigestAlgorithm::Sha256,
    )
}

#[test]
fn puts_the_signature_where_the_schema_wants_it() {
    let (start, rest) = REQUEST.split_once("<i:Issuer").unwrap();
    let first = sign(REQUEST, SignaturePlace::First).unwrap();
    assert!(first.starts_with(&format!("{start}<ds:Signature ")), "{first}");
    assert!(first.ends_with(&format!("</ds:Signature><i:Issuer{rest}")), "{first}");
    let second = sign(REQUEST, SignaturePlace::AfterIssuer).unwrap();
    let (issuer, rest) = rest.split_once("</i:Issuer>").unwrap();
    let before = format!("{start}<i:Issuer{issuer}</i:Issuer><ds:Signature ");
    assert!(second.starts_with(&before), "{second}");
    assert!(second.ends_with(&format!("</ds:Signature>{rest}")), "{second}");
}

#[test]
fn signs_after_an_empty_issuer() {
    let signed = sign("<r ID='_1'><issuer/><x/></r>", SignaturePlace::AfterIssuer).unwrap();
    assert!(signed.starts_with("<r ID='_1'><issuer/><ds:Signature "), "{signed}");
}

#[test]
fn refuses_what_it_cannot_sign() {
    for xml in ["<r><i/></r>", "<r ID=''><i/></r>", "<r ID='_1'/>", "<r ID='_1'></r>", "", "<r"] {
        assert!(sign(xml, SignaturePlace::AfterIssuer).is_err(), "{xml}");
    }
    let ec = testing::ec(256).signing();
    let (signature, digest) = (SignatureAlgorithm::RsaSha256, DigestAlgorithm::Sha256);
    assert!(sign_enveloped(REQUEST, SignaturePlace::First, &ec, None, signature, digest).is_err());
}

#[test]
fn certificate_goes_into_key_info() {
    let certificate = Certificate::from_pem(&testing::rsa().certificate_pem()).unwrap();
    let signed = sign_enveloped(
        REQUEST,
        SignaturePlace::First,
        &testing::rsa().signing(),
        Some(&certificate),
        SignatureAlgorithm::RsaSha256,
        DigestAlgorithm::Sha256,
    );
    let base64 = base64_binary::encode(certificate.der());
    let element = format!("<ds:X509Certificate>{base64}</ds:X509Certificate>");
    assert!(signed.unwrap().contains(&element));
}

#[test]
fn xmlsec1_and_we_verify_what_we_sign() {
    let digests = [
        DigestAlgorithm::Sha1,
        DigestAlgorithm::Sha256,
        DigestAlgorithm::Sha384,
        DigestAlgorithm::Sha512,
        DigestAlgorithm::Sha3_256,
        DigestAlgorithm::Sha3_384,
        DigestAlgorithm::Sha3_512,
    ];
    for (index, (pair, algorithm)) in testing::every_algorithm().into_iter().enumerate() {
        let digest = digests[index % digests.len()];
        let place = SignaturePlace::AfterIssuer;
        let signed =
            sign_enveloped(REQUEST, place, &pair.signing(), None, algorithm, digest).unwrap();
        let document = Document::parse(signed.as_bytes(), &Limits::default()).unwrap();
        let policy = SignaturePolicy { allow_sha1: true, allow_rsa1024: false };
        let (element, by) = document.verify_root(&[pair.verifying()], &policy).unwrap();
        assert_eq!((by.signature, by.digest), (algorithm, digest));
        assert_eq!(element.children[1].text, "é & \rü");
        if !testing::xmlsec1_knows(algorithm.uri()) || !testing::xmlsec1_knows(digest.uri()) {
            continue;
        }
        let Some(output) = xmlsec1(&[
            Argument::Word("--verify"),
            Argument::Word("--id-attr:ID"),
            Argument::Word("urn:q:LogoutRequest"),
            Argument::Word("--pubkey-pem"),
            Argument::File(&pair.public_pem()),
            Argument::File(signed.as_bytes()),
        ]) else {
            return;
        };
        assert!(output.status.success(), "{algorithm:?}: {output:?}");
    }
}

#[test]
fn a_root_that_is_never_closed_is_refused() {
    for place in [SignaturePlace::First, SignaturePlace::AfterIssuer] {
        for xml in ["<r ID='_1'>", "<r ID='_1'><i>", ""] {
            assert!(sign(xml, place).is_err(), "{xml}");
        }
    }
}
