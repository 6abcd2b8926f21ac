//! A gated, parsed document.
use std::fmt;
use std::ops::Deref;

use crate::element::{self, ASSERTION, Builder};
use crate::outline::DSIG;
use crate::outline::{Entry, Outline};
use crate::reader::{self, Outside, Part, Span, StartTag};
use crate::verify::Target;
use crate::{
    Element, GateError, Limits, SignaturePolicy, SignedBy, Verified, VerifyError, VerifyingKey,
    gate, verify,
};

/// Data that no signature vouches for: good for refusing, never for granting.
#[derive(Clone, Debug)]
pub struct Unverified<T>(pub(crate) T);

impl<T> Deref for Unverified<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// Why bytes did not become a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum XmlError {
    Gate(GateError),
    /// It does not even fall into elements: the sentence that says why, and where.
    Malformed(String),
}

impl fmt::Display for XmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gate(error) => error.fmt(f),
            Self::Malformed(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for XmlError {}

impl From<GateError> for XmlError {
    fn from(error: GateError) -> Self {
        Self::Gate(error)
    }
}

/// A document that has passed the gate: its text, and where in it the parts of a message stand.
pub struct Document {
    text: String,
    /// Where the start tags around its root begin, outermost first; none, but for what was in a SOAP
    /// envelope.
    around: Vec<usize>,
    outline: Outline,
    envelope: Unverified<Element>,
    /// What the document was decoded from; empty when it came as it is.
    octets: Vec<u8>,
}

impl Document {
    /// Lets the bytes through the gate.
    ///
    /// # Errors
    /// The gate refuses them.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, XmlError> {
        Ok(Self::parse_within(bytes, limits, &Outside::default())?)
    }

    /// As [`Document::parse`]; only for the gate prefixes are bound outside, not for the document.
    pub(crate) fn parse_within<'a>(
        bytes: &'a [u8],
        limits: &Limits,
        outside: &Outside<'a>,
    ) -> Result<Self, GateError> {
        let mut sinks = (Builder::with_shells(is_sealed), Outline::default());
        let text = gate::pass(bytes, limits, outside, &mut sinks)?;
        Ok(Self::new(text.to_owned(), Vec::new(), sinks))
    }

    /// A text that has passed the gate but for its bounds.
    pub(crate) fn of_text(text: String) -> Result<Self, GateError> {
        let mut sinks = (Builder::with_shells(is_sealed), Outline::default());
        reader::read(&text, &Limits::NONE, &mut sinks)?;
        Ok(Self::new(text, Vec::new(), sinks))
    }

    /// An element of a document's text as a document of its own; prefixes keep their meaning.
    pub(crate) fn of_part(text: String, around: Vec<usize>, span: Span) -> Result<Self, GateError> {
        let mut sinks = (Builder::with_shells(is_sealed), Outline::default());
        let part = Part { text: &text, around, span };
        reader::read_part(&part, None, &mut sinks)?;
        let around = part.around;
        Ok(Self::new(text, around, sinks))
    }

    fn new(text: String, around: Vec<usize>, (builder, outline): (Builder, Outline)) -> Self {
        let envelope = Unverified(builder.root().unwrap_or_default());
        Self { text, around, outline, envelope, octets: Vec::new() }
    }

    /// The document that `octets` hold in the form that `decode` undoes (Bindings 3.4.4.1).
    ///
    /// The octets are kept: what [`Document::verify_octets`] says of them it says of this document.
    ///
    /// # Errors
    /// What `decode` says, and as [`Document::parse`].
    pub fn from_octets<E: From<XmlError>>(
        octets: Vec<u8>,
        decode: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
        limits: &Limits,
    ) -> Result<Self, E> {
        let document = Self::parse(&decode(&octets)?, limits)?;
        Ok(Self { octets, ..document })
    }

    /// The root, unverified; its `Assertion`, `EncryptedAssertion` and `Signature` children (and any
    /// deeper ones) are empty shells: name, namespace, attributes only.
    pub fn envelope(&self) -> &Unverified<Element> {
        &self.envelope
    }

    /// The whole tree of a document that the administrator's own file holds.
    pub fn trusted_root(self) -> Element {
        self.whole()
    }

    /// The value of the root's attribute `name`, unverified.
    pub fn root_attribute(&self, name: &str) -> Option<Unverified<String>> {
        self.envelope.attribute(name).map(|value| Unverified(value.to_owned()))
    }

    /// The text of the only `{namespace}name` in the root's only child `{namespace}child`, unverified:
    /// good for finding whose key must verify it.
    pub fn text_in_child(
        &self,
        namespace: &str,
        child: &str,
        name: &str,
    ) -> Option<Unverified<String>> {
        let child = self.copy_only_child(namespace, child)?;
        let mut named = child.children.into_iter().filter(|element| element.is(namespace, name));
        let (first, None) = (named.next()?, named.next()) else { return None };
        Some(Unverified(first.text))
    }

    /// Is the root element `{namespace}name`?
    pub fn root_is(&self, namespace: &str, name: &str) -> bool {
        self.envelope.is(namespace, name)
    }

    /// The root's only child `{namespace}name`, with all that is in it.
    pub(crate) fn copy_only_child(&self, namespace: &str, name: &str) -> Option<Element> {
        let (_, entry) = self.only_child(namespace, name)?;
        element::read_part(&self.part().within(entry.span)).ok()
    }

    /// Has the root element a `ds:Signature` child?
    pub fn root_is_signed(&self) -> bool {
        self.outline.signatures().next().is_some()
    }

    /// Has the root's only child element `{namespace}name` a `ds:Signature` child?
    pub fn child_is_signed(&self, namespace: &str, name: &str) -> bool {
        self.only_child(namespace, name).is_some_and(|(_, entry)| !entry.signatures.is_empty())
    }

    /// Verifies the root's enveloped signature and returns what was digested.
    ///
    /// The keys are tried in order; those of another kind than the signature's are passed over.
    ///
    /// # Errors
    /// There is no signature, or it breaks the policy or is of none of the keys.
    pub fn verify_root(
        &self,
        keys: &[VerifyingKey],
        policy: &SignaturePolicy,
    ) -> Result<(Verified<Element>, SignedBy), VerifyError> {
        let signatures: Vec<_> = self.outline.signatures().collect();
        verify::verify(&self.target(&self.envelope, self.part(), &signatures), keys, policy)
    }

    /// Verifies the enveloped signature of the root's only child `{namespace}name`.
    ///
    /// # Errors
    /// As [`Document::verify_root`]; also when there is no such child, or more than one.
    pub fn verify_child(
        &self,
        namespace: &str,
        name: &str,
        keys: &[VerifyingKey],
        policy: &SignaturePolicy,
    ) -> Result<(Verified<Element>, SignedBy), VerifyError> {
        if self.envelope.children_named(namespace, name).count() > 1 {
            return Err(VerifyError::Structure(
                "the signed element is not the only one of its name",
            ));
        }
        let (child, entry) = self.only_child(namespace, name).ok_or(VerifyError::Missing)?;
        let part = self.part().within(entry.span);
        verify::verify(&self.target(child, part, &entry.signatures), keys, policy)
    }

    /// Verifies a detached signature over the octets that the document was decoded from. They hold
    /// the whole document, so its root is verified with all that is in it.
    ///
    /// `algorithm` is a URI, as in `SigAlg`; the keys are tried as in [`Document::verify_root`].
    ///
    /// # Errors
    /// The document was not decoded from octets, or the signature breaks the policy or is of none of
    /// the keys.
    pub fn verify_octets(
        &self,
        algorithm: &str,
        signature: &[u8],
        keys: &[VerifyingKey],
        policy: &SignaturePolicy,
    ) -> Result<Verified<Element>, VerifyError> {
        if self.octets.is_empty() {
            return Err(VerifyError::Missing);
        }
        verify::verify_octets(&self.octets, algorithm, signature, keys, policy)?;
        Ok(Verified::whole(self.whole()))
    }

    pub(crate) fn part(&self) -> Part<'_> {
        Part { text: &self.text, around: self.around.clone(), span: self.outline.root }
    }

    pub(crate) fn outline(&self) -> &Outline {
        &self.outline
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    fn whole(&self) -> Element {
        // It was read before, so it can be read again.
        element::read_part(&self.part()).unwrap_or_default()
    }

    fn target<'d>(
        &self,
        element: &'d Element,
        part: Part<'d>,
        signatures: &'d [Span],
    ) -> Target<'d> {
        let id = element.attribute("ID").unwrap_or_default();
        Target { namespace: &element.namespace, name: &element.name, id, part, signatures }
    }

    /// Its start tag, and where it stands.
    fn only_child(&self, namespace: &str, name: &str) -> Option<(&Element, &Entry)> {
        let children = self.envelope.children.iter().zip(&self.outline.children);
        let mut named = children.filter(|(child, _)| child.is(namespace, name));
        let first = named.next()?;
        named.next().is_none().then_some(first)
    }
}

