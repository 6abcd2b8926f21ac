//! Which prefix means which namespace, element by element.
use std::borrow::Cow;
use std::cell::Cell;

use crate::GateError;
use crate::outline::{Declaration, Name, Namespace, Span, Value, Words, XML};
use crate::reader::attribute_value;

/// What most messages need, so that the lists need not grow.
const ROOM: usize = 16;

const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Canonicalisation repeats a URI in every element that uses it, and looks through all that are in
/// scope: without these bounds a message of 256 KiB makes gigabytes, before any signature counts.
const LONGEST_URI: usize = 256;
const MOST_IN_SCOPE: usize = 48;

/// How many declarations are looked through for the same one.
const NEAR: usize = 8;

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

    fn use_row(&self, number: usize) {
        if let Some(row) = self.0.get(number) {
            row.2.set(true);
        }
    }
}

/// What the open elements declare.
pub(super) struct Scope<'a, 'o> {
    text: &'a str,
    outside: &'o Outside<'a>,
    /// All declarations so far: those outside, and of all elements in document order.
    all: Vec<Declaration>,
    /// Prefixes in scope and which of all declarations says what they mean, innermost last.
    declared: Vec<(&'a str, usize)>,
    /// How many of `declared` each open element found.
    open: Vec<usize>,
}

impl<'a, 'o> Scope<'a, 'o> {
    /// With room for so many declarations.
    pub(super) fn within(text: &'a str, outside: &'o Outside<'a>, room: usize) -> Self {
        let mut scope = Self {
            text,
            outside,
            all: Vec::with_capacity(room),
            declared: Vec::with_capacity(ROOM),
            open: Vec::with_capacity(ROOM),
        };
        for (prefix, uri, _) in &outside.0 {
            scope.declared.push((prefix, scope.all.len()));
            let (prefix, uri) = (Words::Own((*prefix).into()), Words::Own((*uri).into()));
            scope.all.push(Declaration { prefix, uri });
        }
        scope
    }

    /// How many declarations there are so far.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    pub(super) fn into_declarations(self) -> Vec<Declaration> {
        self.all
    }

    pub(super) fn open(&mut self) {
        self.open.push(self.declared.len());
    }

    pub(super) fn close(&mut self) {
        if let Some(declared) = self.open.pop() {
            self.declared.truncate(declared);
        }
    }

    /// A declaration in the innermost open element.
    pub(super) fn declare(&mut self, prefix: Span, value: Value) -> Result<(), GateError> {
        let written = value.span.of(self.text);
        let uri = match value.is_plain {
            true => Cow::Borrowed(written),
            false => Cow::Owned(attribute_value(written)?),
        };
        let name = prefix.of(self.text);
        // Senders repeat declarations; what was good is good again.
        if !self.has_near(name, &uri) {
            check_uri(name, &uri)?;
        }
        if self.declared.len() - self.outside.0.len() >= MOST_IN_SCOPE {
            return Err(GateError::Namespace("is one of more than 48 in scope"));
        }
        check_reserved(name, &uri)?;
        let before = self.open.last().copied().unwrap_or_default();
        if self.declared.iter().skip(before).any(|(declared, _)| *declared == name) {
            return Err(GateError::Malformed("an attribute twice in one element"));
        }
        self.declared.push((name, self.all.len()));
        let uri = match uri {
            Cow::Borrowed(_) => Words::At(value.span),
            Cow::Owned(uri) => Words::Own(uri.into()),
        };
        self.all.push(Declaration { prefix: Words::At(prefix), uri });
        Ok(())
    }

    /// Was the same declared a little earlier?
    fn has_near(&self, prefix: &str, uri: &str) -> bool {
        let inside = self.all.get(self.outside.0.len()..).unwrap_or_default();
        inside.iter().rev().take(NEAR).any(|declaration| {
            declaration.prefix.of(self.text) == prefix && declaration.uri.of(self.text) == uri
        })
    }

    /// An element's namespace.
    pub(super) fn element(&self, name: Name) -> Result<Namespace, GateError> {
        let prefix = name.prefix(self.text);
        if let Some((_, number)) =
            self.declared.iter().rev().find(|(declared, _)| *declared == prefix)
        {
            self.outside.use_row(*number);
            return Ok(Namespace::Declared(*number));
        }
        match prefix {
            "" => Ok(Namespace::None),
            "xml" => Ok(Namespace::Xml),
            _ => Err(GateError::Namespace("of a prefix is not declared")),
        }
    }

    /// An attribute without prefix is in no namespace, whatever the default is (xml-names 6.2).
    pub(super) fn attribute(&self, name: Name) -> Result<Namespace, GateError> {
        if name.prefix == 0 { Ok(Namespace::None) } else { self.element(name) }
    }

    /// The URI, empty for none.
    pub(super) fn uri(&self, namespace: Namespace) -> &str {
        match namespace {
            Namespace::None => "",
            Namespace::Xml => XML,
            Namespace::Declared(number) => {
                self.all.get(number).map_or("", |declaration| declaration.uri.of(self.text))
            }
        }
    }
}

fn check_uri(prefix: &str, uri: &str) -> Result<(), GateError> {
    // Only the default namespace can be undeclared (xml-names 6.2).
    let undeclares = prefix.is_empty() && uri.is_empty();
    if uri.is_empty() && !undeclares {
        return Err(GateError::Namespace("of a prefix is empty"));
    }
    if !undeclares && !is_absolute(uri) {
        return Err(GateError::Namespace("is relative"));
    }
    // So that a canonical form has it as it is.
    if uri.bytes().any(in_no_uri) {
        return Err(GateError::Namespace("holds a character that no URI has"));
    }
    if uri.len() > LONGEST_URI {
        return Err(GateError::Namespace("is longer than 256 bytes"));
    }
    Ok(())
}

fn check_reserved(prefix: &str, uri: &str) -> Result<(), GateError> {
    if (prefix == "xml") != (uri == XML) || prefix == "xmlns" || uri == XMLNS {
        return Err(GateError::Namespace("or its prefix is reserved"));
    }
    Ok(())
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
