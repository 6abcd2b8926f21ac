//! An XML element as plain owned data.
use std::borrow::Cow;

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::outline::{self, Namespace, Node, Piece};

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
    pub attributes: SmallVec<[Attribute; 2]>,
    /// Child elements in document order.
    pub children: Vec<Self>,
    /// The element's own character data, concatenated; comments never split it.
    pub text: SmolStr,
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
    /// The namespace of the last name that had one.
    last: Option<(Namespace, SmolStr)>,
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
    fn element(&mut self, node: Node<'_>) -> Element {
        let mut element = Element::default();
        self.fill(&mut element, node);
        element
    }

    /// In its place, because an element is large to move. Recursion is bounded by the gate's depth.
    fn fill(&mut self, element: &mut Element, node: Node<'_>) {
        element.name = node.name().into();
        element.namespace = self.namespace(node, node.place.namespace);
        element.attributes.reserve(node.attributes().len());
        for attribute in node.attributes() {
            element.attributes.push(self.attribute(node, attribute));
        }
        if self.is_shell.is_some_and(|is_shell| is_shell(node)) {
            return;
        }
        if plaintext_name(&element.namespace, &element.name).is_some() {
            let scope = node.scope().into_iter();
            element.scope = scope.map(|(prefix, uri)| (prefix.into(), uri.into())).collect();
        }
        element.children.resize_with(node.place.children, Element::default);
        let (mut children, mut text) = (element.children.iter_mut(), Cow::Borrowed(""));
        for piece in node.content() {
            let Piece::Start(child) = piece else {
                node.add_text(piece, &mut text);
                continue;
            };
            if let (Some(place), Some(child)) =
                (children.next(), node.outline.node(node.text, child))
            {
                self.fill(place, child);
            }
        }
        element.text = SmolStr::new(text);
    }

    fn attribute(&mut self, node: Node<'_>, attribute: &outline::Attribute) -> Attribute {
        let name = attribute.name.local(node.text).into();
        let namespace = self.namespace(node, attribute.namespace);
        Attribute { name, namespace, value: self.shared(&attribute.value.read(node.text)) }
    }

    fn namespace(&mut self, node: Node<'_>, namespace: Namespace) -> SmolStr {
        if namespace == Namespace::None {
            return SmolStr::default();
        }
        match &self.last {
            Some((last, uri)) if *last == namespace => uri.clone(),
            _ => {
                let uri = self.shared(node.uri(namespace));
                self.last = Some((namespace, uri.clone()));
                uri
            }
        }
    }

    fn shared(&mut self, text: &str) -> SmolStr {
        if text.len() <= IN_PLACE {
            return SmolStr::new(text);
        }
        if let Some(shared) = self.shared.iter().rev().take(NEAR).find(|shared| *shared == text) {
            return shared.clone();
        }
        let text = SmolStr::new(text);
        self.shared.push(text.clone());
        text
    }
}
