//! A gated, parsed document.
use std::fmt;
use std::ops::Deref;

use crate::element::{ASSERTION, plaintext_name};
use crate::verify::DSIG;
use crate::{
    Attribute, Element, GateError, Limits, SignaturePolicy, SignedBy, Verified, VerifyError,
    VerifyingKey, gate, verify,
};
use libxml2::{Child, Node, ParseError, Tree};

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
    /// libxml2 refused what the gate let through.
    Malformed(String),
    OutOfMemory,
}

impl fmt::Display for XmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gate(error) => error.fmt(f),
            Self::Malformed(reason) => write!(f, "the document is not well-formed XML: {reason}"),
            Self::OutOfMemory => f.write_str("no memory to parse the document"),
        }
    }
}

impl std::error::Error for XmlError {}

impl From<GateError> for XmlError {
    fn from(error: GateError) -> Self {
        Self::Gate(error)
    }
}

impl From<ParseError> for XmlError {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::OutOfMemory => Self::OutOfMemory,
            ParseError::Refused(reason) => Self::Malformed(reason),
        }
    }
}

/// A parsed document. Owns its libxml2 tree.
pub struct Document {
    tree: Tree,
    /// What the document was decoded from; empty when it came as it is.
    octets: Vec<u8>,
}

impl Document {
    /// Gate, then one libxml2 parse.
    ///
    /// # Errors
    /// The gate refuses it, or libxml2 does.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, XmlError> {
        gate(bytes, limits)?;
        Ok(Self { tree: Tree::parse(bytes)?, octets: Vec::new() })
    }

    /// For a tree of what has passed the gate.
    pub(crate) fn from_tree(tree: Tree) -> Self {
        Self { tree, octets: Vec::new() }
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
    pub fn envelope(&self) -> Unverified<Element> {
        Unverified(self.tree.root().map_or_else(Element::default, |root| copy(root, is_sealed)))
    }

    /// The whole tree of a document that the administrator's own file holds.
    pub fn trusted_root(self) -> Element {
        self.tree.root().map_or_else(Element::default, |root| copy(root, |_| false))
    }

    /// The value of the root's attribute `name`, unverified.
    pub fn root_attribute(&self, name: &str) -> Option<Unverified<String>> {
        self.tree
            .root()
            .and_then(|root| root.attribute(name))
            .map(|value| Unverified(value.into_owned()))
    }

    /// The text of the only `{namespace}name` in the root's only child `{namespace}child`, unverified:
    /// good for finding whose key must verify it.
    pub fn text_in_child(
        &self,
        namespace: &str,
        child: &str,
        name: &str,
    ) -> Option<Unverified<String>> {
        let child = self.only_child(namespace, child)?;
        let mut named = child.elements().filter(|element| element.is(namespace, name));
        let (first, None) = (named.next()?, named.next()) else { return None };
        Some(Unverified(copy(first, |_| false).text))
    }

    /// Is the root element `{namespace}name`?
    pub fn root_is(&self, namespace: &str, name: &str) -> bool {
        self.tree.root().is_some_and(|root| root.is(namespace, name))
    }

    /// The root's only child `{namespace}name`, with all that is in it.
    pub(crate) fn copy_only_child(&self, namespace: &str, name: &str) -> Option<Element> {
        self.only_child(namespace, name).map(|child| copy(child, |_| false))
    }

    /// Has the root element a `ds:Signature` child?
    pub fn root_is_signed(&self) -> bool {
        self.tree.root().is_some_and(is_signed)
    }

    /// Has the root's only child element `{namespace}name` a `ds:Signature` child?
    pub fn child_is_signed(&self, namespace: &str, name: &str) -> bool {
        self.only_child(namespace, name).is_some_and(is_signed)
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
        let root = self.tree.root().ok_or(VerifyError::Missing)?;
        verify::verify(&self.tree, root, keys, policy)
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
        let root = self.tree.root().ok_or(VerifyError::Missing)?;
        if root.elements().filter(|child| child.is(namespace, name)).count() > 1 {
            return Err(VerifyError::Structure(
                "the signed element is not the only one of its name",
            ));
        }
        let child = self.only_child(namespace, name).ok_or(VerifyError::Missing)?;
        verify::verify(&self.tree, child, keys, policy)
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
        let root = self.tree.root().filter(|_| !self.octets.is_empty());
        let root = root.ok_or(VerifyError::Missing)?;
        verify::verify_octets(&self.octets, algorithm, signature, keys, policy)?;
        Ok(Verified::whole(copy(root, |_| false)))
    }

    fn only_child(&self, namespace: &str, name: &str) -> Option<Node<'_>> {
        let mut named = self.tree.root()?.elements().filter(|child| child.is(namespace, name));
        let first = named.next()?;
        named.next().is_none().then_some(first)
    }
}

