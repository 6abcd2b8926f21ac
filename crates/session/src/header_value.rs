//! Attribute values as text that may stand in a header line or a variable.

use std::borrow::Cow;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::byte_serialize;

use crate::decoded::DecodedSession;
use crate::separator::Separator;

/// `text` as a header carries it: what a header, or who reads it, would lose is written `\u{hex}`, so
/// that two texts never become one. Those are control characters, and white space and invisible
/// characters at the ends. Anything else stays UTF-8; a `\u{` of the text's own is `\u{5c}u{`.
pub fn header_safe(text: &str) -> Cow<'_, str> {
    if is_plain(text, b'\\') {
        return Cow::Borrowed(text);
    }
    escape(text, |rest| rest.starts_with("\\u{").then_some(Special::Coded))
}

/// The values with `separator` between them, header-safe; borrowed when nothing had to change.
///
/// A backslash or a separator inside a value gets a backslash in front, also when there is only one
/// value, so that no user can make two values of one by writing the separator into it. To read: a
/// backslash and `u{hex}` are that character, a backslash and anything else are the latter, and a
/// separator without a backslash ends a value.
pub fn join<'a, S: AsRef<str> + ?Sized + 'a>(
    values: impl IntoIterator<Item = &'a S>,
    separator: &Separator,
) -> Cow<'a, str> {
    let separator = separator.as_str();
    let first = separator.bytes().next();
    let escape = |value: &'a str| {
        if first.is_some_and(|first| is_plain(value, first)) {
            return Cow::Borrowed(value);
        }
        escape(value, |rest| match rest {
            rest if rest.starts_with('\\') => Some(Special::Marked(1)),
            rest if rest.starts_with(separator) => Some(Special::Marked(separator.len())),
            _ => None,
        })
    };
    let mut values = values.into_iter().map(AsRef::as_ref);
    let Some(first) = values.next() else { return Cow::Borrowed("") };
    let mut joined = escape(first);
    for value in values {
        let joined = joined.to_mut();
        joined.push_str(separator);
        joined.push_str(&escape(value));
    }
    joined
}

/// Is it of visible ASCII and inner blanks, without a backslash and the byte `but`, as nearly all is? Then nothing is
/// lost of it.
fn is_plain(text: &str, but: u8) -> bool {
    let bytes = text.as_bytes();
    let is_odd = |byte: &u8| !(b' '..=b'~').contains(byte) | (*byte == b'\\') | (*byte == but);
    // All of them, many at a time.
    let has_odd = bytes.iter().fold(false, |found, byte| found | is_odd(byte));
    !has_odd && bytes.first() != Some(&b' ') && bytes.last() != Some(&b' ')
}

/// Text that may not stand as it is.
enum Special {
    /// So many bytes, with a backslash in front.
    Marked(usize),
    /// One character, as `\u{hex}`.
    Coded,
}

/// Writes what `special` finds at the beginning of a rest of `text` in its other form, and as code
/// what no header can carry.
fn escape<'a>(text: &'a str, special: impl Fn(&str) -> Option<Special>) -> Cow<'a, str> {
    let begin = text.len() - text.trim_start_matches(is_lost_at_an_end).len();
    let end = text.trim_end_matches(is_lost_at_an_end).len();
    let mut written = String::new();
    // What lies before these: written already; looked at already.
    let (mut copied, mut place) = (0, 0);
    while let Some(rest) = text.get(place..)
        && let Some(c) = rest.chars().next()
    {
        let found = if place < begin || place >= end || c.is_control() {
            Some(Special::Coded)
        } else {
            special(rest)
        };
        let Some(found) = found else {
            place += c.len_utf8();
            continue;
        };
        written.push_str(text.get(copied..place).unwrap_or_default());
        (copied, place) = match found {
            Special::Marked(length) => {
                written.push('\\');
                (place, place + length)
            }
            Special::Coded => {
                let next = place + c.len_utf8();
                // Writing to a String cannot fail.
                let _ = write!(written, "\\u{{{:x}}}", u32::from(c));
                (next, next)
            }
        };
    }
    if written.is_empty() {
        return Cow::Borrowed(text);
    }
    written.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(written)
}

/// What HTTP, or the libraries and programs that read headers, take off the ends of a value, and what
/// nobody would see there.
fn is_lost_at_an_end(c: char) -> bool {
    let is_invisible = matches!(
        c,
        '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
    );
    c.is_whitespace() || is_invisible
}

