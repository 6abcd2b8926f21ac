//! What a client wants to read (RFC 9110 12.5.1), as far as an HTML page and JSON differ.

use crate::headers::Headers;

/// Would the client rather read HTML than JSON? Without `Accept` it would read either.
pub fn accepts_html(headers: &impl Headers) -> bool {
    headers
        .first("accept")
        .is_none_or(|accept| names_html(accept) || (has(accept, b"*/*") && !has(accept, b"json")))
}

/// Does an `Accept` name HTML itself, as every browser's navigation does?
pub(crate) fn names_html(accept: &[u8]) -> bool {
    has(accept, b"text/html") || has(accept, b"application/xhtml+xml")
}

/// Does `text` hold `part`, which is in lower case?
pub(crate) fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Head;

    #[test]
    fn who_names_html_gets_html() {
        for (accept, html) in [
            ("text/html", true),
            ("Text/HTML;q=0.9,*/*;q=0.8", true),
            ("application/xhtml+xml", true),
            ("application/json, text/html", true),
            ("*/*", true),
            ("application/json", false),
            ("application/json, text/plain, */*", false),
            ("application/problem+JSON,*/*", false),
            ("text/*", false),
            ("image/png", false),
            ("", false),
        ] {
            assert_eq!(accepts_html(&Head::get().with("Accept", accept)), html, "{accept:?}");
        }
        assert!(accepts_html(&Head::get()), "no Accept");
    }

    #[test]
    fn a_wildcard_names_no_html() {
        assert!(names_html(b"text/html") && !names_html(b"*/*") && !names_html(b""));
    }
}
