//! Qualified names (xml-names 4) by their places.
use super::Span;

/// `prefix:local`, or `local` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) start: usize,
    /// Bytes of the prefix; 0 when there is none, and no colon then.
    pub(crate) prefix: usize,
    /// Bytes of all of it.
    pub(crate) length: usize,
}

impl Name {
    pub(crate) fn end(self) -> usize {
        self.start + self.length
    }

    /// As it is written.
    pub(crate) fn raw(self, text: &str) -> &str {
        Span { start: self.start, end: self.end() }.of(text)
    }

    pub(crate) fn prefix(self, text: &str) -> &str {
        self.prefix_span().of(text)
    }

    pub(crate) fn local(self, text: &str) -> &str {
        self.local_span().of(text)
    }

    pub(crate) fn prefix_span(self) -> Span {
        Span { start: self.start, end: self.start + self.prefix }
    }

    pub(crate) fn local_span(self) -> Span {
        let before = if self.prefix == 0 { 0 } else { self.prefix + 1 };
        Span { start: self.start + before, end: self.end() }
    }
}
