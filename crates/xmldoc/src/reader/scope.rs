//! Which prefix means which namespace, element by element.
use std::borrow::Cow;
use std::cell::Cell;

use super::name::Name;
use crate::GateError;

/// What most messages need, so that the lists need not grow.
pub(super) const ROOM: usize = 16;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Canonicalisation repeats a URI in every element that uses it, and looks through all that are in
/// scope: without these bounds a message of 256 KiB makes gigabytes, before any signature counts.
const LONGEST_URI: usize = 256;
const MOST_IN_SCOPE: usize = 48;

/// What prefixes mean outside of what is read, innermost last, and which of that was needed.
#[derive(Default)]
pub(crate) struct Outside<'a>(Vec<(&'a str, &'a str, Cell<bool>)>);

impl<'a> Outside<'a> {
    pub(crate) fn new(declared: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self(declared.map(|(prefix, uri)| (prefix, uri, Cell::new(false))).collect())
    }

    /// Prefix and URI of those that a name needed, once each.
    pub(crate) fn used(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter(|row| row.2.get()).map(|row| (row.0, row.1))
    }

    fn look_up(&self, prefix: &str) -> Option<usize> {
        let row = self.0.iter().rposition(|row| row.0 == prefix)?;
        self.0.get(row)?.2.set(true);
        Some(row)
    }
}

/// What a prefix means, where it stands: a place in the scope, so that nothing is copied.
#[derive(Clone, Copy)]
pub(super) enum Namespace {
    None,
    /// The prefix `xml` (xml-names 3).
    Xml,
    Declared(usize),
    Outside(usize),
}

pub(super) struct Scope<'a, 'o> {
    outside: &'o Outside<'a>,
    /// Prefix and URI, innermost last.
    declared: Vec<(&'a str, Cow<'a, str>)>,
    open: Vec<Open<'a>>,
}

struct Open<'a> {
    /// As it is written.
    name: &'a str,
    /// How many of `declared` the element found.
    declared: usize,
}

impl<'a, 'o> Scope<'a, 'o> {
    pub(super) fn within(outside: &'o Outside<'a>) -> Self {
        Self { outside, declared: Vec::with_capacity(ROOM), open: Vec::with_capacity(ROOM) }
    }

    /// Prefix and URI, innermost last; a prefix may come again.
    pub(super) fn in_scope(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        let outside = self.outside.0.iter().map(|row| (row.0, row.1));
        outside.chain(self.declared.iter().map(|(prefix, uri)| (*prefix, &**uri)))
    }

    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// The name of the innermost open element, as it is written.
    pub(super) fn innermost(&self) -> Option<&'a str> {
        self.open.last().map(|open| open.name)
    }

    pub(super) fn open(&mut self, name: Name<'a>) {
        self.open.push(Open { name: name.raw, declared: self.declared.len() });
    }

    pub(super) fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            self.declared.truncate(open.declared);
        }
    }

    /// A declaration in the innermost open element.
    pub(super) fn declare(&mut self, prefix: &'a str, uri: Cow<'a, str>) -> Result<(), GateError> {
        // Only the default namespace can be undeclared (xml-names 6.2).
        let undeclares = prefix.is_empty() && uri.is_empty();
        if uri.is_empty() && !undeclares {
            return Err(GateError::Namespace("of a prefix is empty"));
        }
        if !undeclares && !is_absolute(&uri) {
            return Err(GateError::Namespace("is relative"));
        }
        // So that a canonical form has it as it is.
        if uri.bytes().any(in_no_uri) {
            return Err(GateError::Namespace("holds a character that no URI has"));
        }
        if uri.len() > LONGEST_URI {
            return Err(GateError::Namespace("is longer than 256 bytes"));
        }
        if self.declared.len() >= MOST_IN_SCOPE {
            return Err(GateError::Namespace("is one of more than 48 in scope"));
        }
        if (prefix == "xml") != (uri == XML) || prefix == "xmlns" || uri == XMLNS {
            return Err(GateError::Namespace("or its prefix is reserved"));
        }
        let before = self.open.last().map_or(0, |open| open.declared);
        if self.declared.iter().skip(before).any(|(declared, _)| *declared == prefix) {
            return Err(GateError::Malformed("an attribute twice in one element"));
        }
        self.declared.push((prefix, uri));
        Ok(())
    }

    pub(super) fn element(&self, name: Name<'_>) -> Result<Namespace, GateError> {
        let namespace = self.look_up(name.prefix);
        namespace.ok_or(GateError::Namespace("of a prefix is not declared"))
    }

    /// An attribute without prefix is in no namespace, whatever the default is (xml-names 6.2).
    pub(super) fn attribute(&self, name: Name<'_>) -> Result<Namespace, GateError> {
        if name.prefix.is_empty() { Ok(Namespace::None) } else { self.element(name) }
    }

    /// The URI, empty for none.
    pub(super) fn uri(&self, namespace: Namespace) -> &str {
        match namespace {
            Namespace::None => "",
            Namespace::Xml => XML,
            Namespace::Declared(row) => self.declared.get(row).map_or("", |(_, uri)| uri),
            Namespace::Outside(row) => self.outside.0.get(row).map_or("", |(_, uri, _)| uri),
        }
    }

    /// What a prefix means, without anything being said about its being used.
    pub(super) fn meaning_of(&self, prefix: &str) -> Option<&str> {
        self.in_scope().rev().find(|(declared, _)| *declared == prefix).map(|(_, uri)| uri)
    }

    pub(super) fn innermost_declares(&self) -> bool {
        self.open.last().is_some_and(|open| open.declared < self.declared.len())
    }

    fn look_up(&self, prefix: &str) -> Option<Namespace> {
        let inside = self.declared.iter().rposition(|(declared, _)| *declared == prefix);
        let outside = || self.outside.look_up(prefix).map(Namespace::Outside);
        inside.map(Namespace::Declared).or_else(outside).or(match prefix {
            "" => Some(Namespace::None),
            "xml" => Some(Namespace::Xml),
            _ => None,
        })
    }
}

/// ASCII that no URI has (RFC 3986 2), or that would have to be escaped in an attribute.
fn in_no_uri(b: u8) -> bool {
    b <= b' '
        || matches!(b, b'"' | b'&' | b'\'' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{'..=b'}' | 0x7f)
}

/// Has the URI a scheme (RFC 3986 3.1)?
fn is_absolute(uri: &str) -> bool {
    let Some((scheme, _)) = uri.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}
