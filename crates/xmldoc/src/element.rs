//! An XML element as plain owned data.
use smol_str::SmolStr;

use crate::outline::{self, Node, Piece};

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

/// How many texts are looked through before another string is made of one.
const NEAR: usize = 8;

/// Bytes that need no allocation.
const IN_PLACE: usize = 23;

/// Makes elements of what was read.
#[derive(Default)]
pub(crate) struct Builder {
    /// Of an element that this picks only the start tag is taken.
    is_shell: Option<fn(Node<'_>) -> bool>,
    /// Namespaces and values too long to be held in place: most come again and again.
    shared: Vec<SmolStr>,
}

impl Element {
    /// All of an element.
    pub(crate) fn of(node: Node<'_>) -> Self {
        Builder::default().element(node)
    }

    /// An element; of what `is_shell` picks only the start tag.
    pub(crate) fn with_shells(node: Node<'_>, is_shell: fn(Node<'_>) -> bool) -> Self {
        Builder { is_shell: Some(is_shell), ..Builder::default() }.element(node)
    }
}

impl Builder {
    /// Recursion is bounded by the gate's depth.
    fn element(&mut self, node: Node<'_>) -> Element {
        let (name, namespace) = (node.name().into(), self.shared(node.namespace()));
        let attributes = node.attributes().iter().map(|attribute| self.attribute(node, attribute));
        let attributes = attributes.collect();
        let mut element = Element { name, namespace, attributes, ..Element::default() };
        if self.is_shell.is_some_and(|is_shell| is_shell(node)) {
            return element;
        }
        if plaintext_name(&element.namespace, &element.name).is_some() {
            let scope = node.scope().into_iter();
            element.scope = scope.map(|(prefix, uri)| (prefix.into(), uri.into())).collect();
        }
        element.children.reserve_exact(node.place.children);
        for piece in node.content() {
            match piece {
                Piece::Start(child) => {
                    let child = node.outline.node(node.text, child);
                    element.children.extend(child.map(|child| self.element(child)));
                }
                piece => node.push_text(piece, &mut element.text),
            }
        }
        element
    }

    fn attribute(&mut self, node: Node<'_>, attribute: &outline::Attribute) -> Attribute {
        let name = attribute.name.local(node.text).into();
        let namespace = self.shared(node.uri(attribute.namespace));
        Attribute { name, namespace, value: self.shared(&attribute.value.read(node.text)) }
    }

    fn shared(&mut self, text: &str) -> SmolStr {
        if text.len() <= IN_PLACE {
            return SmolStr::new_inline(text);
        }
        if let Some(shared) = self.shared.iter().rev().take(NEAR).find(|shared| *shared == text) {
            return shared.clone();
        }
        let text = SmolStr::new(text);
        self.shared.push(text.clone());
        text
    }
}
