//! Every octet is accounted for: the notes of the writer are how the octets must be read, and the only
//! way.
//!
//! This reads the octets as a parser does, from the first to the last, but for that it looks at each place
//! for what the notes say must stand there, and says no when something else does. So what a signature
//! covers is read from the digested octets alone, whatever the canonicaliser may have done wrong.
use memchr::{memchr, memchr3};

use crate::outline::{Attribute, Name, Namespace, Outline, Piece, Place, Span, Value, Words};
use crate::reader::attribute_value;

/// Are the octets, without comments, just what the outline says?
pub(super) fn is_accounted_for(text: &str, outline: &Outline) -> bool {
    let mut account = Account {
        text,
        outline,
        at: 0,
        open: Vec::with_capacity(8),
        scope: Vec::with_capacity(8),
        places: 0,
        attributes: 0,
        declarations: 0,
    };
    account.all().is_some()
}

/// Does a name end there, or a value begin?
fn ends_names(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\n' | b'\r' | b'=' | b'"' | b'\'' | b'<' | b'>' | b'/' | b'&')
}

struct Account<'o> {
    text: &'o str,
    outline: &'o Outline,
    /// All before it is accounted for.
    at: usize,
    /// The open elements, outermost first.
    open: Vec<Open>,
    /// Prefixes and the numbers of their declarations, innermost last.
    scope: Vec<(&'o str, usize)>,
    /// How many of the outline's rows have had their turn: each has one.
    places: usize,
    attributes: usize,
    declarations: usize,
}

/// An element whose end is to come.
struct Open {
    number: usize,
    /// Child elements so far.
    children: usize,
    /// How many declarations there are around it.
    scope: usize,
}

impl<'o> Account<'o> {
    fn all(&mut self) -> Option<()> {
        let outline = self.outline;
        let mut was_text = false;
        for (number, piece) in outline.pieces.iter().enumerate() {
            let is_text = matches!(piece, Piece::Text(_));
            match *piece {
                Piece::Start(element) => self.start(element, number)?,
                Piece::End(element) => self.end(element, number)?,
                // Two would be one, when they are read.
                Piece::Text(_) if was_text => return None,
                Piece::Text(span) => self.character_data(span)?,
                Piece::Character(character) => self.character(character)?,
                Piece::LineEnd | Piece::CharacterData(_) | Piece::Comment(_) => return None,
            }
            was_text = is_text;
        }
        let is_all = self.at == self.text.len()
            && self.places == outline.places.len()
            && self.attributes == outline.attributes.len()
            && self.declarations == outline.declarations.len()
            && outline.outside == 0;
        (is_all && self.open.is_empty()).then_some(())
    }

    fn start(&mut self, number: usize, piece: usize) -> Option<()> {
        let place = self.outline.places.get(number)?;
        let around = self.open.last_mut().map(|around| {
            around.children += 1;
            around.number
        });
        let is_first = number == 0 && piece == 0;
        let is_next = number == self.places
            && place.parent == around
            && (around.is_some() || is_first)
            && place.span.start == self.at
            && place.pieces.start == piece + 1
            && place.declarations.start == self.declarations
            && place.attributes.start == self.attributes;
        if !is_next {
            return None;
        }
        self.places += 1;
        self.take("<")?;
        self.name(place.name)?;
        let (outline, scope) = (self.outline, self.scope.len());
        for number in place.declarations.clone() {
            let declaration = outline.declarations.get(number)?;
            self.declaration(&declaration.prefix, &declaration.uri)?;
            self.scope.push((declaration.prefix.of(self.text), number));
        }
        self.declarations = place.declarations.end;
        let attributes = outline.attributes.get(place.attributes.clone())?;
        for attribute in attributes {
            self.attribute(attribute)?;
        }
        self.attributes = place.attributes.end;
        self.take(">")?;
        if place.content != self.at {
            return None;
        }
        self.names_mean(place, attributes)?;
        self.open.push(Open { number, children: 0, scope });
        Some(())
    }

    /// What the prefixes of the names mean, by the declarations around them.
    fn names_mean(&self, place: &Place, attributes: &[Attribute]) -> Option<()> {
        self.means(place.name, place.namespace)?;
        attributes.iter().try_for_each(|attribute| match attribute.name.prefix {
            // The default namespace is not theirs (xml-names 6.2).
            0 => (attribute.namespace == Namespace::None).then_some(()),
            _ => self.means(attribute.name, attribute.namespace),
        })
    }

