//! A libxml2 tree, read only, and its nodes for as long as the tree lives.
use std::borrow::Cow;
use std::ffi::{CStr, c_char, c_int};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use super::{Silence, init, sys};

/// From here on libxml2 wants to be told that a document may be this large, bytes.
const HUGE: usize = 10_000_000;

/// Why libxml2 made no tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// There was no memory for it.
    OutOfMemory,
    /// libxml2's own sentence.
    Refused(String),
}

/// A parsed document.
pub struct Tree {
    document: NonNull<sys::xmlDoc>,
    /// Bytes that it was parsed from.
    length: usize,
}

impl Tree {
    /// One parse: no network, no DTD, no entities; CDATA sections become text.
    ///
    /// # Errors
    /// It is not well-formed, or there is no memory.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        init();
        let size = c_int::try_from(bytes.len())
            .map_err(|_| ParseError::Refused("is larger than 2 GiB".into()))?;
        let context = ParserContext::new().ok_or(ParseError::OutOfMemory)?;
        let options = sys::XML_PARSE_NONET
            | sys::XML_PARSE_NOERROR
            | sys::XML_PARSE_NOWARNING
            | sys::XML_PARSE_NOCDATA
            | sys::XML_PARSE_COMPACT;
        // libxml2's own limit is below the largest metadata; the gate has bounded everything else.
        let options = if bytes.len() < HUGE { options } else { options | sys::XML_PARSE_HUGE };
        // NOERROR does not cover what libxml2 says of a bad xml:id.
        let _silence = Silence::new();
        // SAFETY: `bytes` holds `size` bytes and is read during the call only; libxml2 keeps no
        // pointer into it. URL and encoding may be null.
        let doc = unsafe {
            sys::xmlCtxtReadMemory(
                context.0.as_ptr(),
                bytes.as_ptr().cast::<c_char>(),
                size,
                ptr::null(),
                c"UTF-8".as_ptr(),
                options as c_int,
            )
        };
        let document = NonNull::new(doc).ok_or_else(|| context.error())?;
        Ok(Self { document, length: bytes.len() })
    }

    /// The root element.
    pub fn root(&self) -> Option<Node<'_>> {
        // SAFETY: the document is live; the node it returns lives as long.
        let root = unsafe { sys::xmlDocGetRootElement(self.document.as_ptr()) };
        NonNull::new(root).map(|pointer| Node { pointer, tree: PhantomData })
    }

    /// Bytes that it was parsed from.
    pub fn length(&self) -> usize {
        self.length
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // SAFETY: `self` is the only owner, and no `Node` outlives it.
        unsafe { sys::xmlFreeDoc(self.document.as_ptr()) };
    }
}

struct ParserContext(NonNull<sys::xmlParserCtxt>);

impl ParserContext {
    fn new() -> Option<Self> {
        // SAFETY: no arguments.
        NonNull::new(unsafe { sys::xmlNewParserCtxt() }).map(Self)
    }

    fn error(&self) -> ParseError {
        // SAFETY: the error lives in the context; its message is null or a C string.
        unsafe {
            let Some(error) = sys::xmlCtxtGetLastError(self.0.as_ptr().cast()).as_ref() else {
                return ParseError::Refused("libxml2 gave no reason".into());
            };
            if error.code == sys::XML_ERR_NO_MEMORY as c_int {
                return ParseError::OutOfMemory;
            }
            let message = text(error.message.cast()).trim();
            ParseError::Refused(format!("{message} (line {})", error.line))
        }
    }
}

impl Drop for ParserContext {
    fn drop(&mut self) {
        // SAFETY: `self` is the only owner; the document has left the context.
        unsafe { sys::xmlFreeParserCtxt(self.0.as_ptr()) };
    }
}

/// An element of a tree.
#[derive(Clone, Copy, Debug)]
pub struct Node<'tree> {
    pointer: NonNull<sys::xmlNode>,
    tree: PhantomData<&'tree Tree>,
}

