//! A strict reader of namespace-well-formed XML without DTD: what both the gate and the reading of
//! digested bytes are made of, so that the two cannot disagree.
mod name;
mod reference;
mod scanner;
mod scope;

use std::borrow::Cow;

use crate::{GateError, Limits};
use name::Name;
use scanner::{InTag, Scanner, Token};
pub(crate) use scope::Outside;
use scope::{ROOM, Scope};

/// Takes what the reader finds, in document order.
pub(crate) trait Sink {
    /// An element with so many attributes, which follow.
    fn open(&mut self, namespace: &str, name: &str, attributes: usize);
    /// Follows its element's `open`: prefixes and their URIs, innermost last.
    fn in_scope<'s>(&mut self, _declared: impl Iterator<Item = (&'s str, &'s str)>) {}
    /// Follows its element's `open`; namespace declarations are not attributes.
    fn attribute(&mut self, namespace: &str, name: &str, value: Cow<'_, str>);
    fn text(&mut self, text: &str);
    fn close(&mut self);
}

/// Takes nothing.
impl Sink for () {
    fn open(&mut self, _: &str, _: &str, _: usize) {}
    fn attribute(&mut self, _: &str, _: &str, _: Cow<'_, str>) {}
    fn text(&mut self, _: &str) {}
    fn close(&mut self) {}
}

/// Reads the document to its end or to its first fault.
pub(crate) fn read(bytes: &[u8], limits: &Limits, sink: &mut impl Sink) -> Result<(), GateError> {
    read_within(bytes, limits, &Outside::default(), sink).map(drop)
}

/// Where the root element stands in what was read.
pub(crate) struct Root {
    /// Just behind its name, in bytes.
    pub(crate) name_end: usize,
}

/// Reads a document whose prefixes may be bound outside of it.
pub(crate) fn read_within(
    bytes: &[u8],
    limits: &Limits,
    outside: &Outside<'_>,
    sink: &mut impl Sink,
) -> Result<Root, GateError> {
    if bytes.len() > limits.bytes {
        return Err(GateError::TooLarge { bytes: bytes.len(), limit: limits.bytes });
    }
    let scanner = Scanner::new(characters(bytes)?);
    let mut document = Document::new(bytes.len(), scanner, limits, outside, sink);
    document.scanner.xml_declaration()?;
    loop {
        match document.scanner.token()? {
            Token::Open(name) => document.open(name)?,
            Token::Close => document.close()?,
            Token::Text(text) => document.text(text)?,
            Token::CharacterData(text) => document.character_data(text)?,
            Token::Character(c) => document.character_data(c.encode_utf8(&mut [0; 4]))?,
            Token::Comment => {}
            Token::End => return document.end(),
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

struct Document<'a, S> {
    /// Bytes, with the byte order mark.
    length: usize,
    scanner: Scanner<'a>,
    limits: &'a Limits,
    sink: &'a mut S,
    scope: Scope<'a>,
    /// Values of ID, Id and id attributes.
    ids: Vec<Cow<'a, str>>,
    elements: usize,
    root: Root,
    /// Attributes of the current element but for declarations; kept for its memory.
    attributes: Vec<(Name<'a>, Cow<'a, str>)>,
}

impl<'a, S: Sink> Document<'a, S> {
    fn new(
        length: usize,
        scanner: Scanner<'a>,
        limits: &'a Limits,
        outside: &'a Outside<'a>,
        sink: &'a mut S,
    ) -> Self {
        let (ids, attributes) = (Vec::with_capacity(ROOM), Vec::with_capacity(ROOM));
        let root = Root { name_end: 0 };
        let scope = Scope::within(outside);
        Self { length, scanner, limits, sink, scope, ids, elements: 0, root, attributes }
    }

    fn open(&mut self, name: Name<'a>) -> Result<(), GateError> {
        self.count()?;
        if self.elements == 1 {
            self.root.name_end = self.length - self.scanner.remaining();
        }
        self.scope.open(name);
        let empty = self.read_attributes()?;
        self.hand_over(name)?;
        if empty {
            self.leave();
        }
        Ok(())
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

    /// Sorts a start tag's attributes into declarations, IDs and the rest; is it an empty element's?
    fn read_attributes(&mut self) -> Result<bool, GateError> {
        self.attributes.clear();
        let mut count = 0;
        loop {
            let (name, value) = match self.scanner.in_tag()? {
                InTag::Attribute(name, value) => (name, value),
                InTag::End { empty } => return Ok(empty),
            };
            count += 1;
            if count > self.limits.attributes {
                return Err(GateError::TooManyAttributes { limit: self.limits.attributes });
            }
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
    }

    fn hand_over(&mut self, name: Name<'a>) -> Result<(), GateError> {
        self.unique_expanded_names()?;
        self.sink.open(self.scope.element(name)?, name.local, self.attributes.len());
        self.sink.in_scope(self.scope.in_scope());
        for (name, value) in self.attributes.drain(..) {
            self.sink.attribute(self.scope.attribute(name)?, name.local, value);
        }
        Ok(())
    }

    /// Two prefixes of one namespace make one attribute twice (xml-names 6.3).
    fn unique_expanded_names(&self) -> Result<(), GateError> {
        let mut rest = self.attributes.as_slice();
        let mut has_twins = false;
        while let (false, Some(((first, _), others))) = (has_twins, rest.split_first()) {
            has_twins = others.iter().any(|(second, _)| second.local == first.local);
            rest = others;
        }
        if !has_twins {
            return Ok(());
        }
        let mut names = Vec::with_capacity(self.attributes.len());
        for (name, _) in &self.attributes {
            names.push((name.local, self.scope.attribute(*name)?));
        }
        names.sort_unstable();
        if names.windows(2).any(|pair| matches!(pair, [first, second] if first == second)) {
            return Err(GateError::Malformed("an attribute twice in one element"));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), GateError> {
        let open = self.scope.innermost().ok_or(scanner::UNMATCHED)?;
        self.scanner.end_tag(open)?;
        self.leave();
        Ok(())
    }

    fn leave(&mut self) {
        self.scope.close();
        self.sink.close();
    }

    fn text(&mut self, text: &str) -> Result<(), GateError> {
        // The first look is cheap and nearly always the last.
        if memchr::memchr(b'>', text.as_bytes()).is_some() && text.contains("]]>") {
            return Err(GateError::Malformed("\"]]>\" in text"));
        }
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

    fn end(mut self) -> Result<Root, GateError> {
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
        Ok(self.root)
    }
}