fn is_signed(element: Node<'_>) -> bool {
    element.elements().any(|child| child.is(DSIG, "Signature"))
}

/// What nobody may read before its signature was checked.
fn is_sealed(element: Node<'_>) -> bool {
    element.is(ASSERTION, "Assertion")
        || element.is(ASSERTION, "EncryptedAssertion")
        || element.is(DSIG, "Signature")
}

/// A copy as plain data; of an element that `is_shell` picks, only the start tag.
///
/// Recursion is bounded by the gate's depth.
fn copy(node: Node<'_>, is_shell: fn(Node<'_>) -> bool) -> Element {
    let attributes = node.attributes().map(|(namespace, name, value)| Attribute {
        name: name.into(),
        namespace: namespace.into(),
        value: value.into(),
    });
    let mut element = Element {
        name: node.name().into(),
        namespace: node.namespace().into(),
        attributes: attributes.collect(),
        ..Element::default()
    };
    if is_shell(node) {
        return element;
    }
    if plaintext_name(node.namespace(), node.name()).is_some() {
        element.scope = node.namespaces_in_scope();
    }
    for child in node.content() {
        match child {
            Child::Element(child) => element.children.push(copy(child, is_shell)),
            Child::Text(text) => element.text.push_str(text),
            Child::Other => {}
        }
    }
    element
}

#[cfg(test)]
mod tests {
    use super::*;
    use libxml2::Canonical;

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
        let envelope = parse(&xml).unwrap().envelope();
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
    fn digested_bytes_read_like_the_tree() {
        let xml =
            "<m:r xmlns:m='urn:m' m:a='&lt;&amp; &#10;é' b=''><m:c>1&amp;2</m:c><d/>\r\n</m:r>";
        let read = crate::element::from_canonical(xml.replace('\r', "").as_bytes()).unwrap();
        assert_eq!(read, parse(xml).unwrap().trusted_root());
    }

    /// What canonicalisation makes of undeclared defaults means what the tree means: were one lost,
    /// an element would be read in a namespace that nobody signed.
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
            let tree = Tree::parse(xml.as_bytes()).unwrap();
            let element = (0..3).fold(tree.root(), |from, _| from?.elements().next()).unwrap();
            for prefixes in ["", "#default", "p", "#default p"] {
                let canonical =
                    Canonical { element, without: None, prefixes, with_comments: false };
                let octets = canonical.octets(usize::MAX).unwrap();
                let read = crate::element::from_canonical(&octets).unwrap();
                assert_eq!(read, copy(element, |_| false), "{prefixes}: {xml}");
                compared += 1;
            }
            // And the reader agrees with libxml2 on the document itself.
            let read = crate::element::from_canonical(xml.as_bytes()).unwrap();
            assert_eq!(read, Document::from_tree(tree).trusted_root(), "{xml}");
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
            let others = "< > & ' \" / ! ? - = ; ] x 1 \u{e9}".split(' ');
            for put in others.chain(["", " ", &twice]) {
                let mutant = [&xml[..at], put.as_bytes(), &xml[at + 1..]].concat();
                let shown = String::from_utf8_lossy(&mutant);
                match (crate::element::from_canonical(&mutant), Tree::parse(&mutant)) {
                    (Ok(read), Ok(tree)) => {
                        accepted += 1;
                        assert_eq!(read, Document::from_tree(tree).trusted_root(), "{shown}");
                    }
                    (Err(GateError::Malformed(what)), Ok(_)) => {
                        // Namespace rules, and a version that libxml2 takes for 1.0.
                        let lenient = ["a name", "another version than XML 1.0"];
                        assert!(lenient.contains(&what), "{what}: {shown}");
                    }
                    // Refused for a rule that is the gate's own, or libxml2's.
                    (Err(_), Ok(_)) | (_, Err(_)) => {}
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
