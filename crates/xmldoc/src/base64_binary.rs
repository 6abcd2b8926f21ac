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
    // Most senders write one padded line, which goes many digits at a time; all else is judged below.
    if let Ok(octets) = base64_simd::STANDARD.decode_to_vec(text) {
        return Some(octets);
    }
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    STANDARD.decode(digits).ok()
}

/// One line.
pub(crate) fn encode(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The short way lets nothing through that the long one refuses or reads otherwise.
    #[test]
    fn both_ways_read_the_same() {
        let mut state = 1_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % below
        };
        let strange = b"AZaz09+/-_= \n\x0b\x0c\0\x7f\xc3\xa9";
        for round in 0..100_000 {
            let octets: Vec<u8> = (0..random(99)).map(|_| random(256) as u8).collect();
            let mut digits = encode(&octets).into_bytes();
            for _ in 0..round % 4 {
                let (at, b) = (random(digits.len() + 1), strange[random(strange.len())]);
                match digits.get_mut(at) {
                    Some(digit) if round % 3 == 0 => *digit = b,
                    _ => digits.insert(at, b),
                }
            }
            let fast = base64_simd::STANDARD.decode_to_vec(&digits).ok();
            assert!(fast.is_none() || fast == STANDARD.decode(&digits).ok(), "{digits:?}");
        }
    }

    #[test]
    fn white_space_and_idle_bits_are_tolerated() {
        for text in ["YWJjZA==", "YWJjZB==", " YWJj\r\nZA=\t=\n"] {
            assert_eq!(decode(text).as_deref(), Some(&b"abcd"[..]), "{text:?}");
        }
        for text in ["YWJjZA", "YWJjZA=", "YWJj!", "YWJj-_==", "====", "YWJjZA==YWJj"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
