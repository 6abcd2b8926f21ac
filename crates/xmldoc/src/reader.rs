//! A strict reader of namespace-well-formed XML without DTD: the only one there is, so that no two can
//! disagree on a document.
mod limits;
mod name;
mod reference;
mod scanner;
mod scope;
mod white_space;

use crate::GateError;
use crate::outline::{Attribute, Name, Namespace, Outline, Piece, Place, Span};
pub use limits::Limits;
use scanner::{InTag, Scanner, Token};
pub(crate) use scope::Outside;
use scope::Scope;
pub(crate) use white_space::{attribute_value, line_ends};

/// Few messages have fewer bytes for each of its elements and attributes, each declaration and each piece;
/// lists with room for them need not grow.
const BYTES_PER_ELEMENT: usize = 96;
const BYTES_PER_DECLARATION: usize = 192;
const BYTES_PER_PIECE: usize = 32;

/// What may stand before a document (XML 1.0 4.3.3).
pub(crate) const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// The text of a document in which each character may stand in XML 1.0.
pub(crate) struct Characters<'a> {
    pub(crate) text: &'a str,
    /// Is there any control character, such as a line end?
    has_controls: bool,
}

impl<'a> Characters<'a> {
    /// A text each character of which XML 1.0 lets stand.
    ///
    /// # Errors
    /// It has another one.
    pub(crate) fn check(text: &'a str) -> Result<Self, GateError> {
        let (characters, bytes) = (Self::of(text), text.as_bytes());
        let control = |b: u8| b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r');
        // As below.
        let has_others = || bytes.iter().fold(false, |found, b| found | control(*b));
        if characters.has_controls && has_others() {
            // UTF-16 of ASCII is valid UTF-8, with a NUL in every second place.
            let nul = bytes.contains(&0);
            return Err(if nul {
                GateError::NotUtf8
            } else {
                GateError::Malformed("a control character")
            });
        }
        let noncharacter = |w: &[u8]| matches!(w, [0xEF, 0xBF, 0xBE | 0xBF]);
        if memchr::memchr(0xEF, bytes).is_some() && bytes.windows(3).any(noncharacter) {
            return Err(GateError::Malformed("the character U+FFFE or U+FFFF"));
        }
        Ok(characters)
    }

    /// Those of a text that is known to be good.
    pub(crate) fn of(text: &'a str) -> Self {
        // No early end: so the loop runs on many bytes at a time.
        let has_controls = text.bytes().fold(false, |found, b| found | (b < b' '));
        Self { text, has_controls }
    }
}

/// Reads a document, whose prefixes may be bound outside of it, to its end or to the first fault.
pub(crate) fn read(
    characters: &Characters<'_>,
    limits: &Limits,
    outside: &Outside<'_>,
) -> Result<Outline, GateError> {
    let mut reader = Reader::new(characters, limits, outside);
    reader.scanner.xml_declaration()?;
    while reader.step()? {}
    reader.end()
}

struct Reader<'a, 's> {
    text: &'a str,
    scanner: Scanner<'a>,
    limits: &'s Limits,
    scope: Scope<'a, 's>,
    /// Numbers of the elements that are open, outermost first.
    open: Vec<usize>,
    /// What has been read, but for the declarations.
    outline: Outline,
}

impl<'a, 's> Reader<'a, 's> {
    fn new(characters: &Characters<'a>, limits: &'s Limits, outside: &'s Outside<'a>) -> Self {
        let text = characters.text;
        let scope = Scope::within(text, outside, text.len() / BYTES_PER_DECLARATION);
        let scanner = Scanner::new(characters);
        let outline = Outline {
            places: Vec::with_capacity(text.len() / BYTES_PER_ELEMENT),
            attributes: Vec::with_capacity(text.len() / BYTES_PER_ELEMENT),
            pieces: Vec::with_capacity(text.len() / BYTES_PER_PIECE),
            outside: scope.count(),
            declarations: Vec::new(),
        };
        Self { text, scanner, limits, scope, open: Vec::new(), outline }
    }

    /// Reads one piece; is there another?
    fn step(&mut self) -> Result<bool, GateError> {
        let at = self.scanner.position();
        match self.scanner.token()? {
            Token::Open(name) => self.open(name, at)?,
            Token::Close => self.close()?,
            Token::Text(span) => self.text(span)?,
            Token::LineEnd if self.open.is_empty() => {}
            Token::LineEnd => self.outline.pieces.push(Piece::LineEnd),
            Token::CharacterData(span) => self.character_data(Piece::CharacterData(span))?,
            Token::Character(c) => self.character_data(Piece::Character(c))?,
            Token::Comment(_) if self.open.is_empty() => {}
            Token::Comment(span) => self.outline.pieces.push(Piece::Comment(span)),
            Token::End => return Ok(false),
        }
        Ok(true)
    }

