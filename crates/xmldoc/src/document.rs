//! A gated, parsed document.
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::element::ASSERTION;
use crate::outline::{DSIG, Node, Outline};
use crate::reader::{self, BYTE_ORDER_MARK, Characters, Outside};
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

/// A document that has passed the gate: its text, and where in it everything stands.
pub struct Document {
    text: Arc<String>,
    outline: Outline,
    /// Number of its root: 0, but for what was in a SOAP envelope.
    root: usize,
    envelope: Unverified<Element>,
    /// What the document was decoded from; empty when it came as it is.
    octets: Vec<u8>,
}

impl Document {
    /// Lets the bytes through the gate.
    ///
    /// # Errors
    /// The gate refuses them.
    pub fn parse(bytes: impl Into<Vec<u8>>, limits: &Limits) -> Result<Self, XmlError> {
        Ok(Self::parse_within(bytes.into(), limits, &Outside::default())?)
    }

    /// As [`Document::parse`]; prefixes may be bound outside.
    pub(crate) fn parse_within(
        bytes: Vec<u8>,
        limits: &Limits,
        outside: &Outside<'_>,
    ) -> Result<Self, GateError> {
        limits.hold(bytes.len())?;
        let mut text = String::from_utf8(bytes).map_err(|_| GateError::NotUtf8)?;
        if text.starts_with(BYTE_ORDER_MARK) {
            text.remove(0);
        }
        let outline = gate::pass_text(&text, limits, outside)?;
        Ok(Self::new(Arc::new(text), outline, 0))
    }

    /// A text that has passed the gate but for its bounds.
    pub(crate) fn of_text(text: String) -> Result<Self, GateError> {
        let outline = reader::read(&Characters::of(&text), &Limits::NONE, &Outside::default())?;
        Ok(Self::new(Arc::new(text), outline, 0))
    }

    /// An element in it as a document of its own; prefixes keep their meaning.
    pub(crate) fn with_root(self, root: usize) -> Self {
        Self::new(self.text, self.outline, root)
    }

    /// The root's only child `{namespace}name` as a document of its own; prefixes keep their meaning.
    pub fn into_only_child(self, namespace: &str, name: &str) -> Option<Self> {
        let child = self.only_child(namespace, name)?.number;
        Some(self.with_root(child))
    }

    fn new(text: Arc<String>, outline: Outline, root: usize) -> Self {
        let envelope = outline.node(&text, root);
        let envelope = envelope.map(|root| Element::with_shells(&text, root, is_sealed));
        let envelope = Unverified(envelope.unwrap_or_default());
        Self { text, outline, root, envelope, octets: Vec::new() }
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
        let document = Self::parse(decode(&octets)?, limits)?;
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
        Some(Unverified(first.text.to_string()))
    }

    /// Is the root element `{namespace}name`?
    pub fn root_is(&self, namespace: &str, name: &str) -> bool {
        self.envelope.is(namespace, name)
    }

    /// The root's only child `{namespace}name`, with all that is in it.
    pub(crate) fn copy_only_child(&self, namespace: &str, name: &str) -> Option<Element> {
        self.only_child(namespace, name).map(|child| Element::of(&self.text, child))
    }

    /// Has the root element a `ds:Signature` child?
    pub fn root_is_signed(&self) -> bool {
        self.root().is_some_and(is_signed)
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
        verify::verify(self.root().ok_or(VerifyError::Missing)?, keys, policy)
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
        let child = self.only_child(namespace, name).ok_or(VerifyError::Missing)?;
        verify::verify(child, keys, policy)
    }

    /// Verifies a detached signature over the octets that the document was decoded from. They hold
    /// the whole document, so its root is verified with all that is in it.
    ///
    /// `algorithm` is a URI, as in `SigAlg`; the keys are tried as in [`Document::verify_root`], and the index of the
    /// one that fits is given back.
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
    ) -> Result<(Verified<Element>, usize), VerifyError> {
        if self.octets.is_empty() {
            return Err(VerifyError::Missing);
        }
        let key = verify::verify_octets(&self.octets, algorithm, signature, keys, policy)?;
        Ok((Verified::whole(self.whole()), key))
    }

    pub(crate) fn root(&self) -> Option<Node<'_>> {
        self.outline.node(&self.text, self.root)
    }

    /// May some of it be encrypted (xmlenc-core1 3.2)? Said by its text, before anything is believed.
    pub fn holds_ciphertext(&self) -> bool {
        memchr::memmem::find(self.text.as_bytes(), b"CipherData").is_some()
    }

    pub(crate) fn into_text(self) -> String {
        let Self { text, envelope, .. } = self;
        drop(envelope);
        Arc::unwrap_or_clone(text)
    }

    fn whole(&self) -> Element {
        self.root().map(|root| Element::of(&self.text, root)).unwrap_or_default()
    }

    fn only_child(&self, namespace: &str, name: &str) -> Option<Node<'_>> {
        let mut named = self.root()?.children().filter(|child| child.is(namespace, name));
        let first = named.next()?;
        named.next().is_none().then_some(first)
    }
}

fn is_signed(element: Node<'_>) -> bool {
    element.children().any(|child| child.is(DSIG, "Signature"))
}

/// What nobody may read before its signature was checked.
fn is_sealed(element: Node<'_>) -> bool {
    element.is(ASSERTION, "Assertion")
        || element.is(ASSERTION, "EncryptedAssertion")
        || element.is(DSIG, "Signature")
}

#[cfg(test)]
mod tests;
