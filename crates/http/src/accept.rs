//! What a client wants to read (RFC 9110 12.5.1), as far as an HTML page and JSON differ.

use std::cmp::Reverse;

use crate::accept_language::thousandths;
use crate::headers::Headers;

/// Would the client rather read HTML than JSON? Without `Accept` it would read either.
pub fn accepts_html(headers: &impl Headers) -> bool {
    headers
        .first("accept")
        .is_none_or(|accept| names_html(accept) || (has(accept, b"*/*") && !has(accept, b"json")))
}

/// Does the client name this media type, in lower case? What it names besides, it can read as well.
pub fn accepts(headers: &impl Headers, media_type: &str) -> bool {
    headers.first("accept").is_some_and(|accept| has(accept, media_type.as_bytes()))
}

/// Would the client rather read an HTML page than XML? A browser does that goes to a page, and nobody else: a
/// program of any kind must get the document that it came for.
///
/// A browser says where it goes (`Sec-Fetch-Mode`, Fetch Metadata 2.2), and where it does not, at plain
/// http, names both kinds of HTML. Java's own client names `text/html` alone, whatever it is for.
pub fn prefers_html_to_xml(headers: &impl Headers) -> bool {
    let Some(accept) = headers.first("accept") else { return false };
    let is_browser = match headers.first("sec-fetch-mode") {
        Some(mode) => mode == b"navigate",
        None => has(accept, b"application/xhtml+xml"),
    };
    let quality = |media_type: &str| {
        let ranges = accept.split(|byte| *byte == b',');
        let found =
            ranges.filter_map(weighed).enumerate().find(|(_, (name, _))| name == media_type);
        found.map(|(place, (_, quality))| (quality, Reverse(place)))
    };
    let html = quality("text/html").filter(|(quality, _)| *quality > 0);
    let xml = ["application/samlmetadata+xml", "application/xml", "text/xml"].map(quality);
    is_browser && html.is_some() && xml.iter().all(|xml| *xml < html)
}

/// A media range in lower case, without parameters, and its weight in thousandths; `None` = malformed.
fn weighed(range: &[u8]) -> Option<(String, u16)> {
    let range = std::str::from_utf8(range).ok()?.to_ascii_lowercase();
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next()?.to_owned();
    let weight = parts.find_map(|part| part.strip_prefix("q="));
    Some((name, weight.map_or(Some(1000), thousandths)?))
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
    fn a_media_type_is_named_in_any_case_or_is_not() {
        let named = |accept| accepts(&Head::new("GET", "").with("Accept", accept), "text/x");
        assert!(named("a/b;q=0.3, TEXT/X;q=1") && !named("text/*, */*"));
        assert!(!accepts(&Head::new("GET", ""), "text/x"));
    }

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

    const CHROMIUM: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,\
                            image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7";
    const FIREFOX: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    #[test]
    fn a_browser_that_goes_to_a_page_reads_html() {
        for accept in [CHROMIUM, FIREFOX, "text/html, application/xhtml+xml, */*"] {
            let head = Head::get().with("Accept", accept);
            assert!(prefers_html_to_xml(&head), "{accept}");
            for (mode, html) in [("navigate", true), ("cors", false), ("no-cors", false)] {
                let head = Head::get().with("Accept", accept).with("Sec-Fetch-Mode", mode);
                assert_eq!(prefers_html_to_xml(&head), html, "{mode}: {accept}");
            }
        }
    }

    #[test]
    fn programs_read_xml() {
        for accept in [
            "*/*",
            "",
            "application/samlmetadata+xml",
            "application/samlmetadata+xml, application/xml;q=0.9, */*;q=0.1",
            "application/xml, text/xml",
            // Java's HttpURLConnection.
            "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
            "text/html",
            "application/xml,application/xhtml+xml,text/html;q=0.9",
            "text/xml, application/xhtml+xml, text/html",
            "application/xhtml+xml, text/html;q=0.8, application/xml;q=0.9",
            "application/xhtml+xml, text/html;q=0",
            "application/xhtml+xml, text/html;q=much",
        ] {
            assert!(!prefers_html_to_xml(&Head::get().with("Accept", accept)), "{accept}");
        }
        assert!(!prefers_html_to_xml(&Head::get()), "no Accept");
        assert!(!prefers_html_to_xml(&Head::get().with("Sec-Fetch-Mode", "navigate")));
    }
}
