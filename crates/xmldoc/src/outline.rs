//! Where each piece of a text stands: what a reading leaves behind, so that nobody reads twice.
//!
//! Nothing is copied; an outline means something only together with its text.
mod name;
mod node;

use std::borrow::Cow;
use std::ops::Range;

pub(crate) use name::Name;
pub(crate) use node::Node;

use crate::reader::attribute_value;

/// The namespace of XML signatures (xmldsig-core1 1.1).
pub(crate) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// The namespace of the prefix `xml` (xml-names 3).
pub(crate) const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// From its first byte to just behind its last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    /// What of the text it is.
    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// The elements of a text and what is in them, in document order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) places: Vec<Place>,
    /// Of all elements, without namespace declarations.
    pub(crate) attributes: Vec<Attribute>,
    /// Those outside of the text, and of all elements.
    pub(crate) declarations: Vec<Declaration>,
    /// How many of `declarations` are outside of the text; they reach all of it.
    pub(crate) outside: usize,
    /// The content of all elements, the root between its own start and end.
    pub(crate) pieces: Vec<Piece>,
}

/// An element, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) span: Span,
    /// Just behind its start tag.
    pub(crate) content: usize,
    pub(crate) name: Name,
    pub(crate) namespace: Namespace,
    /// Number of the element around it.
    pub(crate) parent: Option<usize>,
    /// How many child elements it has.
    pub(crate) children: usize,
    /// Which of the outline's attributes, declarations and pieces it has.
    pub(crate) attributes: Range<usize>,
    pub(crate) declarations: Range<usize>,
    pub(crate) pieces: Range<usize>,
}

/// An attribute that is no namespace declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) name: Name,
    pub(crate) namespace: Namespace,
    pub(crate) value: Value,
}

/// What stands between an attribute's quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) span: Span,
    /// Means what is written: no `&`, and no white space but blanks.
    pub(crate) is_plain: bool,
}

impl Value {
    /// References resolved, white space normalised (XML 1.0 3.3.3).
    pub(crate) fn read(self, text: &str) -> Cow<'_, str> {
        let raw = self.span.of(text);
        if self.is_plain {
            return Cow::Borrowed(raw);
        }
        // It was read before, so it can be read again.
        Cow::Owned(attribute_value(raw).unwrap_or_default())
    }
}

/// What a prefix (empty: no prefix) means from here on inwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Declaration {
    pub(crate) prefix: Words,
    /// Empty when there is no namespace any more.
    pub(crate) uri: Words,
}

/// A piece of the text, or what is not in the text so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    At(Span),
    Own(Box<str>),
}

impl Words {
    pub(crate) fn of<'d>(&'d self, text: &'d str) -> &'d str {
        match self {
            Self::At(span) => span.of(text),
            Self::Own(words) => words,
        }
    }
}

/// What a name's prefix means, where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Namespace {
    None,
    /// The prefix `xml`, undeclared.
    Xml,
    /// Number of the declaration.
    Declared(usize),
}

/// What stands in an element, or is its start or end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Number of the element.
    Start(usize),
    End(usize),
    /// Character data as it is meant and canonically written: no `&`, `<`, `>`, and no CR.
    Text(Span),
    /// CR LF, or CR alone: one LF (XML 1.0 2.11).
    LineEnd,
    /// What a CDATA section holds, or a text with `>`, as it is written.
    CharacterData(Span),
    /// What a reference stands for.
    Character(char),
    /// As it is written.
    Comment(Span),
}

impl Outline {
    /// The element with this number.
    pub(crate) fn node<'d>(&'d self, text: &'d str, number: usize) -> Option<Node<'d>> {
        let place = self.places.get(number)?;
        Some(Node { text, outline: self, number, place })
    }
}
