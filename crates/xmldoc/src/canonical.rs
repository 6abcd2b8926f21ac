//! Exclusive canonicalisation (xml-exc-c14n, xml-c14n): one pass over the reader's events.
//!
//! Time and memory are linear in what is read: the gate bounds how many namespaces are in scope, and
//! the verifier how many prefixes are listed.
use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

use crate::reader::{self, Attribute, Part, Sink, Span, StartTag, line_ends};

/// What is to be canonicalised: one element and all that is in it.
pub(crate) struct Canonical<'c, 'a> {
    pub(crate) part: &'c Part<'a>,
    /// A child that is left out (xmldsig-core1 6.6.4).
    pub(crate) without: Option<Span>,
    /// The InclusiveNamespaces PrefixList, white space between its prefixes.
    pub(crate) prefixes: &'c str,
    pub(crate) with_comments: bool,
}

impl Canonical<'_, '_> {
    /// The canonical octets, which are UTF-8; `None` when there are more than `most`.
    pub(crate) fn octets(&self, most: usize) -> Option<String> {
        let listed = self.prefixes.split_ascii_whitespace();
        let listed = listed.map(|prefix| if prefix == "#default" { "" } else { prefix });
        let mut writer = Writer {
            octets: String::with_capacity((self.part.span.end - self.part.span.start).min(most)),
            most,
            listed: listed.filter(|prefix| *prefix != "xml").collect(),
            with_comments: self.with_comments,
            open: Vec::new(),
            rendered: Rendered::default(),
            order: Vec::new(),
        };
        reader::read_part(self.part, self.without, &mut writer).ok()?;
        (!writer.is_full()).then_some(writer.octets)
    }
}

struct Writer<'w> {
    octets: String,
    most: usize,
    /// The PrefixList; the default namespace has the empty prefix.
    listed: Vec<&'w str>,
    with_comments: bool,
    /// Names as they are written, outermost first.
    open: Vec<&'w str>,
    rendered: Rendered<'w>,
    /// The current element's attributes in canonical order; kept for its memory.
    order: Vec<usize>,
}

impl<'w, 'a: 'w> Sink<'a> for Writer<'w> {
    fn open(&mut self, tag: &StartTag<'a, '_>) {
        if self.is_full() {
            return;
        }
        self.open.push(tag.name.raw);
        self.rendered.enter();
        self.octets.push('<');
        self.octets.push_str(tag.name.raw);
        self.namespaces(tag);
        self.attributes(tag);
        self.octets.push('>');
    }

    fn text(&mut self, text: &str) {
        if !self.is_full() {
            escape_text(&mut self.octets, text);
        }
    }

    fn comment(&mut self, text: &'a str) {
        if self.with_comments && !self.is_full() {
            self.octets.extend(["<!--", &*line_ends(text), "-->"]);
        }
    }

    fn close(&mut self, _: usize) {
        if self.is_full() {
            return;
        }
        if let Some(name) = self.open.pop() {
            self.octets.push_str("</");
            self.octets.push_str(name);
            self.octets.push('>');
        }
        self.rendered.leave();
    }
}

impl<'w> Writer<'w> {
    /// From here on nothing is written any more.
    fn is_full(&self) -> bool {
        self.octets.len() > self.most
    }

    /// Those that the start tag visibly utilises, and the listed ones in scope, unless they mean the
    /// same in what is already written around it (xml-exc-c14n 3); by prefix.
    fn namespaces<'a: 'w>(&mut self, tag: &StartTag<'a, '_>) {
        let mut missing: Vec<(&'w str, &str)> = Vec::new();
        let mut need = |prefix: &'w str, uri| {
            if self.rendered.uri(prefix, &self.octets) != uri
                && missing.iter().all(|(other, _)| *other != prefix)
            {
                missing.push((prefix, uri));
            }
        };
        let prefixed = tag.attributes.iter().filter(|attribute| !attribute.name.prefix.is_empty());
        let utilised = prefixed.map(|a| (a.name.prefix, tag.namespace_of(a)));
        for (prefix, uri) in utilised.chain([(tag.name.prefix, tag.namespace())]) {
            // It needs no declaration (xml-c14n 2.3).
            if prefix != "xml" {
                need(prefix, uri);
            }
        }
        // What nothing is declared anew for means what it means in the parent, which has it written.
        if self.open.len() == 1 || tag.declares() {
            for prefix in &self.listed {
                // Without a default namespace, an undeclared one is written where it matters.
                if let Some(uri) =
                    tag.meaning_of(prefix).or_else(|| prefix.is_empty().then_some(""))
                {
                    need(prefix, uri);
                }
            }
        }
        missing.sort_unstable();
        for (prefix, uri) in missing {
            self.octets.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            self.octets.push_str(prefix);
            self.octets.push_str("=\"");
            let start = self.octets.len();
            // The gate lets nothing into a URI that must be escaped.
            self.octets.push_str(uri);
            self.rendered.set(prefix, start..self.octets.len());
            self.octets.push('"');
        }
    }

