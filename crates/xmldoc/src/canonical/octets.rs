//! Canonical octets, and where in them each piece was written.
use std::sync::Arc;

use memchr::{memchr, memchr3};

use super::account::is_accounted_for;
use crate::Element;
use crate::outline::{
    Attribute, Declaration, Name, Namespace, Node, Outline, Piece, Place, Span, Value, Words,
};

/// What a digest is taken of: canonical octets, and the places where their pieces were written.
///
/// Whoever wants to read what was digested reads it here: each name, value and text is a piece of
/// these very octets. Where they are was noted while they were written, and then each octet was looked
/// at once more: there is no other way to read them. All tests and fuzz targets hold the reader against
/// it, too.
pub(crate) struct Octets {
    text: Arc<String>,
    outline: Outline,
}

impl Octets {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_text(self) -> String {
        Arc::unwrap_or_clone(self.text)
    }

    #[cfg(test)]
    pub(super) fn into_parts(self) -> (String, Outline) {
        (Arc::unwrap_or_clone(self.text), self.outline)
    }

    /// The element that was canonicalised, of pieces of these octets.
    pub(crate) fn element(&self) -> Option<Element> {
        self.outline.node(&self.text, 0).map(|root| Element::of(&self.text, root))
    }
}

pub(super) struct Writer {
    text: String,
    outline: Outline,
    /// Numbers of the elements that are open, outermost first.
    open: Vec<usize>,
    has_comments: bool,
}

impl Writer {
    /// With room for what most elements make, and at most so many octets.
    pub(super) fn with_room_for(element: Node<'_>, most: usize) -> Self {
        let Node { outline, number, place, .. } = element;
        let length = place.span.end - place.span.start;
        // Declarations that stand further out are written again where they are used.
        let text = String::with_capacity((length + length / 4 + 256).min(most));
        let outline = Outline {
            places: Vec::with_capacity(outline.places.len() - number),
            attributes: Vec::with_capacity(outline.attributes.len() - place.attributes.start),
            declarations: Vec::with_capacity(outline.declarations.len()),
            pieces: Vec::with_capacity(place.pieces.len() + 2),
            outside: 0,
        };
        Self { text, outline, open: Vec::new(), has_comments: false }
    }

    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    /// `None` when a reader would find anything else in them than was noted.
    pub(super) fn into_octets(self) -> Option<Octets> {
        let Self { text, outline, has_comments, .. } = self;
        let is_read = if has_comments { is_as_read } else { is_accounted_for };
        if !is_read(&text, &outline) {
            return None;
        }
        debug_assert!(is_as_read(&text, &outline), "{text}");
        Some(Octets { text: Arc::new(text), outline })
    }

    /// `<name`
    pub(super) fn start(&mut self, name: Name, text: &str) {
        let at = self.text.len();
        self.text.push('<');
        let name = self.name(name, text);
        self.place(at, name, Namespace::None);
    }

    /// Notes an element that begins there.
    fn place(&mut self, at: usize, name: Name, namespace: Namespace) {
        let number = self.outline.places.len();
        let parent = self.open.last().copied();
        if let Some(parent) = parent.and_then(|parent| self.outline.places.get_mut(parent)) {
            parent.children += 1;
        }
        self.open.push(number);
        let (attributes, declarations) =
            (self.outline.attributes.len(), self.outline.declarations.len());
        self.outline.pieces.push(Piece::Start(number));
        self.outline.places.push(Place {
            span: Span { start: at, end: at },
            content: at,
            name,
            namespace,
            parent,
            children: 0,
            attributes: attributes..attributes,
            declarations: declarations..declarations,
            pieces: self.outline.pieces.len()..self.outline.pieces.len(),
        });
    }

    /// A start tag that is canonical as it is written, with no prefix but that of its name.
    pub(super) fn copy_start(&mut self, element: Node<'_>, namespace: Namespace) {
        let Node { text, place, .. } = element;
        let (from, at) = (place.span.start, self.text.len());
        self.text.push_str(Span { start: from, end: place.content }.of(text));
        let moved = |position: usize| position - from + at;
        let moved_name = |name: Name| Name { start: moved(name.start), ..name };
        let attributes = element.attributes().iter().map(|attribute| {
            let Value { span, is_plain } = attribute.value;
            let span = Span { start: moved(span.start), end: moved(span.end) };
            let (name, namespace) = (moved_name(attribute.name), Namespace::None);
            Attribute { name, namespace, value: Value { span, is_plain } }
        });
        let before = self.outline.attributes.len();
        self.outline.attributes.extend(attributes);
        self.place(at, moved_name(place.name), namespace);
        if let Some(place) = self.outline.places.last_mut() {
            place.attributes.start = before;
        }
        self.content_begins();
    }

