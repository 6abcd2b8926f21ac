//! Exclusive canonicalisation (xml-exc-c14n, xml-c14n): one walk over what was read.
//!
//! Time and memory are linear in what is read: the gate bounds how many namespaces are in scope, and
//! the verifier how many prefixes are listed.
mod octets;
mod rendered;

pub(crate) use octets::Octets;

use octets::Writer;
use rendered::Rendered;

use crate::outline::{Attribute, Namespace, Node, Piece};
use crate::reader::line_ends;

/// What is to be canonicalised: one element and all that is in it.
#[derive(Clone, Copy)]
pub(crate) struct Canonical<'d> {
    pub(crate) element: Node<'d>,
    /// Number of a child element that is left out (xmldsig-core1 6.6.4).
    pub(crate) without: Option<usize>,
    /// The InclusiveNamespaces PrefixList, white space between its prefixes.
    pub(crate) prefixes: &'d str,
    pub(crate) with_comments: bool,
}

impl<'d> Canonical<'d> {
    /// The canonical octets, which are UTF-8; `None` when there are more than `most`.
    pub(crate) fn octets(&self, most: usize) -> Option<Octets> {
        let listed = self.prefixes.split_ascii_whitespace();
        let listed = listed.map(|prefix| if prefix == "#default" { "" } else { prefix });
        let mut walk = Walk {
            canonical: self,
            listed: listed.filter(|prefix| *prefix != "xml").collect(),
            writer: Writer::with_room_for(self.element, most),
            rendered: Rendered::default(),
            missing: Vec::new(),
            order: Vec::new(),
        };
        walk.all(most)?;
        walk.writer.into_octets()
    }
}

struct Walk<'c, 'd> {
    canonical: &'c Canonical<'d>,
    /// The PrefixList; the default namespace has the empty prefix.
    listed: Vec<&'d str>,
    writer: Writer,
    rendered: Rendered<'d>,
    /// The current element's namespaces that are to be written; kept for its memory.
    missing: Vec<(&'d str, Namespace)>,
    /// The current element's attributes in canonical order; kept for its memory.
    order: Vec<&'d Attribute>,
}

impl<'d> Walk<'_, 'd> {
    /// `None` when it comes to more than `most` octets.
    fn all(&mut self, most: usize) -> Option<()> {
        let Node { text, outline, .. } = self.canonical.element;
        let inside = &self.canonical.element.place.pieces;
        let mut at = inside.start.checked_sub(1)?;
        while at <= inside.end {
            match *outline.pieces.get(at)? {
                Piece::Start(number) if self.canonical.without == Some(number) => {
                    at = outline.places.get(number)?.pieces.end;
                }
                Piece::Start(number) => self.start(outline.node(text, number)?),
                Piece::End(_) => {
                    self.writer.end();
                    self.rendered.leave();
                }
                Piece::Text(span) => self.writer.plain(span.of(text)),
                Piece::LineEnd => self.writer.text("\n"),
                Piece::CharacterData(span) => self.writer.text(&line_ends(span.of(text))),
                Piece::Character(character) => {
                    self.writer.text(character.encode_utf8(&mut [0; 4]));
                }
                Piece::Comment(span) if self.canonical.with_comments => {
                    self.writer.comment(&line_ends(span.of(text)));
                }
                Piece::Comment(_) => {}
            }
            if self.writer.length() > most {
                return None;
            }
            at += 1;
        }
        Some(())
    }

    fn is_apex(&self, element: Node<'d>) -> bool {
        element.number == self.canonical.element.number
    }

    fn start(&mut self, element: Node<'d>) {
        self.rendered.enter();
        let prefix = element.place.name.prefix(element.text);
        if !self.is_apex(element)
            && is_canonical(element)
            && self.rendered.means(prefix, element.place.namespace, element)
        {
            self.writer.copy_start(element, self.rendered.meaning(prefix));
            return;
        }
        self.writer.start(element.place.name, element.text);
        self.namespaces(element);
        self.writer.name_means(self.rendered.meaning(prefix));
        self.attributes(element);
        self.writer.content();
    }

    /// Those that the start tag visibly utilises, and the listed ones in scope, unless they mean the
    /// same in what is already written around it (xml-exc-c14n 3); by prefix.
    fn namespaces(&mut self, element: Node<'d>) {
        let is_apex = self.is_apex(element);
        let Self { missing, rendered, .. } = self;
        missing.clear();
        let mut need = |prefix: &'d str, namespace| {
            let is_rendered = || rendered.means(prefix, namespace, element);
            if missing.iter().all(|(other, _)| *other != prefix) && !is_rendered() {
                missing.push((prefix, namespace));
            }
        };
        let prefixed = element.attributes().iter().filter(|attribute| attribute.name.prefix > 0);
        let utilised = prefixed.map(|a| (a.name, a.namespace));
        for (name, namespace) in utilised.chain([(element.place.name, element.place.namespace)]) {
            let prefix = name.prefix(element.text);
            // It needs no declaration (xml-c14n 2.3).
            if prefix != "xml" {
                need(prefix, namespace);
            }
        }
        // What nothing is declared anew for means what it means in the parent, which has it written.
        if is_apex || !element.declarations().is_empty() {
            for prefix in &self.listed {
                // Without a default namespace, an undeclared one is written where it matters.
                let undeclared = || prefix.is_empty().then_some(Namespace::None);
                if let Some(namespace) = element.meaning_of(prefix).or_else(undeclared) {
                    need(prefix, namespace);
                }
            }
        }
        missing.sort_unstable_by_key(|(prefix, _)| *prefix);
        for (prefix, namespace) in missing.drain(..) {
            let number = self.writer.declaration(prefix, element.uri(namespace));
            rendered.set(prefix, namespace, number);
        }
    }

    /// By namespace URI, then by local name (xml-c14n 2.3).
    fn attributes(&mut self, element: Node<'d>) {
        let key = |a: &&Attribute| (element.uri(a.namespace), a.name.local(element.text));
        self.order.clear();
        self.order.extend(element.attributes());
        self.order.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
        for attribute in &self.order {
            let namespace = match attribute.name.prefix {
                0 => Namespace::None,
                _ => self.rendered.meaning(attribute.name.prefix(element.text)),
            };
            self.writer.attribute(attribute, namespace, element.text);
        }
    }
}

/// Is its start tag written as a canonical one? Only the shapes that most tags have are known here:
/// nothing is declared, and no attribute has a prefix. What its own prefix means is not looked at.
fn is_canonical(element: Node<'_>) -> bool {
    let Node { text, place, .. } = element;
    let is = |at: usize, b: u8| text.as_bytes().get(at) == Some(&b);
    let (mut end, mut last) = (place.name.end(), "");
    for Attribute { name, value, .. } in element.attributes() {
        // So near to what stands before that there is one white space, `=` and a quote.
        let is_tight = name.start == end + 1 && value.span.start == name.end() + 2;
        let is_spelled = is(end, b' ') && is(name.end() + 1, b'"') && value.is_plain;
        let local = name.raw(text);
        if name.prefix > 0 || !is_tight || !is_spelled || local <= last {
            return false;
        }
        (end, last) = (value.span.end + 1, local);
    }
    element.declarations().is_empty() && place.content == end + 1
}

#[cfg(test)]
mod tests;
