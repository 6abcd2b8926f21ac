//! An element of a text that was read.
use std::borrow::Cow;

use super::{Attribute, Declaration, Namespace, Outline, Piece, Place, Words, XML};
use crate::reader::line_ends;

/// An element in its text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'d> {
    pub(crate) text: &'d str,
    pub(crate) outline: &'d Outline,
    pub(crate) number: usize,
    pub(crate) place: &'d Place,
}

impl<'d> Node<'d> {
    /// Local name.
    pub(crate) fn name(self) -> &'d str {
        self.place.name.local(self.text)
    }

    /// The namespace's URI, empty when it is in none.
    pub(crate) fn namespace(self) -> &'d str {
        self.uri(self.place.namespace)
    }

    /// Is this `{namespace}name`?
    pub(crate) fn is(self, namespace: &str, name: &str) -> bool {
        self.name() == name && self.namespace() == namespace
    }

    /// In document order.
    pub(crate) fn attributes(self) -> &'d [Attribute] {
        self.outline.attributes.get(self.place.attributes.clone()).unwrap_or_default()
    }

    /// The value of the attribute `name` that is in no namespace.
    pub(crate) fn attribute(self, name: &str) -> Option<Cow<'d, str>> {
        let mut attributes = self.attributes().iter();
        let found = attributes.find(|attribute| {
            attribute.name.prefix == 0 && attribute.name.local(self.text) == name
        });
        found.map(|attribute| attribute.value.read(self.text))
    }

    /// A namespace's URI, empty for none.
    pub(crate) fn uri(self, namespace: Namespace) -> &'d str {
        match namespace {
            Namespace::None => "",
            Namespace::Xml => XML,
            Namespace::Declared(number) => {
                let declaration = self.outline.declarations.get(number);
                declaration.map_or("", |declaration| declaration.uri.of(self.text))
            }
        }
    }

    /// Where it says what a namespace's URI is; `None`: nowhere.
    pub(crate) fn uri_words(self, namespace: Namespace) -> Option<&'d Words> {
        let Namespace::Declared(number) = namespace else { return None };
        self.outline.declarations.get(number).map(|declaration| &declaration.uri)
    }

    /// Its own namespace declarations.
    pub(crate) fn declarations(self) -> &'d [Declaration] {
        self.outline.declarations.get(self.place.declarations.clone()).unwrap_or_default()
    }

    /// Numbers of the declarations in scope, innermost first; a prefix may come again.
    fn in_scope(self) -> impl Iterator<Item = usize> {
        let places = &self.outline.places;
        let around = |place: &&'d Place| place.parent.and_then(|number| places.get(number));
        let inside = std::iter::successors(Some(self.place), around);
        let inside = inside.flat_map(|place| place.declarations.clone().rev());
        inside.chain((0..self.outline.outside).rev())
    }

    /// Prefixes and their URIs, innermost last; a prefix may come again.
    pub(crate) fn scope(self) -> Vec<(&'d str, &'d str)> {
        let rows = self.in_scope().filter_map(|number| self.outline.declarations.get(number));
        let mut scope: Vec<_> =
            rows.map(|row| (row.prefix.of(self.text), row.uri.of(self.text))).collect();
        scope.reverse();
        scope
    }

    /// What the prefix (empty: the default namespace) means here; `None` when it is not declared.
    pub(crate) fn meaning_of(self, prefix: &str) -> Option<Namespace> {
        let declares = |number: &usize| {
            let row = self.outline.declarations.get(*number);
            row.is_some_and(|row| row.prefix.of(self.text) == prefix)
        };
        self.in_scope().find(declares).map(Namespace::Declared)
    }

    /// What stands in it, in document order; of a child element the start alone.
    pub(crate) fn content(self) -> impl Iterator<Item = Piece> {
        let mut at = self.place.pieces.start;
        std::iter::from_fn(move || {
            if at >= self.place.pieces.end {
                return None;
            }
            let piece = *self.outline.pieces.get(at)?;
            at = match piece {
                Piece::Start(child) => self.outline.places.get(child)?.pieces.end + 1,
                _ => at + 1,
            };
            Some(piece)
        })
    }

    /// Child elements, in document order.
    pub(crate) fn children(self) -> impl Iterator<Item = Self> {
        self.content().filter_map(move |piece| match piece {
            Piece::Start(child) => self.outline.node(self.text, child),
            _ => None,
        })
    }

    /// Child elements `{namespace}name`, in document order.
    pub(crate) fn children_named(
        self,
        namespace: &'d str,
        name: &'d str,
    ) -> impl Iterator<Item = Self> {
        self.children().filter(move |child| child.is(namespace, name))
    }

    /// The element's own character data, concatenated; comments never split it.
    pub(crate) fn own_text(self) -> Cow<'d, str> {
        let mut text = Cow::Borrowed("");
        self.content().for_each(|piece| self.add_text(piece, &mut text));
        text
    }

    /// Adds the character data that a piece is.
    pub(crate) fn add_text(self, piece: Piece, text: &mut Cow<'d, str>) {
        match piece {
            // Most texts are of one piece.
            Piece::Text(span) if text.is_empty() => *text = Cow::Borrowed(span.of(self.text)),
            Piece::Text(span) => text.to_mut().push_str(span.of(self.text)),
            Piece::LineEnd => text.to_mut().push('\n'),
            Piece::CharacterData(span) => text.to_mut().push_str(&line_ends(span.of(self.text))),
            Piece::Character(character) => text.to_mut().push(character),
            Piece::Start(_) | Piece::End(_) | Piece::Comment(_) => {}
        }
    }
}