    /// By namespace URI, then by local name (xml-c14n 2.3).
    fn attributes<'a>(&mut self, tag: &StartTag<'a, '_>) {
        let key = |index: &usize| {
            tag.attributes.get(*index).map(|attribute| {
                let name: &str = attribute.name.local;
                (tag.namespace_of(attribute), name)
            })
        };
        self.order.clear();
        self.order.extend(0..tag.attributes.len());
        self.order.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
        for attribute in self.order.iter().filter_map(|index| tag.attributes.get(*index)) {
            write_attribute(&mut self.octets, attribute);
        }
    }
}

fn write_attribute(octets: &mut String, attribute: &Attribute<'_>) {
    octets.push(' ');
    octets.push_str(attribute.name.raw);
    octets.push_str("=\"");
    match &attribute.value {
        // As it is written: of what must be escaped it can only have quotes.
        Cow::Borrowed(value) if memchr(b'"', value.as_bytes()).is_none() => octets.push_str(value),
        value => escape_value(octets, value),
    }
    octets.push('"');
}

fn escape_text(octets: &mut String, text: &str) {
    // No early end: so the loop runs on many bytes at a time.
    let special = |b: u8| matches!(b, b'&' | b'<' | b'>' | b'\r');
    if !text.bytes().fold(false, |found, b| found | special(b)) {
        octets.push_str(text);
        return;
    }
    for character in text.chars() {
        match character {
            '&' => octets.push_str("&amp;"),
            '<' => octets.push_str("&lt;"),
            '>' => octets.push_str("&gt;"),
            '\r' => octets.push_str("&#xD;"),
            other => octets.push(other),
        }
    }
}

fn escape_value(octets: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '&' => octets.push_str("&amp;"),
            '<' => octets.push_str("&lt;"),
            '"' => octets.push_str("&quot;"),
            '\t' => octets.push_str("&#x9;"),
            '\n' => octets.push_str("&#xA;"),
            '\r' => octets.push_str("&#xD;"),
            other => octets.push(other),
        }
    }
}

/// What prefixes mean where the writer is, in what it has written: one row for each prefix, so that
/// looking one up costs no more the deeper an element stands.
#[derive(Default)]
struct Rendered<'w> {
    /// Prefix, and where in the octets its URI was written last.
    rows: Vec<(&'w str, Range<usize>)>,
    /// What to undo, innermost last: the row, and what it was; `None`: it was not there.
    changes: Vec<(usize, Option<Range<usize>>)>,
    /// How many of `changes` each open element found.
    open: Vec<usize>,
}

impl<'w> Rendered<'w> {
    fn enter(&mut self) {
        self.open.push(self.changes.len());
    }

    fn leave(&mut self) {
        let before = self.open.pop().unwrap_or_default();
        for (row, was) in self.changes.drain(before.min(self.changes.len())..).rev() {
            match was {
                Some(was) => {
                    if let Some((_, place)) = self.rows.get_mut(row) {
                        *place = was;
                    }
                }
                None => self.rows.truncate(row),
            }
        }
    }

    /// Empty when nothing has been written of it.
    fn uri<'o>(&self, prefix: &str, octets: &'o str) -> &'o str {
        let row = self.rows.iter().find(|(written, _)| *written == prefix);
        row.and_then(|(_, place)| octets.get(place.clone())).unwrap_or_default()
    }

    fn set(&mut self, prefix: &'w str, place: Range<usize>) {
        let known = self.rows.iter_mut().enumerate().find(|(_, (written, _))| *written == prefix);
        if let Some((row, (_, was))) = known {
            self.changes.push((row, Some(std::mem::replace(was, place))));
        } else {
            self.changes.push((self.rows.len(), None));
            self.rows.push((prefix, place));
        }
    }
}

#[cfg(test)]
mod tests;
