//! A metadata file as text: in UTF-8, or in the encoding that it begins with or declares (XML 1.0 F).

use std::borrow::Cow;
use std::ops::Range;

use super::MetadataError;
use crate::refusal::quote;

/// Bytes in which an XML declaration is looked for.
const HEAD: usize = 256;

/// The text of a file, to be read as if it had been in UTF-8.
///
/// White space before the XML declaration is left out: copying leaves some.
pub(super) fn decode(octets: &[u8]) -> Result<String, MetadataError> {
    let text = convert(octets)?;
    let text = text.trim_matches(['\u{FEFF}', ' ', '\t', '\r', '\n']);
    Ok(match declared(text) {
        Some(place) => {
            let (before, rest) = text.split_at_checked(place.start).unwrap_or((text, ""));
            [before, "UTF-8", rest.get(place.len()..).unwrap_or_default()].concat()
        }
        None => text.to_owned(),
    })
}

fn convert(octets: &[u8]) -> Result<Cow<'_, str>, MetadataError> {
    match octets {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Err(unconverted("UTF-32")),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [b'<', 0, ..] => utf16(octets, u16::from_le_bytes),
        [0, b'<', ..] => utf16(octets, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        _ => {
            let head = String::from_utf8_lossy(octets.get(..HEAD).unwrap_or(octets));
            let head = head.trim_start();
            let label = declared(head).and_then(|place| head.get(place)).unwrap_or("UTF-8");
            as_declared(label, octets)
        }
    }
}

fn as_declared<'a>(label: &str, octets: &'a [u8]) -> Result<Cow<'a, str>, MetadataError> {
    match label.to_ascii_lowercase().as_str() {
        // What can be read as UTF-8 so far is not in UTF-16: somebody has converted it and left the
        // declaration.
        "utf-8" | "utf8" | "utf-16" | "utf-16le" | "utf-16be" => utf8(octets),
        _ if octets.is_ascii() && is_like_ascii(label) => utf8(octets),
        "iso-8859-1" | "latin1" | "windows-1252" | "cp1252" => {
            let text: Option<String> = octets.iter().map(|octet| windows_1252(*octet)).collect();
            text.map(Cow::Owned).ok_or_else(|| unconverted(label))
        }
        _ => Err(unconverted(label)),
    }
}

/// Does ASCII stand for itself in it? In UTF-7 and ISO-2022 it does not.
fn is_like_ascii(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    ["us-ascii", "ascii", "iso-8859-", "windows-125"].iter().any(|like| label.starts_with(like))
}

fn utf8(octets: &[u8]) -> Result<Cow<'_, str>, MetadataError> {
    std::str::from_utf8(octets).map(Cow::Borrowed).map_err(|_| unconverted("UTF-8"))
}

