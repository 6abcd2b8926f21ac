//! What the fuzz targets compare other implementations with.
use crate::Limits;
use crate::canonical::Canonical;
use crate::gate;
use crate::reader::Outside;

/// What of a document is canonicalised, and how.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// Number of the element, in document order.
    pub element: usize,
    /// Number of the child element that is left out; there need not be one.
    pub without: Option<usize>,
    /// The InclusiveNamespaces PrefixList.
    pub prefixes: &'a str,
    pub with_comments: bool,
}

/// The canonical form; `None` when the gate refuses the document or there is no such element.
pub fn canonicalise(bytes: &[u8], choice: &Choice<'_>) -> Option<String> {
    let (text, outline) = gate::pass(bytes, &Limits::default(), &Outside::default()).ok()?;
    let element = outline.node(text, choice.element)?;
    let child = choice.without.and_then(|number| element.children().nth(number));
    let without = child.map(|child| child.number);
    let Choice { prefixes, with_comments, .. } = *choice;
    let octets = Canonical { element, without, prefixes, with_comments }.octets(usize::MAX)?;
    Some(octets.into_text())
}