/// A JSON object of the attributes: Name → array of values. Holds no raw control character and no
/// `<`, so that it may stand in a header or in a script element.
pub fn attributes_json(session: &DecodedSession) -> String {
    let mut json = String::from("{");
    for (place, (name, values)) in session.attributes().enumerate() {
        separate(&mut json, place);
        push_string(&mut json, name);
        json.push(':');
        push_array(&mut json, values);
    }
    json.push('}');
    json
}

/// A JSON array of the values, in the letters of [`attributes_json`].
pub fn values_json<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let mut json = String::new();
    push_array(&mut json, values);
    json
}

/// `text` as base64 (RFC 4648 4): ASCII alone, for headers that are read as Latin-1.
pub fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// `text` percent-encoded (RFC 3986 2.1), but for ASCII letters, digits and `*`, `-`, `.`, `_`: it may
/// stand in any part of a URL.
pub fn percent_encoded(text: &str) -> String {
    // Forms have a plus for a blank, and nothing else of theirs is one.
    byte_serialize(text.as_bytes()).map(|part| if part == "+" { "%20" } else { part }).collect()
}

fn push_array<'a>(json: &mut String, values: impl IntoIterator<Item = &'a str>) {
    json.push('[');
    for (place, value) in values.into_iter().enumerate() {
        separate(json, place);
        push_string(json, value);
    }
    json.push(']');
}

fn separate(json: &mut String, place: usize) {
    if place > 0 {
        json.push(',');
    }
}

