//! A strict reader of namespace-well-formed XML without DTD: what both the gate and the reading of
//! digested bytes are made of, so that the two cannot disagree.
mod reference;
mod scope;

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesDecl, Event};

use crate::{GateError, Limits};
use scope::Scope;

/// Takes what the reader finds, in document order.
pub(crate) trait Sink {
    fn open(&mut self, namespace: &str, name: &str);
    /// Follows its element's `open`; namespace declarations are not attributes.
    fn attribute(&mut self, namespace: &str, name: &str, value: Cow<'_, str>);
    fn text(&mut self, text: &str);
    fn close(&mut self);
}

/// Takes nothing.
impl Sink for () {
    fn open(&mut self, _: &str, _: &str) {}
    fn attribute(&mut self, _: &str, _: &str, _: Cow<'_, str>) {}
    fn text(&mut self, _: &str) {}
    fn close(&mut self) {}
}

/// Reads the document to its end or to its first fault.
pub(crate) fn read(bytes: &[u8], limits: &Limits, sink: &mut impl Sink) -> Result<(), GateError> {
    if bytes.len() > limits.bytes {
        return Err(GateError::TooLarge { bytes: bytes.len(), limit: limits.bytes });
    }
    let text = characters(bytes)?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut document = Document::new(text, limits, sink);
    loop {
        let start = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = reader.read_event().map_err(|e| malformed(&e))?;
        let end = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match event {
            Event::Start(_) => document.open(start, end, 1)?,
            Event::Empty(_) => {
                document.open(start, end, 2)?;
                document.close();
            }
            Event::End(_) => document.close(),
            Event::Text(piece) => document.text(&piece)?,
            Event::CData(piece) => document.character_data(&piece)?,
            Event::GeneralRef(name) => document.reference(&name)?,
            Event::Comment(_) => {}
            Event::Decl(declaration) => document.declaration(start, &declaration)?,
            Event::PI(_) => return Err(GateError::ProcessingInstruction),
            Event::DocType(_) => return Err(GateError::Doctype),
            Event::Eof => return document.end(),
        }
    }
}

/// The text after a byte order mark, when it is UTF-8 and each character may stand in XML 1.0.
fn characters(bytes: &[u8]) -> Result<&str, GateError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| GateError::NotUtf8)?;
    // No early end: so the loop runs on many bytes at a time.
    let control = |b: u8| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r');
    if bytes.iter().fold(false, |found, b| found | control(*b)) {
        // UTF-16 of ASCII is valid UTF-8, with a NUL in every second place.
        let nul = bytes.contains(&0);
        return Err(if nul {
            GateError::NotUtf8
        } else {
            GateError::Malformed("a control character")
        });
    }
    let noncharacter = |w: &[u8]| matches!(w, [0xEF, 0xBF, 0xBE | 0xBF]);
    if bytes.contains(&0xEF) && bytes.windows(3).any(noncharacter) {
        return Err(GateError::Malformed("the character U+FFFE or U+FFFF"));
    }
    Ok(text)
}

fn malformed(error: &quick_xml::Error) -> GateError {
    use quick_xml::errors::{Error, IllFormedError, SyntaxError};
    match error {
        Error::Syntax(SyntaxError::UnclosedDoctype | SyntaxError::InvalidBangMarkup) => {
            GateError::Doctype
        }
        Error::IllFormed(IllFormedError::MissingDoctypeName) => GateError::Doctype,
        Error::IllFormed(
            IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_),
        ) => GateError::Malformed("an end tag that closes no open element"),
        Error::IllFormed(IllFormedError::DoubleHyphenInComment) => {
            GateError::Malformed("`--` in a comment")
        }
        Error::IllFormed(IllFormedError::UnclosedReference) => GateError::Entity,
        _ => GateError::Malformed("markup that is never closed"),
    }
}

struct Document<'a, S> {
    text: &'a str,
    limits: &'a Limits,
    sink: &'a mut S,
    scope: Scope<'a>,
    /// Values of ID, Id and id attributes.
    ids: Vec<Cow<'a, str>>,
    elements: usize,
    /// Attributes of the current element but for declarations; kept for its memory.
    attributes: Vec<(Name<'a>, Cow<'a, str>)>,
}

impl<'a, S: Sink> Document<'a, S> {
    fn new(text: &'a str, limits: &'a Limits, sink: &'a mut S) -> Self {
        let (ids, attributes) = (Vec::new(), Vec::new());
        Self { text, limits, sink, scope: Scope::default(), ids, elements: 0, attributes }
    }

    /// `text[start..end]` is a start tag; its last `tail` bytes are `>` or `/>`.
    fn open(&mut self, start: usize, end: usize, tail: usize) -> Result<(), GateError> {
        self.count()?;
        let text: &'a str = self.text;
        let tag = end.checked_sub(tail).and_then(|end| text.get(start + 1..end));
        let tag = tag.ok_or(GateError::Malformed("a broken start tag"))?;
        let length = tag.find([' ', '\t', '\r', '\n']).unwrap_or(tag.len());
        let name = Name::new(tag.get(..length).unwrap_or_default())?;
        self.scope.open();
        self.read_attributes(Attributes::new(tag, length))?;
        self.hand_over(name)
    }

