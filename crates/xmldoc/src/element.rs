//! An XML element as plain owned data.
use std::borrow::Cow;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::Excerpt;
use crate::outline::{self, Namespace, Node, Piece, Span, Words};

pub(crate) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

/// One attribute. `namespace` is empty for an attribute without a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Local name, without the prefix.
    pub name: Excerpt,
    /// URI of the namespace: which prefix stood for it is forgotten.
    pub namespace: Excerpt,
    /// References resolved, white space normalised (XML 1.0 3.3.3).
    pub value: Excerpt,
}

/// A namespace prefix (empty: the default namespace) and its URI.
pub(crate) type Declaration = (String, String);

/// One element with its attributes, child elements and character data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Local name, without prefix.
    pub name: Excerpt,
    /// Namespace URI; empty when the element is in no namespace.
    pub namespace: Excerpt,
    /// Attributes in document order, without namespace declarations.
    pub attributes: SmallVec<[Attribute; 2]>,
    /// Child elements in document order.
    pub children: Vec<Self>,
    /// The element's own character data, concatenated; comments never split it.
    pub text: Excerpt,
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

impl Element {
    /// All of an element of `text`.
    pub(crate) fn of(text: &Arc<String>, node: Node<'_>) -> Self {
        Self::with_shells(text, node, |_| false)
    }

    /// An element of `text`; of what `is_shell` picks only the start tag.
    pub(crate) fn with_shells(
        text: &Arc<String>,
        node: Node<'_>,
        is_shell: fn(Node<'_>) -> bool,
    ) -> Self {
        let mut element = Self::default();
        Builder { text, is_shell, last: None }.fill(&mut element, node);
        element
    }
}

/// Makes elements of what was read.
struct Builder<'t> {
    text: &'t Arc<String>,
    is_shell: fn(Node<'_>) -> bool,
    /// The namespace of the last name that had one.
    last: Option<(Namespace, Excerpt)>,
}

impl Builder<'_> {
    /// In its place, because an element is large to move. Recursion is bounded by the gate's depth.
    fn fill(&mut self, element: &mut Element, node: Node<'_>) {
        element.name = self.excerpt(node.place.name.local_span());
        element.namespace = self.namespace(node, node.place.namespace);
        element.attributes.reserve(node.attributes().len());
        for attribute in node.attributes() {
            element.attributes.push(self.attribute(node, attribute));
        }
        if (self.is_shell)(node) {
            return;
        }
        if plaintext_name(&element.namespace, &element.name).is_some() {
            let scope = node.scope().into_iter();
            element.scope = scope.map(|(prefix, uri)| (prefix.into(), uri.into())).collect();
        }
        element.children.resize_with(node.place.children, Element::default);
        // What comes in several pieces stands nowhere as one.
        let (mut children, mut is_whole) = (element.children.iter_mut(), true);
        for piece in node.content() {
            match piece {
                Piece::Text(span) if element.text.is_empty() => element.text = self.excerpt(span),
                Piece::Start(child) => {
                    let child = node.outline.node(node.text, child);
                    if let (Some(place), Some(child)) = (children.next(), child) {
                        self.fill(place, child);
                    }
                }
                Piece::End(_) | Piece::Comment(_) => {}
                _ => is_whole = false,
            }
        }
        if !is_whole {
            element.text = node.own_text().into_owned().into();
        }
    }

    fn attribute(&mut self, node: Node<'_>, attribute: &outline::Attribute) -> Attribute {
        let name = self.excerpt(attribute.name.local_span());
        let namespace = self.namespace(node, attribute.namespace);
        let value = match attribute.value.read(node.text) {
            Cow::Borrowed(_) => self.excerpt(attribute.value.span),
            Cow::Owned(value) => value.into(),
        };
        Attribute { name, namespace, value }
    }

    fn namespace(&mut self, node: Node<'_>, namespace: Namespace) -> Excerpt {
        if namespace == Namespace::None {
            return Excerpt::default();
        }
        match &self.last {
            Some((last, uri)) if *last == namespace => uri.clone(),
            _ => {
                let uri = match node.uri_words(namespace) {
                    Some(Words::At(span)) => self.excerpt(*span),
                    _ => node.uri(namespace).into(),
                };
                self.last = Some((namespace, uri.clone()));
                uri
            }
        }
    }

    fn excerpt(&self, span: Span) -> Excerpt {
        Excerpt::new(self.text, span)
    }
}