    fn open(&mut self, name: Name, at: usize) -> Result<(), GateError> {
        self.count()?;
        self.scope.open();
        let (attributes, declarations) = (self.outline.attributes.len(), self.scope.count());
        let empty = self.read_attributes()?;
        self.understand_attributes(attributes)?;
        let namespace = self.scope.element(name)?;
        let number = self.outline.places.len();
        let parent = self.open.last().copied();
        if let Some(parent) = parent.and_then(|parent| self.outline.places.get_mut(parent)) {
            parent.children += 1;
        }
        self.outline.pieces.push(Piece::Start(number));
        let (content, inside) = (self.scanner.position(), self.outline.pieces.len());
        self.outline.places.push(Place {
            span: Span { start: at, end: content },
            content,
            name,
            namespace,
            parent,
            children: 0,
            attributes: attributes..self.outline.attributes.len(),
            declarations: declarations..self.scope.count(),
            pieces: inside..inside,
        });
        self.open.push(number);
        if empty {
            self.leave();
        }
        Ok(())
    }

    fn count(&self) -> Result<(), GateError> {
        let elements = self.outline.places.len();
        if elements > 0 && self.open.is_empty() {
            return Err(GateError::Malformed("a second root element"));
        }
        if elements >= self.limits.elements {
            return Err(GateError::TooManyElements { limit: self.limits.elements });
        }
        if self.open.len() >= self.limits.depth {
            return Err(GateError::TooDeep { limit: self.limits.depth });
        }
        Ok(())
    }

    /// Sorts a start tag's attributes into declarations and the rest; is it an empty element's?
    fn read_attributes(&mut self) -> Result<bool, GateError> {
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
            if name.prefix == 0 && name.raw(self.text) == "xmlns" {
                self.scope.declare(name.prefix_span(), value)?;
            } else if name.prefix(self.text) == "xmlns" {
                self.scope.declare(name.local_span(), value)?;
            } else {
                let namespace = Namespace::None;
                self.outline.attributes.push(Attribute { name, namespace, value });
            }
        }
    }

    /// Finds the namespaces of the attributes from that number on. No two are the same.
    fn understand_attributes(&mut self, from: usize) -> Result<(), GateError> {
        let attributes = self.outline.attributes.get_mut(from..).unwrap_or_default();
        for attribute in &mut *attributes {
            attribute.namespace = self.scope.attribute(attribute.name)?;
        }
        let mut rest = &*attributes;
        let mut has_twins = false;
        while let (false, Some((first, others))) = (has_twins, rest.split_first()) {
            let name = first.name.local(self.text);
            has_twins = others.iter().any(|second| second.name.local(self.text) == name);
            rest = others;
        }
        if !has_twins {
            return Ok(());
        }
        // Two prefixes of one namespace make one attribute twice (xml-names 6.3).
        let expanded = |a: &Attribute| (a.name.local(self.text), self.scope.uri(a.namespace));
        let mut names: Vec<_> = attributes.iter().map(expanded).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| matches!(pair, [first, second] if first == second)) {
            return Err(GateError::Malformed("an attribute twice in one element"));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), GateError> {
        let open = self.open.last().and_then(|number| self.outline.places.get(*number));
        let name = open.ok_or(scanner::UNMATCHED)?.name;
        self.scanner.end_tag(name.raw(self.text))?;
        self.leave();
        Ok(())
    }

    fn leave(&mut self) {
        self.scope.close();
        let Some(number) = self.open.pop() else { return };
        if let Some(place) = self.outline.places.get_mut(number) {
            place.span.end = self.scanner.position();
            place.pieces.end = self.outline.pieces.len();
        }
        self.outline.pieces.push(Piece::End(number));
    }

    fn text(&mut self, span: Span) -> Result<(), GateError> {
        let text = span.of(self.text);
        // The first look is cheap and nearly always the last.
        let is_plain = memchr::memchr(b'>', text.as_bytes()).is_none();
        if !is_plain && text.contains("]]>") {
            return Err(GateError::Malformed("\"]]>\" in text"));
        }
        if !self.open.is_empty() {
            let piece = if is_plain { Piece::Text(span) } else { Piece::CharacterData(span) };
            self.outline.pieces.push(piece);
            return Ok(());
        }
        if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
            return Ok(());
        }
        Err(GateError::Malformed("text outside the root element"))
    }

    fn character_data(&mut self, piece: Piece) -> Result<(), GateError> {
        if self.open.is_empty() {
            return Err(GateError::Malformed("text outside the root element"));
        }
        self.outline.pieces.push(piece);
        Ok(())
    }

    fn end(mut self) -> Result<Outline, GateError> {
        if !self.open.is_empty() {
            return Err(GateError::Malformed("an element that is never closed"));
        }
        if self.outline.places.is_empty() {
            return Err(GateError::Malformed("no element"));
        }
        self.outline.declarations = self.scope.into_declarations();
        Ok(self.outline)
    }
}
