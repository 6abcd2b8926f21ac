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
    // Most senders write one line; a look that never ends early runs on many bytes at a time.
    if !text.bytes().fold(false, |found, b| found | b.is_ascii_whitespace()) {
        return STANDARD.decode(text).ok();
    }
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    STANDARD.decode(digits).ok()
}

/// One line.
pub(crate) fn encode(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}
