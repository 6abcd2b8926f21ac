//! What an XML processor makes of white space before anybody sees it (XML 1.0 2.11 and 3.3.3).
use std::borrow::Cow;

use memchr::{memchr, memchr3};

use super::reference;
use crate::GateError;

/// Text in which CR LF, and CR alone, is one LF (XML 1.0 2.11).
pub(crate) fn line_ends(text: &str) -> Cow<'_, str> {
    if memchr(b'\r', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// A raw attribute value, which has no `<`, with its references resolved and a blank for each other
/// white space that is written out (XML 1.0 3.3.3; without a DTD all values are CDATA).
pub(crate) fn attribute_value(raw: &str) -> Result<String, GateError> {
    let mut value = String::with_capacity(raw.len());
    let unified = line_ends(raw);
    let mut rest = &*unified;
    while let Some(at) = memchr3(b'&', b'\t', b'\n', rest.as_bytes()) {
        let (before, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
        value.push_str(before);
        rest = match special.strip_prefix('&') {
            Some(reference) => {
                let (name, after) = reference.split_once(';').ok_or(GateError::Entity)?;
                value.push(reference::resolve(name)?);
                after
            }
            None => {
                value.push(' ');
                special.get(1..).unwrap_or_default()
            }
        };
    }
    value.push_str(rest);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_in_one_way() {
        for (raw, expected) in [
            ("a\nb", "a\nb"),
            ("a\r\nb\rc\r", "a\nb\nc\n"),
            ("\r\r\n\n", "\n\n\n"),
            ("\u{85}\u{2028}", "\u{85}\u{2028}"),
        ] {
            assert_eq!(line_ends(raw), expected, "{raw:?}");
        }
    }

    #[test]
    fn only_references_bring_other_white_space_than_blanks() {
        for (raw, expected) in [
            ("a b", "a b"),
            ("a\tb\nc\rd\r\ne", "a b c d e"),
            (" \r\r\n ", "    "),
            ("&#9;&#10;&#xD;\n&#32;", "\t\n\r  "),
            ("&lt;&amp;#10;\u{85}\u{2028}", "<&#10;\u{85}\u{2028}"),
        ] {
            assert_eq!(attribute_value(raw).as_deref(), Ok(expected), "{raw:?}");
        }
        for raw in ["&", "a&b", "&a b;", "&nbsp;", "&\n;"] {
            assert_eq!(attribute_value(raw), Err(GateError::Entity), "{raw:?}");
        }
    }
}
