//! Where the parts of a message stand in its text.
use crate::reader::{Sink, Span, StartTag};

/// The namespace of XML signatures (xmldsig-core1 1.1).
pub(crate) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// The root, its children, and which of those and of theirs are signatures.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub(crate) root: Span,
    /// Just behind the root's name in its start tag.
    pub(crate) name_end: usize,
    /// Just behind the root's start tag.
    pub(crate) content: usize,
    /// The root's child elements, in document order.
    pub(crate) children: Vec<Entry>,
    /// Elements that are open where the reader is.
    depth: usize,
    /// Is one of them a child's signature?
    in_signature: bool,
}

/// A child element of the root.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) span: Span,
    pub(crate) is_signature: bool,
    /// Its `ds:Signature` children.
    pub(crate) signatures: Vec<Span>,
}

impl Outline {
    /// The root's `ds:Signature` children.
    pub(crate) fn signatures(&self) -> impl Iterator<Item = Span> {
        self.children.iter().filter(|child| child.is_signature).map(|child| child.span)
    }
}

impl<'a> Sink<'a> for Outline {
    fn open(&mut self, tag: &StartTag<'a, '_>) {
        let span = Span { start: tag.at, end: tag.end };
        match (self.depth, self.children.last_mut()) {
            (0, _) => {
                self.root = span;
                self.name_end = tag.at + 1 + tag.name.raw.len();
                self.content = tag.end;
            }
            (1, _) => {
                let is_signature = tag.is(DSIG, "Signature");
                self.children.push(Entry { span, is_signature, signatures: Vec::new() });
            }
            (2, Some(child)) if tag.is(DSIG, "Signature") => {
                self.in_signature = true;
                child.signatures.push(span);
            }
            _ => {}
        }
        self.depth += 1;
    }

    fn text(&mut self, _: &str) {}

    fn close(&mut self, end: usize) {
        self.depth = self.depth.saturating_sub(1);
        match (self.depth, self.children.last_mut()) {
            (0, _) => self.root.end = end,
            (1, Some(child)) => child.span.end = end,
            (2, Some(child)) if self.in_signature => {
                self.in_signature = false;
                if let Some(signature) = child.signatures.last_mut() {
                    signature.end = end;
                }
            }
            _ => {}
        }
    }
}