    fn count(&mut self) -> Result<(), GateError> {
        if self.elements > 0 && self.scope.depth() == 0 {
            return Err(GateError::Malformed("a second root element"));
        }
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(GateError::TooManyElements { limit: self.limits.elements });
        }
        if self.scope.depth() >= self.limits.depth {
            return Err(GateError::TooDeep { limit: self.limits.depth });
        }
        Ok(())
    }

    /// Sorts a start tag's attributes into declarations, IDs and the rest.
    fn read_attributes(&mut self, attributes: Attributes<'a>) -> Result<(), GateError> {
        self.attributes.clear();
        for (index, attribute) in attributes.enumerate() {
            let attribute = attribute.map_err(|_| GateError::Malformed("a broken attribute"))?;
            if index >= self.limits.attributes {
                return Err(GateError::TooManyAttributes { limit: self.limits.attributes });
            }
            let name = Name::new(attribute.key.0)?;
            let value = reference::attribute_value(attribute.value)?;
            match (name.prefix, name.local) {
                ("", "xmlns") => self.scope.declare("", value)?,
                ("xmlns", prefix) => self.scope.declare(prefix, value)?,
                _ => {
                    if matches!(name.local, "ID" | "Id" | "id") {
                        self.ids.push(value.clone());
                    }
                    self.attributes.push((name, value));
                }
            }
        }
        Ok(())
    }

    fn hand_over(&mut self, name: Name<'a>) -> Result<(), GateError> {
        self.sink.open(self.scope.element(name)?, name.local);
        self.unique_expanded_names()?;
        for (name, value) in self.attributes.drain(..) {
            self.sink.attribute(self.scope.attribute(name)?, name.local, value);
        }
        Ok(())
    }

    /// Two prefixes of one namespace make one attribute twice (xml-names 6.3).
    fn unique_expanded_names(&self) -> Result<(), GateError> {
        let prefixed =
            || self.attributes.iter().map(|a| a.0).filter(|name| !name.prefix.is_empty());
        for (index, first) in prefixed().enumerate() {
            for second in prefixed().skip(index + 1).filter(|second| second.local == first.local) {
                if self.scope.attribute(first)? == self.scope.attribute(second)? {
                    return Err(GateError::Malformed("an attribute twice in one element"));
                }
            }
        }
        Ok(())
    }

    fn close(&mut self) {
        self.scope.close();
        self.sink.close();
    }

    fn text(&mut self, text: &str) -> Result<(), GateError> {
        if self.scope.depth() > 0 {
            self.sink.text(text);
            return Ok(());
        }
        if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
            return Ok(());
        }
        Err(GateError::Malformed("text outside the root element"))
    }

    fn character_data(&mut self, text: &str) -> Result<(), GateError> {
        if self.scope.depth() == 0 {
            return Err(GateError::Malformed("text outside the root element"));
        }
        self.sink.text(text);
        Ok(())
    }

    fn reference(&mut self, name: &str) -> Result<(), GateError> {
        let character = reference::resolve(name)?;
        self.character_data(character.encode_utf8(&mut [0; 4]))
    }

    fn declaration(&self, start: usize, declaration: &BytesDecl<'_>) -> Result<(), GateError> {
        if start != 0 {
            return Err(GateError::Malformed("an XML declaration that is not at the start"));
        }
        if !declaration.version().is_ok_and(|version| version == "1.0") {
            return Err(GateError::Malformed("another version than XML 1.0"));
        }
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(encoding)) if encoding.eq_ignore_ascii_case("utf-8") => Ok(()),
            Some(_) => Err(GateError::NotUtf8),
        }
    }

    fn end(mut self) -> Result<(), GateError> {
        if self.scope.depth() > 0 {
            return Err(GateError::Malformed("an element that is never closed"));
        }
        if self.elements == 0 {
            return Err(GateError::Malformed("no element"));
        }
        self.ids.sort_unstable();
        if self.ids.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(GateError::DuplicateId);
        }
        Ok(())
    }
}

/// `prefix:local`, the prefix empty when there is none.
#[derive(Clone, Copy)]
struct Name<'a> {
    prefix: &'a str,
    local: &'a str,
}

impl<'a> Name<'a> {
    fn new(name: &'a str) -> Result<Self, GateError> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let good =
            is_ncname(local) && (prefix.len() + local.len() == name.len() || is_ncname(prefix));
        if good { Ok(Self { prefix, local }) } else { Err(GateError::Malformed("a name")) }
    }
}

/// ASCII by the letter of XML; what lies above it is for libxml2 to judge.
fn is_ncname(name: &str) -> bool {
    let starts = name.bytes().next().is_some_and(|b| !matches!(b, b'0'..=b'9' | b'-' | b'.'));
    starts && name.bytes().fold(true, |good, b| good & (NAME >> (b.min(127)) & 1 == 1))
}

/// One bit for each ASCII character of a name; the last one, no character, stands for all above.
const NAME: u128 = {
    let mut bits = 1 << 127;
    let mut b = 0_u8;
    while b < 127 {
        if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.') {
            bits |= 1 << b;
        }
        b += 1;
    }
    bits
};