    fn means(&self, name: Name, namespace: Namespace) -> Option<()> {
        let prefix = name.prefix(self.text);
        let declared = self.scope.iter().rev().find(|(known, _)| *known == prefix);
        let is_so = match (declared, namespace) {
            (Some((_, number)), Namespace::Declared(noted)) => *number == noted,
            (None, Namespace::Xml) => prefix == "xml",
            (None, Namespace::None) => prefix.is_empty(),
            _ => false,
        };
        is_so.then_some(())
    }

    fn end(&mut self, number: usize, piece: usize) -> Option<()> {
        let open = self.open.pop()?;
        self.scope.truncate(open.scope);
        let place = self.outline.places.get(number)?;
        self.take("</")?;
        self.take(place.name.raw(self.text))?;
        self.take(">")?;
        let is_it = number == open.number
            && open.children == place.children
            && place.span.end == self.at
            && place.pieces.end == piece;
        is_it.then_some(())
    }

    fn declaration(&mut self, prefix: &Words, uri: &Words) -> Option<()> {
        let (Words::At(prefix), Words::At(uri)) = (prefix, uri) else { return None };
        self.take(" ")?;
        if prefix.start == prefix.end {
            // As the reader has it: before the name.
            (prefix.start == self.at).then_some(())?;
            self.take("xmlns")?;
        } else {
            self.take("xmlns:")?;
            let (start, length) = (prefix.start, prefix.end.checked_sub(prefix.start)?);
            self.name(Name { start, prefix: 0, length })?;
        }
        self.quoted(Value { span: *uri, is_plain: true })
    }

    fn attribute(&mut self, attribute: &Attribute) -> Option<()> {
        self.take(" ")?;
        // Those are declarations (xml-names 3).
        let name = attribute.name;
        let is_declaration =
            name.prefix(self.text) == "xmlns" || name.prefix == 0 && name.raw(self.text) == "xmlns";
        if is_declaration {
            return None;
        }
        self.name(name)?;
        self.quoted(attribute.value)
    }

    /// `="…"`
    fn quoted(&mut self, value: Value) -> Option<()> {
        self.take("=\"")?;
        let octets = self.span(value.span)?.as_bytes();
        if memchr3(b'"', b'<', b'\t', octets).is_some()
            || memchr3(b'\n', b'\r', b'&', octets).is_some()
        {
            let raw = value.span.of(self.text);
            let is_escaped = !value.is_plain
                && !raw.contains(['"', '<', '\t', '\n', '\r'])
                && attribute_value(raw).is_ok();
            is_escaped.then_some(())?;
        } else if !value.is_plain {
            return None;
        }
        self.take("\"")
    }

    fn character_data(&mut self, span: Span) -> Option<()> {
        let octets = self.span(span)?.as_bytes();
        let is_plain = !octets.is_empty()
            && memchr3(b'<', b'&', b'>', octets).is_none()
            && memchr(b'\r', octets).is_none();
        is_plain.then_some(())
    }

    fn character(&mut self, character: char) -> Option<()> {
        self.take(match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '\r' => "&#xD;",
            _ => return None,
        })
    }

    /// A name, with its colon where it is noted.
    fn name(&mut self, name: Name) -> Option<()> {
        let raw = self.span(Span { start: name.start, end: name.end() })?.as_bytes();
        let (mut colons, mut has_ended) = (0, false);
        for octet in raw {
            colons += usize::from(*octet == b':');
            has_ended |= ends_names(*octet);
        }
        let is_noted = match name.prefix {
            0 => colons == 0,
            prefix => colons == 1 && raw.get(prefix) == Some(&b':') && prefix + 1 < raw.len(),
        };
        (is_noted && !has_ended && !raw.is_empty()).then_some(())
    }

    /// What comes next, when it is noted so.
    fn span(&mut self, span: Span) -> Option<&'o str> {
        if span.start != self.at {
            return None;
        }
        let there = self.text.get(span.start..span.end)?;
        self.at = span.end;
        Some(there)
    }

    fn take(&mut self, expected: &str) -> Option<()> {
        let end = self.at.checked_add(expected.len())?;
        let there = self.text.as_bytes().get(self.at..end)?;
        (there == expected.as_bytes()).then(|| self.at = end)
    }
}

#[cfg(test)]
mod tests;
