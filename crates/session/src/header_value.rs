//! Attribute values as text that may stand in a header line or a variable.

use std::borrow::Cow;
use std::fmt::Write;

use crate::names::merge;
use crate::record::Session;

/// `text` with every control character (0x00 to 0x1f, 0x7f) replaced by a blank, so that no value
/// ends a header line; anything else stays UTF-8.
pub fn header_safe(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        let safe = |char: char| if char.is_ascii_control() { ' ' } else { char };
        Cow::Owned(text.chars().map(safe).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// The values with `separator` between them, header-safe; borrowed when nothing had to change.
///
/// A separator inside a value gets a backslash in front, also when there is only one value, so that
/// no user can make two values of one by writing the separator into it.
pub fn join<'a>(values: &'a [String], separator: &str) -> Cow<'a, str> {
    let Some((first, rest)) = values.split_first() else { return Cow::Borrowed("") };
    let first = escaped(first, separator);
    if rest.is_empty() {
        return match first {
            Cow::Borrowed(value) => header_safe(value),
            Cow::Owned(value) => Cow::Owned(header_safe(&value).into_owned()),
        };
    }
    let mut joined = first.into_owned();
    for value in rest {
        joined.push_str(separator);
        joined.push_str(&escaped(value, separator));
    }
    Cow::Owned(header_safe(&joined).into_owned())
}

fn escaped<'a>(value: &'a str, separator: &str) -> Cow<'a, str> {
    if separator.is_empty() || !value.contains(separator) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.replace(separator, &format!("\\{separator}")))
}

/// A JSON object of the attributes: Name → array of values. Holds no raw control character and no
/// `<`, so that it may stand in a header or in a script element.
pub fn attributes_json(session: &Session) -> String {
    let mut json = String::from("{");
    for (place, attribute) in merge(&session.attributes).iter().enumerate() {
        separate(&mut json, place);
        push_string(&mut json, attribute.name);
        json.push_str(":[");
        for (place, value) in attribute.values().enumerate() {
            separate(&mut json, place);
            push_string(&mut json, value);
        }
        json.push(']');
    }
    json.push('}');
    json
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
    use crate::record::tests::{attribute, typical};

    fn json(attributes: Vec<crate::record::Attribute>) -> String {
        attributes_json(&Session { attributes, ..typical() })
    }

    #[test]
    fn control_characters_become_blanks_and_the_rest_stays() {
        assert_eq!(header_safe("a\r\nX-Admin: 1\0\u{7f}\t"), "a  X-Admin: 1   ");
        assert!(matches!(header_safe("Жанна d'Arc"), Cow::Borrowed("Жанна d'Arc")));
    }

    #[test]
    fn values_are_joined_and_safe() {
        let values = |values: &[&str]| values.iter().map(|v| v.to_string()).collect::<Vec<_>>();
        assert_eq!(join(&[], ";"), "");
        assert!(matches!(join(&values(&["one"]), ";"), Cow::Borrowed("one")));
        assert_eq!(join(&values(&["a\n", "b", "c"]), ", "), "a , b, c");
        assert_eq!(join(&values(&["a", "b"]), "\n"), "a b");
        assert_eq!(join(&values(&["a", "b;c"]), ";"), "a;b\\;c");
        assert_eq!(join(&values(&["b;c"]), ";"), "b\\;c");
    }

    #[test]
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
    fn json_escapes_what_could_break_out() {
        let json = json(vec![attribute("a\"\\", None, &["</script>\r\n\0\u{7f}\u{85}\u{2028}é"])]);
        assert_eq!(json, r#"{"a\"\\":["\u003c/script>\u000d\u000a\u0000\u007f\u0085\u2028é"]}"#);
    }
}
