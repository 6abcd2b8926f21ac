//! xsd:base64Binary (XML Schema 2 3.2.16).
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet};

/// Bits of the last digit that no octet has may be set, as xmlsec1 lets them be.
const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The octets; white space may stand anywhere.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut digits = Vec::with_capacity(text.len());
    digits.extend(text.bytes().filter(|b| !b.is_ascii_whitespace()));
    STANDARD.decode(digits).ok()
}

/// One line.
pub(crate) fn encode(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}
