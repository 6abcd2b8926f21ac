//! A strict reader of namespace-well-formed XML without DTD: what the gate, canonicalisation and the
//! reading of digested bytes are made of, so that no two of them can disagree.
mod limits;
mod name;
mod reference;
mod scanner;
mod scope;
mod sink;
mod tag;
mod white_space;

use crate::GateError;
pub use limits::Limits;
use name::Name;
use scanner::{InTag, Scanner, Token};
pub(crate) use scope::Outside;
use scope::{ROOM, Scope};
pub(crate) use sink::Sink;
pub(crate) use tag::{Attribute, StartTag};
pub(crate) use white_space::{attribute_value, line_ends};

/// From its first byte to just behind its last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// One element of a text that was read as a whole before.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) text: &'a str,
    /// Where the start tags around it begin, outermost first: they say what its prefixes mean.
    pub(crate) around: Vec<usize>,
    pub(crate) span: Span,
}

impl<'a> Part<'a> {
    /// One of its child elements.
    pub(crate) fn within(&self, span: Span) -> Self {
        let around = [&self.around[..], &[self.span.start]].concat();
        Self { text: self.text, around, span }
    }
}

/// The text of a document, when it is UTF-8 and each character may stand in XML 1.0.
pub(crate) fn characters<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, GateError> {
    if bytes.len() > limits.bytes {
        return Err(GateError::TooLarge { bytes: bytes.len(), limit: limits.bytes });
    }
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

/// Reads a document's [`characters`] to their end or to the first fault.
pub(crate) fn read<'a>(
    text: &'a str,
    limits: &Limits,
    sink: &mut impl Sink<'a>,
) -> Result<(), GateError> {
    read_within(text, limits, &Outside::default(), sink)
}

/// Reads a document whose prefixes may be bound outside of it.
pub(crate) fn read_within<'a>(
    text: &'a str,
    limits: &Limits,
    outside: &Outside<'a>,
    sink: &mut impl Sink<'a>,
) -> Result<(), GateError> {
    let mut reader = Reader::new(text, limits, outside, sink);
    reader.scanner.xml_declaration()?;
    while reader.step()? {}
    reader.end()
}

/// Reads one element, as if `without` were not there.
pub(crate) fn read_part<'a>(
    part: &Part<'a>,
    without: Option<Span>,
    sink: &mut impl Sink<'a>,
) -> Result<(), GateError> {
    let outside = Outside::default();
    let mut reader = Reader::new(part.text, &Limits::NONE, &outside, sink);
    for start in &part.around {
        reader.enter(*start)?;
    }
    let depth = reader.scope.depth();
    reader.scanner.seek(part.span.start);
    while reader.step()? && reader.scope.depth() > depth {
        if let Some(span) = without.filter(|span| span.start == reader.scanner.position()) {
            reader.scanner.seek(span.end);
        }
    }
    Ok(())
}

struct Reader<'a, 's, S> {
    scanner: Scanner<'a>,
    limits: &'s Limits,
    sink: &'s mut S,
    scope: Scope<'a, 's>,
    elements: usize,
    /// Attributes of the current element but for declarations; kept for its memory.
    attributes: Vec<Attribute<'a>>,
}

impl<'a, 's, S: Sink<'a>> Reader<'a, 's, S> {
    fn new(text: &'a str, limits: &'s Limits, outside: &'s Outside<'a>, sink: &'s mut S) -> Self {
        let scope = Scope::within(outside);
        let attributes = Vec::with_capacity(ROOM);
        Self { scanner: Scanner::new(text), limits, sink, scope, elements: 0, attributes }
    }

    /// Reads one piece; is there another?
    fn step(&mut self) -> Result<bool, GateError> {
        let at = self.scanner.position();
        match self.scanner.token()? {
            Token::Open(name) => self.open(name, at)?,
            Token::Close => self.close()?,
            Token::Text(text) => self.text(text)?,
            Token::LineEnd => self.text("\n")?,
            Token::CharacterData(text) => self.character_data(&line_ends(text))?,
            Token::Character(c) => self.character_data(c.encode_utf8(&mut [0; 4]))?,
            Token::Comment(text) if self.scope.depth() > 0 => self.sink.comment(text),
            Token::Comment(_) => {}
            Token::End => return Ok(false),
        }
        Ok(true)
    }

    /// Takes over what the start tag there declares.
    fn enter(&mut self, start: usize) -> Result<(), GateError> {
        self.scanner.seek(start);
        if let Token::Open(name) = self.scanner.token()? {
            self.scope.open(name);
            self.read_attributes()?;
        }
        Ok(())
    }

    fn open(&mut self, name: Name<'a>, at: usize) -> Result<(), GateError> {
        self.count()?;
        self.scope.open(name);
        let empty = self.read_attributes()?;
        for attribute in &mut self.attributes {
            attribute.namespace = self.scope.attribute(attribute.name)?;
        }
        self.unique_expanded_names()?;
        let namespace = self.scope.element(name)?;
        let (end, attributes, scope) = (self.scanner.position(), &*self.attributes, &self.scope);
        self.sink.open(&StartTag { name, at, end, namespace, attributes, scope });
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

    /// Sorts a start tag's attributes into declarations and the rest; is it an empty element's?
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
                _ => self.attributes.push(Attribute::new(name, value)),
            }
        }
    }

    /// Two prefixes of one namespace make one attribute twice (xml-names 6.3).
    fn unique_expanded_names(&self) -> Result<(), GateError> {
        let mut rest = self.attributes.as_slice();
        let mut has_twins = false;
        while let (false, Some((first, others))) = (has_twins, rest.split_first()) {
            has_twins = others.iter().any(|second| second.name.local == first.name.local);
            rest = others;
        }
        if !has_twins {
            return Ok(());
        }
        let attributes = self.attributes.iter();
        let mut names: Vec<_> =
            attributes.map(|a| (a.name.local, self.scope.uri(a.namespace))).collect();
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
        self.sink.close(self.scanner.position());
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

    fn end(&self) -> Result<(), GateError> {
        if self.scope.depth() > 0 {
            return Err(GateError::Malformed("an element that is never closed"));
        }
        if self.elements == 0 {
            return Err(GateError::Malformed("no element"));
        }
        Ok(())
    }
}
