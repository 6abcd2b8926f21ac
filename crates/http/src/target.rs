//! The target of a request (RFC 9112 3.2).

use std::fmt::Write;

/// A target in origin form, path and query, as the client sent it, safe for a header.
///
/// What RFC 3986 does not allow in a URL is percent-encoded, `%` stays. Whatever is not in origin form
/// becomes `/`.
pub fn escape_target(raw: &[u8]) -> String {
    if raw.first() != Some(&b'/') {
        return "/".into();
    }
    let mut text = String::with_capacity(raw.len());
    for &byte in raw {
        if byte.is_ascii_graphic() && !NOT_URL.contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Printable ASCII that no URL has, and the backslash, which browsers read as a slash.
const NOT_URL: &[u8] = b"\"<>\\^`{|}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_stays_as_it_was_sent() {
        for target in ["/", "/a/b.html?c=d&e=%2F%zz", "//x", "/'()*~:@[]!$,;=+#"] {
            assert_eq!(escape_target(target.as_bytes()), target);
        }
    }

    #[test]
    fn what_no_url_has_is_encoded() {
        assert_eq!(escape_target(b"/a b\r\n\t\0\x7f"), "/a%20b%0D%0A%09%00%7F");
        assert_eq!(escape_target(b"/\xc3\xa9\xff"), "/%C3%A9%FF");
        assert_eq!(escape_target(b"/\"<>\\^`{|}"), "/%22%3C%3E%5C%5E%60%7B%7C%7D");
    }

    #[test]
    fn another_form_is_the_root() {
        for target in ["", "*", "http://a.example/x", "a.example:443", "x"] {
            assert_eq!(escape_target(target.as_bytes()), "/", "{target:?}");
        }
    }
}
