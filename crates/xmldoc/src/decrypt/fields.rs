//! What all elements of an encryption are read by.
use super::DecryptError;
use crate::{Element, base64_binary};

/// XML Encryption 1.0's namespace (xmlenc-core1 1.3).
pub(super) const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
/// What 1.1 has added (xmlenc-core1 1.3).
pub(super) const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";

pub(super) fn base64_octets(element: &Element) -> Result<Vec<u8>, DecryptError> {
    let octets = base64_binary::decode(&element.text).filter(|_| element.children.is_empty());
    octets.ok_or(DecryptError::Structure("an octet string of the encryption is not base64"))
}

pub(crate) fn algorithm(method: &Element) -> &str {
    method.attribute("Algorithm").unwrap_or_default()
}

pub(super) fn required<'a>(
    parent: &'a Element,
    namespace: &str,
    name: &str,
) -> Result<&'a Element, DecryptError> {
    let missing = "an element of the encryption is missing or out of place";
    optional(parent, namespace, name)?.ok_or(DecryptError::Structure(missing))
}

pub(super) fn optional<'a>(
    parent: &'a Element,
    namespace: &str,
    name: &str,
) -> Result<Option<&'a Element>, DecryptError> {
    let mut named = parent.children.iter().filter(|child| child.is(namespace, name));
    let first = named.next();
    match named.next() {
        None => Ok(first),
        Some(_) => Err(DecryptError::Structure("an element of the encryption is there twice")),
    }
}
