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
    /// Its bytes did not pass the gate.
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
mod tests;
