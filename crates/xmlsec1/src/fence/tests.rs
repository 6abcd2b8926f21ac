use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;

use super::*;
use crate::sign;

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
/// What is digested of the documents below.
const OCTETS: &[u8] = b"<r ID=\"_1\"><x>t</x></r>";

fn pair() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
}

fn public(pair: &PKey<Private>) -> Key {
    Key::from_public_der(&pair.public_key_to_der().unwrap()).unwrap()
}

/// A template in which one thing may be another.
struct Template<'a> {
    canonicalization: &'a str,
    method: &'a str,
    digest: &'a str,
    uri: &'a str,
    transforms: &'a [&'a str],
    rest: &'a str,
}

const GOOD: Template<'static> = Template {
    canonicalization: EXC_C14N,
    method: RSA_SHA256,
    digest: SHA256,
    uri: "#_1",
    transforms: &[ENVELOPED, EXC_C14N],
    rest: "",
};

impl Template<'_> {
    fn reference(&self) -> String {
        let transforms: String =
            self.transforms.iter().map(|uri| format!("<Transform Algorithm=\"{uri}\"/>")).collect();
        format!(
            "<Reference URI=\"{}\"><Transforms>{transforms}</Transforms>\
             <DigestMethod Algorithm=\"{}\"/><DigestValue/></Reference>",
            self.uri, self.digest
        )
    }

    /// `None`: xmlsec1 signs no such thing.
    fn signed(&self, pair: &PKey<Private>, references: usize) -> Option<String> {
        let template = format!(
            "<r xmlns:a=\"urn:a\" ID=\"_1\"><x>t</x><Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">\
             <SignedInfo><CanonicalizationMethod Algorithm=\"{}\"/><SignatureMethod \
             Algorithm=\"{}\"/>{}</SignedInfo><SignatureValue/>{}</Signature></r>",
            self.canonicalization,
            self.method,
            self.reference().repeat(references),
            self.rest
        );
        let key = Key::from_pem(&pair.private_key_to_pem_pkcs8().unwrap()).unwrap();
        Some(String::from_utf8(sign(template.as_bytes(), &key)?).unwrap())
    }
}

#[test]
fn a_good_signature_is_good_and_an_altered_one_is_not() {
    let (pair, other) = (pair(), pair());
    let xml = GOOD.signed(&pair, 1).unwrap();
    assert_eq!(verify(xml.as_bytes(), OCTETS, &public(&pair)), Ok(()));
    for (what, xml, octets, key) in [
        ("another key", xml.clone(), OCTETS, public(&other)),
        ("other data", xml.replace("<x>t", "<x>u"), OCTETS, public(&pair)),
        ("other octets", xml.clone(), &b"<r ID=\"_1\"><x>u</x></r>"[..], public(&pair)),
        ("another ID", xml.replace("ID=\"_1\"", "ID=\"_2\""), OCTETS, public(&pair)),
        ("no signature", "<r ID=\"_1\"/>".to_owned(), OCTETS, public(&pair)),
        ("no XML", "<r".to_owned(), OCTETS, public(&pair)),
    ] {
        let said = verify(xml.as_bytes(), octets, &key).expect_err(what);
        assert!(!said.is_empty() && said.len() < 400, "{what}: {said}");
    }
    // No error of ours is left for nginx to find.
    assert!(ErrorStack::get().errors().is_empty());
}

#[test]
fn two_signatures_are_too_many() {
    let pair = pair();
    let xml = GOOD.signed(&pair, 1).unwrap();
    let xml = xml.replace("<x>", "<Signature/><x>");
    assert!(verify(xml.as_bytes(), OCTETS, &public(&pair)).is_err());
}

/// Each of these verifies where xmlsec1 has its defaults.
#[test]
fn what_is_not_listed_or_digests_more_is_refused() {
    let pair = pair();
    let inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    let with_comments = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";
    let md5 = "http://www.w3.org/2001/04/xmldsig-more#md5";
    for template in [
        Template { canonicalization: inclusive, ..GOOD },
        Template { canonicalization: with_comments, ..GOOD },
        Template { transforms: &[ENVELOPED], ..GOOD },
        Template { digest: md5, ..GOOD },
        Template { transforms: &[ENVELOPED, inclusive], ..GOOD },
        Template { transforms: &[ENVELOPED, with_comments], ..GOOD },
        Template { transforms: &[ENVELOPED, EXC_C14N, inclusive], ..GOOD },
        Template { uri: "", ..GOOD },
    ] {
        let xml = template.signed(&pair, 1).unwrap();
        assert!(crate::verify_root(xml.as_bytes(), &public(&pair)), "{xml}");
        assert!(verify(xml.as_bytes(), OCTETS, &public(&pair)).is_err(), "{xml}");
    }
    assert!(verify(GOOD.signed(&pair, 2).unwrap().as_bytes(), OCTETS, &public(&pair)).is_err());
}

#[test]
fn nothing_is_fetched() {
    let pair = pair();
    let (folder, name) = (std::env::temp_dir(), format!("xmlsec1-fence-{}", std::process::id()));
    let file = folder.join(name);
    std::fs::write(&file, "<r ID=\"_1\"><x>t</x></r>").unwrap();
    let uri = format!("file://{}", file.display());
    let template = Template { uri: &uri, transforms: &[EXC_C14N], ..GOOD };
    let xml = template.signed(&pair, 1).unwrap();
    // With its defaults xmlsec1 reads the file.
    assert!(crate::verify_root(xml.as_bytes(), &public(&pair)));
    let said = verify(xml.as_bytes(), OCTETS, &public(&pair)).unwrap_err();
    assert!(said.contains("xmlSecTransformCtxSetUri") || said.contains("uri"), "{said}");
    std::fs::remove_file(file).unwrap();
}

#[test]
fn a_key_in_key_info_is_not_looked_at() {
    let (pair, other) = (pair(), pair());
    let template = Template { rest: "<KeyInfo><KeyValue/></KeyInfo>", ..GOOD };
    let xml = template.signed(&pair, 1).unwrap();
    assert!(xml.contains("Modulus"), "{xml}");
    assert_eq!(verify(xml.as_bytes(), OCTETS, &public(&pair)), Ok(()));
    assert!(verify(xml.as_bytes(), OCTETS, &public(&other)).is_err());
}

#[test]
fn a_key_is_one_or_none() {
    assert!(Key::from_public_der(b"no key").is_none());
    assert!(Key::from_public_der(b"").is_none());
    assert!(ErrorStack::get().errors().is_empty());
}
