//! Decrypted octets as a document.
use crate::element::Declaration;
use crate::reader::{Outside, Sink, StartTag};
use crate::{Document, Limits, XmlError, gate};
use libxml2::Tree;

/// Encryptors that serialise an Assertion without its surroundings lose this declaration more than
/// any other. Its meaning is fixed, so it needs nobody's word.
const XSI: (&str, &str) = ("xsi", "http://www.w3.org/2001/XMLSchema-instance");

/// Gate, then one libxml2 parse; prefixes that are bound outside mean what they mean in `scope`, the
/// place where the ciphertext stood (xmlenc-core1 4.4).
pub(super) fn parse(
    octets: &[u8],
    scope: &[Declaration],
    limits: &Limits,
) -> Result<Document, XmlError> {
    let fallback = std::iter::once(XSI);
    let declared = scope.iter().map(|(prefix, uri)| (prefix.as_str(), uri.as_str()));
    let outside = Outside::new(fallback.chain(declared));
    let mut root = RootName::default();
    let text = gate::pass(octets, limits, &outside, &mut root)?;
    let missing: String = outside.used().map(declaration).collect();
    if missing.is_empty() {
        return Ok(Document::from_tree(Tree::parse(octets)?));
    }
    let (before, after) = text.split_at_checked(root.end).unwrap_or((text, ""));
    let whole = [before, &missing, after].concat();
    Ok(Document::from_tree(Tree::parse(whole.as_bytes())?))
}

/// Finds where the root's name ends, in bytes.
#[derive(Default)]
struct RootName {
    end: usize,
}

impl<'a> Sink<'a> for RootName {
    fn open(&mut self, tag: &StartTag<'a, '_>) {
        if self.end == 0 {
            self.end = tag.at + 1 + tag.name.raw.len();
        }
    }

    fn text(&mut self, _: &str) {}

    fn close(&mut self, _: usize) {}
}

fn declaration((prefix, uri): (&str, &str)) -> String {
    let uri = uri.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let colon = if prefix.is_empty() { "" } else { ":" };
    format!(" xmlns{colon}{prefix}=\"{uri}\"")
}