    /// A namespace declaration in the start tag. Gives its number.
    pub(super) fn declaration(&mut self, prefix: &str, uri: &str) -> usize {
        self.text.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
        let before = self.text.len();
        let prefix = if prefix.is_empty() {
            // As the reader has it: before the name.
            Span { start: before - "xmlns".len(), end: before - "xmlns".len() }
        } else {
            self.push(prefix)
        };
        self.text.push_str("=\"");
        // The gate lets nothing into a URI that must be escaped.
        let uri = self.push(uri);
        self.text.push('"');
        let (prefix, uri) = (Words::At(prefix), Words::At(uri));
        self.outline.declarations.push(Declaration { prefix, uri });
        self.outline.declarations.len() - 1
    }

    /// What the prefix of the element's name means, now that its declarations are written.
    pub(super) fn name_means(&mut self, namespace: Namespace) {
        if let Some(place) = self.outline.places.last_mut() {
            place.namespace = namespace;
        }
    }

    pub(super) fn attribute(&mut self, attribute: &Attribute, namespace: Namespace, text: &str) {
        self.text.push(' ');
        let name = self.name(attribute.name, text);
        self.text.push_str("=\"");
        let Value { span, is_plain } = attribute.value;
        // Between double quotes there is none, and nothing else that must be escaped.
        let opening = span.start.checked_sub(1).and_then(|at| text.as_bytes().get(at));
        let value = if is_plain && opening == Some(&b'"') {
            Value { span: self.push(span.of(text)), is_plain }
        } else {
            self.value(&attribute.value.read(text))
        };
        self.text.push('"');
        self.outline.attributes.push(Attribute { name, namespace, value });
    }

    /// The end of the start tag.
    pub(super) fn content(&mut self) {
        self.text.push('>');
        self.content_begins();
    }

    fn content_begins(&mut self) {
        if let Some(place) = self.outline.places.last_mut() {
            place.content = self.text.len();
            place.attributes.end = self.outline.attributes.len();
            place.declarations.end = self.outline.declarations.len();
        }
    }

    /// Character data. Line ends are LF.
    pub(super) fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = special(rest.as_bytes()) {
            let (before, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.plain(before);
            let mut characters = special.chars();
            if let Some(character) = characters.next() {
                self.text.push_str(match character {
                    '&' => "&amp;",
                    '<' => "&lt;",
                    '>' => "&gt;",
                    _ => "&#xD;",
                });
                self.outline.pieces.push(Piece::Character(character));
            }
            rest = characters.as_str();
        }
        self.plain(rest);
    }

    pub(super) fn comment(&mut self, text: &str) {
        self.text.push_str("<!--");
        self.has_comments = true;
        let span = self.push(text);
        self.text.push_str("-->");
        self.outline.pieces.push(Piece::Comment(span));
    }

    /// The end tag of the innermost open element.
    pub(super) fn end(&mut self) {
        let Some(number) = self.open.pop() else { return };
        let Some(place) = self.outline.places.get_mut(number) else { return };
        self.text.push_str("</");
        let Span { start, end } = Span { start: place.name.start, end: place.name.end() };
        self.text.extend_from_within(start..end);
        self.text.push('>');
        place.span.end = self.text.len();
        place.pieces.end = self.outline.pieces.len();
        self.outline.pieces.push(Piece::End(number));
    }

    /// Text that is written as it is meant. What comes in several pieces is one when it is read.
    pub(super) fn plain(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let before = self.text.len();
        self.text.push_str(text);
        match self.outline.pieces.last_mut() {
            Some(Piece::Text(span)) if span.end == before => span.end = self.text.len(),
            _ => {
                let span = Span { start: before, end: self.text.len() };
                self.outline.pieces.push(Piece::Text(span));
            }
        }
    }

    /// An attribute's value, escaped.
    fn value(&mut self, value: &str) -> Value {
        let start = self.text.len();
        let mut is_plain = true;
        for character in value.chars() {
            let escaped = match character {
                '&' => "&amp;",
                '<' => "&lt;",
                '"' => "&quot;",
                '\t' => "&#x9;",
                '\n' => "&#xA;",
                '\r' => "&#xD;",
                other => {
                    self.text.push(other);
                    continue;
                }
            };
            self.text.push_str(escaped);
            is_plain = false;
        }
        Value { span: Span { start, end: self.text.len() }, is_plain }
    }

    fn name(&mut self, name: Name, text: &str) -> Name {
        Name { start: self.push(name.raw(text)).start, ..name }
    }

    fn push(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        Span { start, end: self.text.len() }
    }
}

/// Where the first character is that must be escaped in text.
fn special(text: &[u8]) -> Option<usize> {
    let most = memchr3(b'>', b'&', b'<', text);
    let before = most.map_or(text, |most| text.get(..most).unwrap_or_default());
    memchr(b'\r', before).or(most)
}

/// Does the reader find the same in the octets?
pub(super) fn is_as_read(text: &str, outline: &Outline) -> bool {
    use crate::reader::{Characters, Outside, read};
    let limits = crate::Limits::NONE;
    read(&Characters::of(text), &limits, &Outside::default()).as_ref() == Ok(outline)
}
