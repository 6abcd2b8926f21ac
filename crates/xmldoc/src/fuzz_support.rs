//! What the fuzz targets compare other implementations with.
use crate::Limits;
use crate::canonical::Canonical;
use crate::places::Places;

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
    let places = Places::find(bytes, &Limits::default()).ok()?;
    let part = places.part(places.all().get(choice.element)?);
    let child = choice.without.and_then(|number| places.children(choice.element).nth(number));
    let (without, prefixes) = (child.map(|child| child.span), choice.prefixes);
    Canonical { part: &part, without, prefixes, with_comments: choice.with_comments }
        .octets(usize::MAX)
}
