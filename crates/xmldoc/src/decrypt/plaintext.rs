//! Decrypted octets as a document.
use crate::element::Declaration;
use crate::reader::Outside;
use crate::{Document, Limits, XmlError};

/// Encryptors that serialise an Assertion without its surroundings lose this declaration more than
/// any other. Its meaning is fixed, so it needs nobody's word.
const XSI: (&str, &str) = ("xsi", "http://www.w3.org/2001/XMLSchema-instance");

/// Lets the octets through the gate; prefixes that are bound outside mean what they mean in `scope`, the
/// place where the ciphertext stood (xmlenc-core1 4.4).
pub(super) fn parse(
    octets: &[u8],
    scope: &[Declaration],
    limits: &Limits,
) -> Result<Document, XmlError> {
    let fallback = std::iter::once(XSI);
    let declared = scope.iter().map(|(prefix, uri)| (prefix.as_str(), uri.as_str()));
    let outside = Outside::new(fallback.chain(declared));
    let document = Document::parse_within(octets.to_vec(), limits, &outside)?;
    let missing: String = outside.used().map(declaration).collect();
    if missing.is_empty() {
        return Ok(document);
    }
    let at = document.root().map_or(0, |root| root.place.name.end());
    let mut text = document.into_text();
    text.insert_str(at, &missing);
    Ok(Document::of_text(text)?)
}

fn declaration((prefix, uri): (&str, &str)) -> String {
    let uri = uri.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let colon = if prefix.is_empty() { "" } else { ":" };
    format!(" xmlns{colon}{prefix}=\"{uri}\"")
}
