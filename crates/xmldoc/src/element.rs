//! An XML element as plain owned data.
use smol_str::SmolStr;

use crate::reader::{self, Part, Sink, StartTag};
use crate::{GateError, Limits};

pub(crate) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

/// One attribute. `namespace` is empty for an attribute without a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Local name, without the prefix.
    pub name: SmolStr,
    /// URI of the namespace: which prefix stood for it is forgotten.
    pub namespace: SmolStr,
    /// References resolved, white space normalised (XML 1.0 3.3.3).
    pub value: SmolStr,
}

/// A namespace prefix (empty: the default namespace) and its URI.
pub(crate) type Declaration = (String, String);

/// One element with its attributes, child elements and character data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Local name, without prefix.
    pub name: SmolStr,
    /// Namespace URI; empty when the element is in no namespace.
    pub namespace: SmolStr,
    /// Attributes in document order, without namespace declarations.
    pub attributes: Vec<Attribute>,
    /// Child elements in document order.
    pub children: Vec<Self>,
    /// The element's own character data, concatenated; comments never split it.
    pub text: String,
    /// The declarations in scope, innermost last; only of an element that holds ciphertext.
    pub(crate) scope: Vec<Declaration>,
}

impl Element {
    /// Is this `{namespace}name`?
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.name == name && self.namespace == namespace
    }

    /// The value of the attribute `name` that is in no namespace.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attribute_ns("", name)
    }

    /// The value of the attribute `{namespace}name`.
    pub fn attribute_ns(&self, namespace: &str, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|a| a.name == name && a.namespace == namespace)
            .map(|a| a.value.as_str())
    }

    /// Child elements `{namespace}name`, in document order.
    pub fn children_named<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |c| c.is(namespace, name))
    }

    /// The first child element `{namespace}name`.
    pub fn child(&self, namespace: &str, name: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.is(namespace, name))
    }
}

/// What an element of this name must decrypt to (Core 2.2.4, 2.3.4, 2.7.3.2); `None`: it holds no ciphertext.
pub(crate) fn plaintext_name(namespace: &str, name: &str) -> Option<&'static str> {
    match name {
        "EncryptedAssertion" if namespace == ASSERTION => Some("Assertion"),
        "EncryptedID" if namespace == ASSERTION => Some("NameID"),
        "EncryptedAttribute" if namespace == ASSERTION => Some("Attribute"),
        _ => None,
    }
}

/// Reads canonical XML, the bytes that a digest was taken of.
///
/// It was made of a document that had passed the gate, so the bounds on it still hold.
pub(crate) fn from_canonical(text: &str) -> Result<Element, GateError> {
    let mut builder = Builder::default();
    reader::read(text, &Limits::NONE, &mut builder)?;
    builder.root().ok_or(GateError::Malformed("no element"))
}

/// Reads one element of a document that has passed the gate.
pub(crate) fn read_part(part: &Part<'_>) -> Result<Element, GateError> {
    let mut builder = Builder::default();
    reader::read_part(part, None, &mut builder)?;
    builder.root().ok_or(GateError::Malformed("no element"))
}

/// How many namespaces are looked through before another string is made of one.
const SHARED: usize = 8;

/// Makes elements of what the reader finds.
#[derive(Default)]
pub(crate) struct Builder {
    /// Of an element that this picks only the start tag is taken.
    is_shell: Option<fn(&StartTag<'_, '_>) -> bool>,
    /// How many elements are open from a shell on inwards.
    in_shell: usize,
    /// Elements that are open, outermost first, each with how many of `closed` it found.
    open: Vec<(Element, usize)>,
    /// Elements whose parent is open; in the end, the root.
    closed: Vec<Element>,
    /// The document's namespaces, which nearly all elements share.
    namespaces: Vec<SmolStr>,
    /// Comments, but for those in shells.
    comments: usize,
}

impl Builder {
    pub(crate) fn with_shells(is_shell: fn(&StartTag<'_, '_>) -> bool) -> Self {
        Self { is_shell: Some(is_shell), ..Self::default() }
    }

    /// Was there a comment outside of shells?
    pub(crate) fn has_comments(&self) -> bool {
        self.comments > 0
    }

    /// What was read, once all of it is closed.
    pub(crate) fn root(mut self) -> Option<Element> {
        self.closed.pop()
    }

    fn namespace(&mut self, uri: &str) -> SmolStr {
        if uri.is_empty() {
            return SmolStr::default();
        }
        if let Some(shared) = self.namespaces.iter().rev().take(SHARED).find(|n| *n == uri) {
            return shared.clone();
        }
        let namespace = SmolStr::new(uri);
        self.namespaces.push(namespace.clone());
        namespace
    }

    fn attributes(&mut self, tag: &StartTag<'_, '_>) -> Vec<Attribute> {
        let mut attributes = Vec::with_capacity(tag.attributes.len());
        for attribute in tag.attributes {
            let namespace = self.namespace(tag.namespace_of(attribute));
            let (name, value) = (attribute.name.local.into(), SmolStr::new(&attribute.value));
            attributes.push(Attribute { name, namespace, value });
        }
        attributes
    }
}

impl<'a> Sink<'a> for Builder {
    fn open(&mut self, tag: &StartTag<'a, '_>) {
        if self.in_shell > 0 {
            self.in_shell += 1;
            return;
        }
        if self.is_shell.is_some_and(|is_shell| is_shell(tag)) {
            self.in_shell = 1;
        }
        let (name, namespace) = (tag.name.local.into(), self.namespace(tag.namespace()));
        let attributes = self.attributes(tag);
        let mut element = Element { name, namespace, attributes, ..Element::default() };
        if self.in_shell == 0 && plaintext_name(&element.namespace, &element.name).is_some() {
            element.scope =
                tag.in_scope().map(|(prefix, uri)| (prefix.into(), uri.into())).collect();
        }
        self.open.push((element, self.closed.len()));
    }

    fn text(&mut self, text: &str) {
        if let Some((element, _)) = self.open.last_mut().filter(|_| self.in_shell == 0) {
            element.text.push_str(text);
        }
    }

    fn comment(&mut self, _: &'a str) {
        self.comments += usize::from(self.in_shell == 0);
    }

    fn close(&mut self, _: usize) {
        if self.in_shell > 1 {
            self.in_shell -= 1;
            return;
        }
        self.in_shell = 0;
        let Some((mut element, before)) = self.open.pop() else { return };
        if before < self.closed.len() {
            element.children = self.closed.split_off(before);
        }
        self.closed.push(element);
    }
}