/// What stands in an element.
pub enum Child<'tree> {
    /// An element.
    Element(Node<'tree>),
    /// Character data.
    Text(&'tree str),
    /// A comment, or what the gate should have kept out.
    Other,
}

impl<'tree> Node<'tree> {
    fn raw(self) -> &'tree sys::xmlNode {
        // SAFETY: the node belongs to the tree, which lives for 'tree; only canonicalisation changes
        // links in it, puts them back, and holds no reference that it got from here.
        unsafe { self.pointer.as_ref() }
    }

    pub(crate) fn as_ptr(self) -> *mut sys::xmlNode {
        self.pointer.as_ptr()
    }

    /// Local name.
    pub fn name(self) -> &'tree str {
        // SAFETY: an element's name is a C string of the tree.
        unsafe { text(self.raw().name) }
    }

    /// Namespace URI, empty when there is none.
    pub fn namespace(self) -> &'tree str {
        // SAFETY: the element's namespace lives in the tree.
        unsafe { namespace(self.raw().ns) }
    }

    /// The name as it is written, with its prefix.
    pub(crate) fn qualified_name(self) -> String {
        // SAFETY: the element's namespace lives in the tree; a prefix is null or a C string of it.
        let prefix = unsafe { self.raw().ns.as_ref().map_or("", |ns| text(ns.prefix)) };
        if prefix.is_empty() { self.name().into() } else { [prefix, ":", self.name()].concat() }
    }

    /// Is this `{namespace}name`?
    pub fn is(self, namespace: &str, name: &str) -> bool {
        self.name() == name && self.namespace() == namespace
    }

    /// (namespace, local name) of each attribute, in document order.
    pub fn attribute_names(self) -> impl Iterator<Item = (&'tree str, &'tree str)> {
        self.raw_attributes().map(|attribute| {
            // SAFETY: the attribute and what it points to live in the tree.
            unsafe { (namespace(attribute.as_ref().ns), text(attribute.as_ref().name)) }
        })
    }

    /// (namespace, local name, value), in document order.
    pub fn attributes(self) -> impl Iterator<Item = (&'tree str, &'tree str, Cow<'tree, str>)> {
        self.raw_attributes().map(|attribute| {
            // SAFETY: the attribute and what it points to live in the tree.
            unsafe {
                let attribute = attribute.as_ref();
                (namespace(attribute.ns), text(attribute.name), value(attribute))
            }
        })
    }

    /// The value of the attribute `name` that is in no namespace.
    pub fn attribute(self, name: &str) -> Option<Cow<'tree, str>> {
        let mut attributes = self.attributes();
        attributes.find(|row| row.0.is_empty() && row.1 == name).map(|(_, _, value)| value)
    }

    fn raw_attributes(self) -> impl Iterator<Item = NonNull<sys::xmlAttr>> {
        std::iter::successors(NonNull::new(self.raw().properties), |attribute| {
            // SAFETY: the list of attributes lives in the tree.
            NonNull::new(unsafe { attribute.as_ref().next })
        })
    }

    /// Prefix (empty: the default namespace) and URI of what is declared here and further out,
    /// innermost last.
    pub fn namespaces_in_scope(self) -> Vec<(String, String)> {
        let mut outwards = Vec::new();
        let mut element = Some(self.raw());
        // The root's parent is the document, which has another shape.
        while let Some(node) = element.filter(|node| node.type_ == sys::XML_ELEMENT_NODE) {
            let inner = outwards.len();
            let mut declared = node.nsDef;
            // SAFETY: an element's declarations live in the tree; both strings are null or C strings.
            while let Some(ns) = unsafe { declared.as_ref() } {
                // SAFETY: as above.
                outwards.insert(inner, unsafe { (text(ns.prefix).into(), text(ns.href).into()) });
                declared = ns.next;
            }
            // SAFETY: every node of a tree begins with the fields up to `parent` and `type_`, and
            // its parent lives in the same tree.
            element = unsafe { node.parent.as_ref() };
        }
        outwards.reverse();
        outwards
    }

    /// Child elements, text and the rest, in document order.
    pub fn content(self) -> impl Iterator<Item = Child<'tree>> {
        let first = NonNull::new(self.raw().children);
        let nodes = std::iter::successors(first, |node| {
            // SAFETY: the list of children lives in the tree.
            NonNull::new(unsafe { node.as_ref().next })
        });
        nodes.map(|pointer| {
            // SAFETY: as above; a text node's content is null or a C string.
            unsafe {
                match pointer.as_ref().type_ {
                    sys::XML_ELEMENT_NODE => Child::Element(Node { pointer, tree: PhantomData }),
                    sys::XML_TEXT_NODE => Child::Text(text(pointer.as_ref().content)),
                    _ => Child::Other,
                }
            }
        })
    }

    /// Child elements, in document order.
    pub fn elements(self) -> impl Iterator<Item = Node<'tree>> {
        self.content().filter_map(|child| match child {
            Child::Element(node) => Some(node),
            Child::Text(_) | Child::Other => None,
        })
    }
}

/// A C string of the tree; libxml2 holds UTF-8 only, and the gate let nothing else in.
///
/// # Safety
/// `string` is null or a C string that lives for 'a.
unsafe fn text<'a>(string: *const sys::xmlChar) -> &'a str {
    if string.is_null() {
        return "";
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(string.cast()) }.to_str().unwrap_or_default()
}

/// # Safety
/// `ns` is null or lives for 'a.
unsafe fn namespace<'a>(ns: *const sys::xmlNs) -> &'a str {
    // SAFETY: the caller's promise; href is null or a C string of the tree.
    unsafe { ns.as_ref().map_or("", |ns| text(ns.href)) }
}

/// # Safety
/// The attribute is part of a tree that lives for 'a.
unsafe fn value<'a>(attribute: &sys::xmlAttr) -> Cow<'a, str> {
    let mut value = Cow::Borrowed("");
    let mut part = attribute.children;
    // SAFETY: an attribute's children are text nodes of the tree; there are no other entities.
    while let Some(node) = unsafe { part.as_ref() } {
        // SAFETY: as above.
        value += unsafe { text(node.content) };
        part = node.next;
    }
    value
}
