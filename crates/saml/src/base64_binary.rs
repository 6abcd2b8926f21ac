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

/// As [`decode`], in the memory of its argument.
pub(crate) fn decode_owned(mut digits: Vec<u8>, max: usize) -> Result<Vec<u8>, Error> {
    // Most senders write one line; a look that never ends early runs on many bytes at a time.
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

    #[test]
    fn other_text_is_refused() {
        for text in
            ["YWJjZ", "YWJj=ZA", "YWJj!", "YWJj-_", "YWJjZA==YWJj", "YWJjé", "====", "YWJj\0"]
        {
            assert_eq!(decode(text, 99), Err(Error::Invalid), "{text:?}");
        }
    }
}