fn push_string(json: &mut String, text: &str) {
    json.push('"');
    for char in text.chars() {
        match char {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            // The last two end a line in scripts older than ES2019.
            _ if char.is_control() || matches!(char, '<' | '\u{2028}' | '\u{2029}') => {
                let _ = write!(json, "\\u{:04x}", u32::from(char));
            }
            _ => json.push(char),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;
    use crate::record::Session;
    use crate::record::tests::{attribute, typical};
    use crate::shape::Shapes;

    fn json(attributes: Vec<identity::Attribute>) -> String {
        let session = Session { attributes, ..typical() };
        attributes_json(&DecodedSession::of(&session, &Shapes::new(&[], &Memory::default())))
    }

    fn joined(values: &[&str], separator: &str) -> String {
        join(values.iter().copied(), &Separator::new(separator).unwrap()).into_owned()
    }

    #[test]
    fn what_a_header_would_lose_is_written_as_code() {
        for (text, safe) in [
            ("a\r\nX-Admin: 1", r"a\u{d}\u{a}X-Admin: 1"),
            ("ad\tmin\0\u{7f}", r"ad\u{9}min\u{0}\u{7f}"),
            (" admin", r"\u{20}admin"),
            ("\u{a0}admin\u{3000}", r"\u{a0}admin\u{3000}"),
            ("admin\u{200b}", r"admin\u{200b}"),
            ("\u{feff}admin", r"\u{feff}admin"),
            ("\u{85}", r"\u{85}"),
            (" \u{a0}", r"\u{20}\u{a0}"),
            (r"admin\u{a0}", r"admin\u{5c}u{a0}"),
        ] {
            assert_eq!(header_safe(text), safe, "{text:?}");
        }
    }

    #[test]
    fn what_a_header_keeps_stays() {
        for text in
            ["Жанна d'Arc", r"CORP\alice", "a\u{a0}b", "а\u{200d}b", "pаypal", "a  b", "", r"a\u"]
        {
            assert!(matches!(header_safe(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }

    #[test]
    fn values_are_joined_and_safe() {
        assert_eq!(joined(&[], ";"), "");
        assert!(matches!(join(["one"], &Separator::default()), Cow::Borrowed("one")));
        assert_eq!(joined(&["a\n", "b", "c"], ", "), r"a\u{a}, b, c");
        assert_eq!(joined(&["a", "b;c"], ";"), r"a;b\;c");
        assert_eq!(joined(&["b;c"], ";"), r"b\;c");
        assert_eq!(joined(&[r"a\", "b"], ";"), r"a\\;b");
        assert_eq!(joined(&["a;b"], ";"), r"a\;b");
        assert_eq!(joined(&["a", "", "b"], ";"), "a;;b");
    }

    /// The rule of docs/variables.md, as an application would write it.
    fn taken_apart(mut text: &str, separator: &str) -> Vec<String> {
        let mut values = vec![String::new()];
        while let Some(c) = text.chars().next() {
            let value = values.last_mut().unwrap();
            if let Some(code) = text.strip_prefix(r"\u{") {
                let (hex, rest) = code.split_once('}').unwrap();
                value.push(char::from_u32(u32::from_str_radix(hex, 16).unwrap()).unwrap());
                text = rest;
            } else if let Some(marked) = text.strip_prefix('\\') {
                let c = marked.chars().next().unwrap();
                value.push(c);
                text = &marked[c.len_utf8()..];
            } else if let Some(rest) = text.strip_prefix(separator) {
                values.push(String::new());
                text = rest;
            } else {
                value.push(c);
                text = &text[c.len_utf8()..];
            }
        }
        values
    }

    #[test]
    fn joined_values_come_apart_as_they_were() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        // Parts of separators and of escapes, and what gets lost.
        const PARTS: [&str; 16] = [
            "a", "b", ";", ",", " ", "\\", "u", "{", "}", "\\u{", "\u{a0}", "\n", "é", "\u{feff}",
            "5c", "·",
        ];
        let separators = [";", ",", ", ", " ", "ab", "aab", "}", "5c", "·", ",a;", "é\u{a0}"];
        for round in 0..if cfg!(miri) { 300 } else { 60_000 } {
            let separator = separators[round % separators.len()];
            let value = |_| (0..random(6)).map(|_| PARTS[random(PARTS.len())]).collect::<String>();
            let values: Vec<String> = (0..1 + round % 4).map(value).collect();
            let joined = join(&values, &Separator::new(separator).unwrap());
            assert_eq!(taken_apart(&joined, separator), values, "{joined:?} by {separator:?}");
            assert!(!joined.contains(char::is_control), "{joined:?}");
        }
    }

    #[test]
    fn safe_texts_are_as_different_as_the_texts() {
        let mut seen = std::collections::HashMap::new();
        let parts = ["a", " ", "\t", "\u{a0}", "\\", "u{", "5c", "a0", "20", "}", "\u{7f}"];
        let mut texts = vec![String::new()];
        for _ in 0..if cfg!(miri) { 2 } else { 4 } {
            texts = texts
                .iter()
                .flat_map(|text| parts.iter().map(move |part| format!("{text}{part}")))
                .collect();
            for text in &texts {
                let other = seen.insert(header_safe(text).into_owned(), text.clone());
                assert!(other.is_none_or(|other| other == *text), "{text:?}");
            }
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "calls libcrypto")]
    fn json_holds_all_values_by_name() {
        let attributes = vec![
            attribute("Role", None, &["a"]),
            attribute("empty", None, &[]),
            attribute("Role", Some("role"), &["b"]),
        ];
        assert_eq!(json(attributes), r#"{"Role":["a","b"],"empty":[]}"#);
        assert_eq!(json(vec![]), "{}");
    }

    #[test]
    #[cfg_attr(miri, ignore = "calls libcrypto")]
    fn each_outlet_carries_any_value_and_breaks_nothing() {
        let hostile = "a\r\nX-Admin: 1\0\"'<;,=&+ %\u{202e}\u{200f}é";
        assert_eq!(percent_encoded("a+b ;é~*"), "a%2Bb%20%3B%C3%A9%7E*");
        assert_eq!(base64("Führung?>"), "RsO8aHJ1bmc/Pg==");
        let long = "x\n".repeat(if cfg!(miri) { 500 } else { 50_000 });
        for text in [hostile, "", "\u{85}", &long] {
            let (percent, base64) = (percent_encoded(text), base64(text));
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "%*-._".contains(c);
            assert!(percent.chars().all(is_plain), "{text:?}");
            let read = form_urlencoded::parse(percent.as_bytes()).next();
            assert_eq!(read.map_or_else(String::new, |(name, _)| name.into_owned()), text);
            assert!(base64.chars().all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c)));
            assert_eq!(STANDARD.decode(base64).unwrap(), text.as_bytes());
        }
        let json = values_json([hostile, ""]);
        assert!(!json.contains(char::is_control) && !json.contains('<'), "{json}");
        let whole = self::json(vec![attribute("a", None, &[hostile, ""])]);
        assert_eq!(whole, format!("{{\"a\":{json}}}"));
        assert_eq!(values_json([]), "[]");
    }

    #[test]
    #[cfg_attr(miri, ignore = "calls libcrypto")]
    fn json_escapes_what_could_break_out() {
        let json = json(vec![attribute("a\"\\", None, &["</script>\r\n\0\u{7f}\u{85}\u{2028}é"])]);
        assert_eq!(json, r#"{"a\"\\":["\u003c/script>\u000d\u000a\u0000\u007f\u0085\u2028é"]}"#);
    }
}
