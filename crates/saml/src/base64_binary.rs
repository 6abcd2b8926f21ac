//! xs:base64Binary as it is met in the wild (XML Schema 2 3.2.16).

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why text is not base64Binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Error {
    Invalid,
    /// Would decode to more bytes than allowed.
    TooLarge,
}

/// One line, padded.
pub(crate) fn encode(octets: &[u8]) -> String {
    LENIENT.encode(octets)
}

/// Blanks and line breaks are dropped, padding is optional; at most `max` octets come out.
pub(crate) fn decode(text: &str, max: usize) -> Result<Vec<u8>, Error> {
    decode_owned(text.as_bytes().to_vec(), max)
}

/// As [`decode`], without another copy of its argument.
pub(crate) fn decode_owned(mut digits: Vec<u8>, max: usize) -> Result<Vec<u8>, Error> {
    // Most senders write one padded line, which goes many digits at a time; all else is judged below.
    if digits.len() / 4 * 3 <= max
        && let Ok(octets) = base64_simd::STANDARD.decode_to_vec(&digits)
    {
        return Ok(octets);
    }
    if digits.iter().fold(false, |found, b| found | (*b <= b' ')) {
        digits.retain(|b| !b.is_ascii_whitespace());
    }
    let unpadded = digits.iter().rposition(|&b| b != b'=').map_or(0, |last| last + 1);
    // Before decoding: four digits are three octets.
    if unpadded / 4 * 3 + (unpadded % 4).saturating_sub(1) > max {
        return Err(Error::TooLarge);
    }
    LENIENT.decode(digits).map_err(|_| Error::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_is_decoded() {
        for length in 0..70 {
            let octets: Vec<u8> = (0..length).map(|i| (i * 37) as u8).collect();
            assert_eq!(decode(&encode(&octets), length).as_deref(), Ok(&octets[..]));
            if length > 0 {
                assert_eq!(decode(&encode(&octets), length - 1), Err(Error::TooLarge));
            }
        }
    }

    #[test]
    fn blanks_and_missing_padding_are_tolerated() {
        for text in ["YWJjZA==", "YWJjZA", "YWJj\r\nZA==\r\n", " YW Jj\tZA = =", "YWJjZA="] {
            assert_eq!(decode(text, 99).as_deref(), Ok(&b"abcd"[..]), "{text:?}");
        }
        assert_eq!(decode("", 0).as_deref(), Ok(&b""[..]));
    }

    /// The short way lets nothing through that the long one refuses or reads otherwise.
    #[test]
    fn both_ways_read_the_same() {
        for first in 0..=255_u8 {
            for last in 0..=255_u8 {
                for digits in [&b"YWJj"[..], b"YWJjZA==", b"YWJjZGU=", &[b'A'; 100]] {
                    let mut digits = digits.to_vec();
                    digits[0] = first;
                    *digits.last_mut().unwrap() = last;
                    let fast = base64_simd::STANDARD.decode_to_vec(&digits).ok();
                    assert!(fast.is_none() || fast == LENIENT.decode(&digits).ok(), "{digits:?}");
                }
            }
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in
            ["YWJjZ", "YWJj=ZA", "YWJj!", "YWJj-_", "YWJjZA==YWJj", "YWJjé", "====", "YWJj\0"]
        {
            assert_eq!(decode(text, 99), Err(Error::Invalid), "{text:?}");
        }
    }
}
