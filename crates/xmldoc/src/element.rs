//! An XML element as plain owned data.
use std::borrow::Cow;

use crate::reader::{self, Sink};
use crate::{GateError, Limits};

/// One attribute. `namespace` is empty for an attribute without a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub namespace: String,
    pub value: String,
}

/// One element with its attributes, child elements and character data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Local name, without prefix.
    pub name: String,
    /// Namespace URI; empty when the element is in no namespace.
    pub namespace: String,
    /// Attributes in document order, without namespace declarations.
    pub attributes: Vec<Attribute>,
    /// Child elements in document order.
    pub children: Vec<Element>,
    /// The element's own character data, concatenated; comments never split it.
    pub text: String,
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
    ) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |c| c.is(namespace, name))
    }

    /// The first child element `{namespace}name`.
    pub fn child(&self, namespace: &str, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.is(namespace, name))
    }
}

/// Reads canonical XML, the bytes that a digest was taken of.
///
/// libxml2 wrote them from a tree that had passed the gate, so the bounds on it still hold.
pub(crate) fn from_canonical(bytes: &[u8]) -> Result<Element, GateError> {
    let any = usize::MAX;
    let limits = Limits { bytes: any, depth: any, elements: any, attributes: any };
    let mut builder = Builder::default();
    reader::read(bytes, &limits, &mut builder)?;
    builder.root.ok_or(GateError::Malformed("no element"))
}

/// Elements that are open, outermost first, and the root once it is closed.
#[derive(Default)]
struct Builder {
    open: Vec<Element>,
    root: Option<Element>,
}

impl Sink for Builder {
    fn open(&mut self, namespace: &str, name: &str) {
        let (name, namespace) = (name.into(), namespace.into());
        self.open.push(Element { name, namespace, ..Element::default() });
    }

    fn attribute(&mut self, namespace: &str, name: &str, value: Cow<'_, str>) {
        if let Some(element) = self.open.last_mut() {
            let (name, namespace, value) = (name.into(), namespace.into(), value.into_owned());
            element.attributes.push(Attribute { name, namespace, value });
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut() {
            element.text.push_str(text);
        }
    }

    fn close(&mut self) {
        let Some(element) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }
}
