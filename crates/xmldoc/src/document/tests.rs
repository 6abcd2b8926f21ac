use super::*;
use crate::canonical::{Canonical, Octets};
use crate::testing;

fn parse(xml: &str) -> Result<Document, XmlError> {
    Document::parse(xml.as_bytes(), &Limits::default())
}

fn canonical(element: Node<'_>, prefixes: &str) -> Octets {
    Canonical { element, without: None, prefixes, with_comments: false }.octets(usize::MAX).unwrap()
}

#[test]
fn envelope_hides_what_a_signature_must_vouch_for() {
    let xml = format!(
        "<r x='1'><deep><e:Assertion xmlns:e='{ASSERTION}' ID='_1'>in<b/></e:Assertion></deep>\
         <EncryptedAssertion xmlns='{ASSERTION}'><c/></EncryptedAssertion>\
         <s:Signature xmlns:s='{DSIG}'><d/></s:Signature><Assertion>other</Assertion>out</r>"
    );
    let document = parse(&xml).unwrap();
    let envelope = document.envelope();
    assert_eq!(envelope.text, "out");
    let assertion = envelope.children[0].child(ASSERTION, "Assertion").unwrap();
    assert_eq!(assertion.attribute("ID"), Some("_1"));
    assert!(assertion.children.is_empty() && assertion.text.is_empty());
    assert!(envelope.children[1].children.is_empty());
    assert!(envelope.children[2].children.is_empty());
    assert_eq!(envelope.children[3].text, "other");
}

#[test]
fn trusted_root_is_the_whole_tree() {
    let xml = format!(
        "\u{FEFF}<m:r xmlns:m='urn:m' xmlns:s='{DSIG}' m:a='&lt;&amp;\n&#10;é' b=''>\
         <s:Signature>x<!-- -->&amp;<![CDATA[<y>]]>&#65;</s:Signature></m:r>"
    );
    let root = parse(&xml).unwrap().trusted_root();
    assert!(root.is("urn:m", "r"));
    assert_eq!(root.attribute_ns("urn:m", "a"), Some("<& \né"));
    assert_eq!(root.attribute("b"), Some(""));
    assert_eq!(root.attribute("a"), None);
    assert_eq!(root.attributes.len(), 2);
    assert_eq!(root.child(DSIG, "Signature").unwrap().text, "x&<y>A");
}

#[test]
fn digested_bytes_read_like_the_document() {
    let xml = "<m:r xmlns:m='urn:m' b='' m:a='&lt;&amp; &#10;é'><m:c>1&amp;2</m:c><d/>\r\n</m:r>";
    let document = parse(xml).unwrap();
    let octets = canonical(document.root().unwrap(), "");
    assert_eq!(octets.element().unwrap(), document.trusted_root());
}

/// What canonicalisation makes of undeclared defaults means what the document means: were one
/// lost, an element would be read in a namespace that nobody signed.
#[test]
fn canonical_bytes_keep_each_element_in_its_namespace() {
    const DECLARED: [&str; 4] = ["", " xmlns=''", " xmlns='urn:1'", " xmlns='urn:2'"];
    const NAMES: [&str; 2] = ["x", "p:x"];
    let mut compared = 0;
    // Four nested elements, each in every way; the third is what is canonicalised.
    for way in 0..8_usize.pow(4) {
        let ways: Vec<_> = (0..4).map(|level| way / 8_usize.pow(level) % 8).collect();
        let open = |way: &usize| format!("<{}{}>", NAMES[way % 2], DECLARED[way / 2]);
        let close = |way: &usize| format!("</{}>", NAMES[way % 2]);
        let opened: String = ways.iter().map(open).collect();
        let closed: String = ways.iter().rev().map(close).collect();
        let xml = format!("<r xmlns:p='urn:p'>{opened}<x/>{closed}</r>");
        let tree = libxml2::Tree::parse(xml.as_bytes()).unwrap();
        let element = (0..3).fold(tree.root(), |from, _| from?.elements().next()).unwrap();
        let document = parse(&xml).unwrap();
        for prefixes in ["", "#default", "p", "#default p"] {
            let octets = canonical(document.outline.node(&xml, 3).unwrap(), prefixes);
            let theirs =
                libxml2::Canonical { element, without: None, prefixes, with_comments: false };
            assert_eq!(
                theirs.octets(usize::MAX).as_deref(),
                Some(octets.text().as_bytes()),
                "{xml}"
            );
            let read = octets.element().unwrap();
            assert_eq!(read, testing::copy(element), "{prefixes}: {xml}");
            compared += 1;
        }
        // And the reader agrees with libxml2 on the document itself.
        let read = document.trusted_root();
        assert_eq!(Some(read), tree.root().map(testing::copy), "{xml}");
    }
    assert_eq!(compared, 4 * 8_usize.pow(4));
}

/// Each byte of a document removed, doubled and replaced by what means something in XML.
#[test]
fn reader_and_libxml2_read_alike_whatever_a_document_becomes() {
    let xml =
        b"<?xml version=\"1.0\" encoding='utf-8'?><m:r xmlns:m='urn:m' xmlns='urn:n' m:a='&lt;1'>\
                <m:c x=\"2\">3&amp;<!-- 4 -->5</m:c><d\n/><![CDATA[6]]]></m:r >\n";
    let mut accepted = 0;
    for at in 0..xml.len() {
        let twice = format!("{0}{0}", char::from(xml[at]));
        let others = "< > & ' \" / ! ? - = ; ] x 1 \u{e9} \u{d7} \r \t".split(' ');
        for put in others.chain(["", " ", &twice]) {
            let mutant = [&xml[..at], put.as_bytes(), &xml[at + 1..]].concat();
            let shown = String::from_utf8_lossy(&mutant);
            let ours = Document::parse(&*mutant, &Limits::default());
            match (ours.map(Document::trusted_root), testing::read_by_libxml2(&mutant)) {
                (Ok(read), theirs) => {
                    accepted += 1;
                    assert_eq!(Some(read), theirs, "{shown}");
                }
                (Err(XmlError::Gate(GateError::Malformed(what))), Some(_)) => {
                    // Namespace rules, and a version that libxml2 takes for 1.0.
                    let lenient = ["a name", "another version than XML 1.0"];
                    assert!(lenient.contains(&what), "{what}: {shown}");
                }
                // Refused for a rule that is the gate's own, or by both.
                (Err(_), _) => {}
            }
        }
    }
    assert!(accepted > 300, "{accepted}");
}

/// Federations publish aggregates beyond libxml2's own limit of 10 000 000 bytes.
#[test]
fn reads_metadata_of_eleven_megabytes() {
    let xml = format!("<a><b>{}</b></a>", "x".repeat(11_000_000));
    let limits = Limits { bytes: 64 << 20, ..Limits::default() };
    let root = Document::parse(xml.as_bytes(), &limits).unwrap().trusted_root();
    assert_eq!(root.children.first().map(|b| b.text.len()), Some(11_000_000));
    assert!(parse(&xml).is_err(), "but no message is as large");
}

#[test]
fn the_gate_is_in_front_of_every_document() {
    for (xml, error) in [
        ("<!DOCTYPE a><a/>", GateError::Doctype),
        ("<a><b\u{D7}/></a>", GateError::Malformed("a name")),
    ] {
        assert_eq!(parse(xml).err(), Some(XmlError::Gate(error)), "{xml}");
    }
}
