use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;

use super::*;

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const EXC: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

fn pair() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
}

/// One Transform each.
fn template(uri: &str, transforms: &str, digest: &str) -> String {
    format!(
        "<ds:Signature xmlns:ds=\"{DSIG}\"><ds:SignedInfo><ds:CanonicalizationMethod \
         Algorithm=\"{EXC}\"/><ds:SignatureMethod \
         Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/><ds:Reference URI=\"{uri}\">\
         <ds:Transforms>{transforms}</ds:Transforms><ds:DigestMethod Algorithm=\"{digest}\"/>\
         <ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>"
    )
}

fn transforms(uris: &[&str]) -> String {
    uris.iter().map(|uri| format!("<ds:Transform Algorithm=\"{uri}\"/>")).collect()
}

fn good(id: &str) -> String {
    let digest = "http://www.w3.org/2001/04/xmlenc#sha256";
    template(&format!("#{id}"), &transforms(&[ENVELOPED, EXC]), digest)
}

fn entity(id: &str, name: &str, signature: &str) -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"{MD}\" ID=\"{id}\" entityID=\"{name}\">{signature}\
         <md:Extensions/></md:EntityDescriptor>"
    )
}

fn sign(xml: &str, pair: &PKey<Private>) -> String {
    super::start();
    let key = xmlsec1::Key::from_pem(&pair.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let signed = xmlsec1::sign(xml.as_bytes(), &key).unwrap_or_else(|| panic!("{xml}"));
    String::from_utf8(signed).unwrap()
}

fn verify(xml: &str, pairs: &[&PKey<Private>]) -> Result<String, String> {
    super::start();
    xmlsec1::start().unwrap();
    let keys: Vec<_> = pairs.iter().map(|pair| pair.public_key_to_der().unwrap()).collect();
    let keys: Vec<_> = keys.iter().map(Vec::as_slice).collect();
    let octets = signed_root(xml.as_bytes(), &keys, false)?;
    Ok(String::from_utf8(octets).unwrap())
}

fn refusal(xml: &str, pair: &PKey<Private>) -> String {
    let said = verify(xml, &[pair]).expect_err(xml);
    assert!(ErrorStack::get().errors().is_empty(), "nginx would find it");
    said
}

#[test]
fn what_was_digested_comes_out() {
    let (one, other) = (pair(), pair());
    let xml = sign(&entity("_1", "https://idp", &good("_1")), &one);
    let expected = entity("_1", "https://idp", "")
        .replace("<md:Extensions/>", "<md:Extensions></md:Extensions>");
    assert_eq!(verify(&xml, &[&one]).unwrap(), expected);
    assert_eq!(verify(&xml, &[&other, &one]).unwrap(), expected);
    // Text comes as it is, though `canonicalize` of libxml would spoil it.
    let text = "a &amp; b &lt; \u{e9}\r";
    let xml = sign(&xml_with(text), &one);
    assert!(verify(&xml, &[&one]).unwrap().contains("a &amp; b &lt; \u{e9}"));
}

fn xml_with(text: &str) -> String {
    entity("_1", "https://idp", &good("_1"))
        .replace("<md:Extensions/>", &format!("<md:Extensions>{text}</md:Extensions>"))
}

#[test]
fn another_key_another_text_and_no_signature_are_told_apart() {
    let (one, other) = (pair(), pair());
    let xml = sign(&entity("_1", "https://idp", &good("_1")), &one);
    assert!(refusal(&xml, &other).starts_with("its signature is not of \"metadata_certificate\""));
    assert!(
        refusal(&xml.replace("https://idp", "https://evil"), &one).contains("metadata_certificate")
    );
    assert!(verify(&xml, &[]).is_err());
    let unsigned = entity("_1", "https://idp", "");
    assert_eq!(refusal(&unsigned, &one), "its root element is not signed");
    let twice = xml.replace("<md:Extensions/>", &format!("<ds:Signature xmlns:ds=\"{DSIG}\"/>"));
    assert_eq!(refusal(&twice, &one), "its root element has more than one signature");
    assert!(refusal("<a><b></a>", &one).starts_with("libxml2 does not read it: "));
}

/// The signed entity is good, and is not what the document says.
#[test]
fn a_signature_of_another_element_is_none() {
    let one = pair();
    let inner = sign(&entity("_2", "https://idp", &good("_2")), &one);
    let inner = inner.split_once("?>").unwrap().1.trim();
    let signature = &inner[inner.find("<ds:Signature").unwrap()..];
    let signature = &signature[..signature.find("</ds:Signature>").unwrap() + 15];
    let group = |id: &str, content: &str| {
        format!(
            "<md:EntitiesDescriptor xmlns:md=\"{MD}\" ID=\"{id}\">{content}</md:EntitiesDescriptor>"
        )
    };
    // The signature stays where it is.
    assert_eq!(refusal(&group("_1", inner), &one), "its root element is not signed");
    // It is taken to the root, whose ID it does not name.
    let bare = inner.replace(signature, "");
    let moved = group("_1", &format!("{signature}{bare}"));
    assert_eq!(refusal(&moved, &one), "its signature covers \"#_2\", the root element is \"#_1\"");
    // The root takes the ID: the gate refuses two of them, and libxml2 finds the root.
    let twins = group("_2", &format!("{signature}{bare}"));
    assert!(refusal(&twins, &one).contains("metadata_certificate"), "{twins}");
    // The signed entity hides in the signature of an evil copy.
    let hidden = signature
        .replace("</ds:Signature>", &format!("<ds:Object>{bare}</ds:Object></ds:Signature>"));
    let evil = entity("_2", "https://evil", &hidden);
    assert!(refusal(&evil, &one).contains("metadata_certificate"), "{evil}");
    let evil = entity("_3", "https://evil", &hidden);
    assert!(refusal(&evil, &one).contains("covers \"#_2\""), "{evil}");
    let no_id = entity("_2", "https://evil", &hidden).replacen(" ID=\"_2\"", "", 1);
    assert!(refusal(&no_id, &one).contains("no ID"), "{no_id}");
}

/// With its defaults xmlsec1 verifies all of these.
#[test]
fn the_context_is_fenced() {
    let one = pair();
    let digest = "http://www.w3.org/2001/04/xmlenc#sha256";
    let sha1 = "http://www.w3.org/2000/09/xmldsig#sha1";
    let inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    let xpath = format!(
        "{}<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\">\
         <ds:XPath>not(self::text())</ds:XPath></ds:Transform>",
        transforms(&[ENVELOPED])
    );
    for signature in [
        template("#_1", &transforms(&[ENVELOPED, EXC]), sha1),
        template("#_1", &transforms(&[ENVELOPED, inclusive]), digest),
        template("#_1", &xpath, digest),
    ] {
        let xml = sign(&entity("_1", "https://idp", &signature), &one);
        let theirs = xmlsec1::Key::from_public_der(&one.public_key_to_der().unwrap()).unwrap();
        assert!(xmlsec1::verify_root(xml.as_bytes(), &theirs), "{xml}");
        assert!(refusal(&xml, &one).contains("xmlSecTransform"), "{xml}");
    }
    let signature = template("", &transforms(&[ENVELOPED, EXC]), digest);
    let xml = sign(&entity("_1", "https://idp", &signature), &one);
    assert!(refusal(&xml, &one).contains("covers \"\""), "{xml}");
    let two = good("_1").replace("</ds:SignedInfo>", "<ds:Reference/></ds:SignedInfo>");
    assert!(refusal(&entity("_1", "https://idp", &two), &one).contains("one Reference"));
}

/// Where the crates' defaults would go and look.
#[test]
fn no_file_is_read() {
    let one = pair();
    let path = std::env::temp_dir().join(format!("signed-root-{}", std::process::id()));
    std::fs::write(&path, "<a/>").unwrap();
    let uri = format!("file://{}", path.display());
    let digest = "http://www.w3.org/2001/04/xmlenc#sha256";
    let signature = template(&uri, &transforms(&[EXC]), digest);
    let xml = sign(&entity("_1", "https://idp", &signature), &one);
    assert!(refusal(&xml, &one).contains("covers"), "{xml}");
    // Without our own look at the Reference, the context refuses it too.
    let document = Signed::unchecked(xml.as_bytes());
    assert!(document.digested(&one.public_key_to_der().unwrap(), false).is_err());
    std::fs::remove_file(path).unwrap();
}

impl Signed {
    fn unchecked(octets: &[u8]) -> Self {
        super::start();
        let document = Parser::default().parse_string_with_options(octets, OPTIONS).unwrap();
        let root = document.get_root_element().unwrap();
        let signature = elements(&root, "Signature").pop().unwrap();
        Self { signature, _document: document }
    }
}