/// What nobody may read before its signature was checked.
fn is_sealed(tag: &StartTag<'_, '_>) -> bool {
    tag.is(ASSERTION, "Assertion")
        || tag.is(ASSERTION, "EncryptedAssertion")
        || tag.is(DSIG, "Signature")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz_support::{Choice, canonicalise};
    use crate::testing;

    fn parse(xml: &str) -> Result<Document, XmlError> {
        Document::parse(xml.as_bytes(), &Limits::default())
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
        let xml =
            "<m:r xmlns:m='urn:m' m:a='&lt;&amp; &#10;é' b=''><m:c>1&amp;2</m:c><d/>\r\n</m:r>";
        let read = element::from_canonical(&xml.replace('\r', "")).unwrap();
        assert_eq!(read, parse(xml).unwrap().trusted_root());
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
            for prefixes in ["", "#default", "p", "#default p"] {
                let choice = Choice { element: 3, without: None, prefixes, with_comments: false };
                let octets = canonicalise(xml.as_bytes(), &choice).unwrap();
                let theirs =
                    libxml2::Canonical { element, without: None, prefixes, with_comments: false };
                assert_eq!(theirs.octets(usize::MAX).as_deref(), Some(octets.as_bytes()), "{xml}");
                let read = element::from_canonical(&octets).unwrap();
                assert_eq!(read, testing::copy(element), "{prefixes}: {xml}");
                compared += 1;
            }
            // And the reader agrees with libxml2 on the document itself.
            let read = parse(&xml).unwrap().trusted_root();
            assert_eq!(Some(read), tree.root().map(testing::copy), "{xml}");
        }
        assert_eq!(compared, 4 * 8_usize.pow(4));
    }

    /// Each byte of a document removed, doubled and replaced by what means something in XML.
    #[test]
    fn reader_and_libxml2_read_alike_whatever_a_document_becomes() {
        let xml = b"<?xml version=\"1.0\" encoding='utf-8'?><m:r xmlns:m='urn:m' xmlns='urn:n' m:a='&lt;1'>\
                    <m:c x=\"2\">3&amp;<!-- 4 -->5</m:c><d\n/><![CDATA[6]]]></m:r >\n";
        let mut accepted = 0;
        for at in 0..xml.len() {
            let twice = format!("{0}{0}", char::from(xml[at]));
            let others = "< > & ' \" / ! ? - = ; ] x 1 \u{e9} \u{d7} \r \t".split(' ');
            for put in others.chain(["", " ", &twice]) {
                let mutant = [&xml[..at], put.as_bytes(), &xml[at + 1..]].concat();
                let shown = String::from_utf8_lossy(&mutant);
                let ours = Document::parse(&mutant, &Limits::default());
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
}