fn utf16(octets: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, MetadataError> {
    let (pairs, rest) = octets.as_chunks::<2>();
    let text: Result<String, _> =
        char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    match text {
        Ok(text) if rest.is_empty() => Ok(Cow::Owned(text)),
        _ => Err(unconverted("UTF-16")),
    }
}

/// Also of what says ISO-8859-1, as browsers read it: that has only controls where the two differ.
fn windows_1252(octet: u8) -> Option<char> {
    const FROM_80: [char; 32] = [
        '\u{20AC}', '\0', '\u{201A}', '\u{192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}',
        '\u{2C6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\0', '\u{17D}', '\0', '\0',
        '\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}',
        '\u{2DC}', '\u{2122}', '\u{161}', '\u{203A}', '\u{153}', '\0', '\u{17E}', '\u{178}',
    ];
    match octet {
        0x80..0xA0 => FROM_80.get(usize::from(octet - 0x80)).copied().filter(|c| *c != '\0'),
        _ => Some(char::from(octet)),
    }
}

fn unconverted(encoding: &str) -> MetadataError {
    MetadataError(format!(
        "the file cannot be read as {}: convert it to UTF-8 (iconv -f … -t UTF-8), and let its XML \
         declaration say so",
        quote(encoding)
    ))
}

/// Where the XML declaration that the text starts with names the encoding.
fn declared(text: &str) -> Option<Range<usize>> {
    const START: &str = "<?xml";
    let (declaration, _) = text.strip_prefix(START)?.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let value = value.strip_prefix(quote)?;
    let start = START.len() + declaration.len() - value.len();
    Some(start..start + value.find(quote)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "<a>Gr\u{fc}\u{df}e</a>";

    fn utf16(text: &str, to_octets: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_octets).collect()
    }

    /// In ISO-8859-1 and windows-1252.
    fn latin(text: &str) -> Vec<u8> {
        text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
    }

    #[test]
    fn each_encoding_gives_the_same_text() {
        let with = |label: &str| format!("<?xml version='1.0' encoding='{label}'?>{BODY}");
        let (le, be) = (u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes as _);
        for octets in [
            with("UTF-8").into_bytes(),
            with("utf-8").into_bytes(),
            format!("\u{FEFF}{}", with("UTF-8")).into_bytes(),
            format!("\r\n {}\n", with("UTF-8")).into_bytes(),
            utf16(&format!("\u{FEFF}{}", with("UTF-16")), le),
            utf16(&format!("\u{FEFF}{}", with("utf-8")), be),
            utf16(&with("UTF-16LE"), le),
            utf16(&with("UTF-16"), be),
            // A .NET StringWriter's declaration, saved as UTF-8.
            with("utf-16").into_bytes(),
            latin(&with("ISO-8859-1")),
            latin(&with("windows-1252")),
        ] {
            assert_eq!(decode(&octets).unwrap(), with("UTF-8"), "{octets:?}");
        }
        let ascii = "<?xml version=\"1.0\" encoding = \"US-ASCII\" ?><a/>";
        let expected = "<?xml version=\"1.0\" encoding = \"UTF-8\" ?><a/>";
        assert_eq!(decode(ascii.as_bytes()).unwrap(), expected);
        let quoted = b"<?xml version='1.0' encoding='windows-1252'?><a>\x93x\x94 \x80\x9F</a>";
        assert!(decode(quoted).unwrap().ends_with("<a>\u{201C}x\u{201D} \u{20AC}\u{178}</a>"));
        for label in ["ISO-8859-15", "windows-1251"] {
            let ascii = format!("<?xml version='1.0' encoding='{label}'?><a/>");
            assert!(decode(ascii.as_bytes()).is_ok(), "{label}");
        }
        for plain in [BODY, "<?xml version='1.0'?><a encoding='x'/>", "<?xml", ""] {
            assert_eq!(decode(plain.as_bytes()).unwrap(), plain);
        }
    }

    #[test]
    fn what_cannot_be_converted_is_said() {
        for (octets, name) in [
            (latin(BODY), "UTF-8"),
            (latin(&format!("<?xml version='1.0' encoding='US-ASCII'?>{BODY}")), "US-ASCII"),
            (b"<?xml version='1.0' encoding='utf-7'?><a/>".to_vec(), "utf-7"),
            (b"<?xml version='1.0' encoding='ISO-2022-JP'?><a/>".to_vec(), "ISO-2022-JP"),
            (b"<?xml version='1.0' encoding='Shift_JIS'?><a>\x80\xFF</a>".to_vec(), "Shift_JIS"),
            (latin(&format!("<?xml version='1.0' encoding='ISO-8859-15'?>{BODY}")), "ISO-8859-15"),
            (b"<?xml version='1.0' encoding='windows-1252'?><a>\x81</a>".to_vec(), "windows-1252"),
            (b"\xFF\xFE<\0a\0/".to_vec(), "UTF-16"),
            (b"\xFE\xFF\xD8\0".to_vec(), "UTF-16"),
            (b"\xFF\xFE\0\0<\0\0\0".to_vec(), "UTF-32"),
        ] {
            let error = decode(&octets).unwrap_err().to_string();
            assert!(error.contains(&format!("\"{name}\": convert it to UTF-8")), "{error}");
        }
    }
}
