//! Preflights (Fetch 4.8): a browser asks whether a script of another origin may send a request. They
//! carry no cookies, so they never have a session; but whoever sends a request may call it one.

use crate::headers::{Field, Headers};

/// What no browser's preflight has: who says who they are wants to be taken for it, and some
/// applications believe another method than the request line's.
const FOREIGN: [&str; 6] = [
    "cookie",
    "authorization",
    "upgrade",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
];

/// Longest name of a method that is repeated in an answer, bytes.
const MAX_METHOD: usize = 64;

/// Longest list of headers that is repeated in an answer, bytes.
const MAX_HEADERS: usize = 1024;

/// Seconds that a browser may remember the answer.
const MAX_AGE: &str = "600";

/// Are these the header fields of a preflight? Its method is OPTIONS, and it has no body.
pub fn is_preflight(headers: &impl Headers) -> bool {
    headers.has("origin")
        && headers.has("access-control-request-method")
        && !FOREIGN.iter().any(|name| headers.has(name))
}

/// Leave to send the request that a preflight asks for: whether that is let in is asked when it
/// comes. `None` = its origin is none of `origins`, or it does not ask as browsers do.
pub fn permission(headers: &impl Headers, origins: &[String]) -> Option<Vec<Field>> {
    permitted(headers, sharing(headers, origins)?)
}

/// The same, of an origin that may read the answer: `sharing` says so.
pub fn permitted(headers: &impl Headers, sharing: Vec<Field>) -> Option<Vec<Field>> {
    let mut fields = sharing;
    let method = headers.first("access-control-request-method").and_then(method)?;
    fields.push(("Access-Control-Allow-Methods", method));
    fields.push(("Access-Control-Max-Age", MAX_AGE.to_owned()));
    if let Some(names) = headers.first("access-control-request-headers") {
        fields.push(("Access-Control-Allow-Headers", header_names(names)?));
    }
    Some(fields)
}

/// Lets scripts of the request's origin read the answer (Fetch 3.2.3); `None` = it is none of
/// `origins`.
pub fn sharing(headers: &impl Headers, origins: &[String]) -> Option<Vec<Field>> {
    shared_with(headers, |origin| origins.iter().any(|known| known == origin))
}

/// The same, where `may_read` says which origins it is for.
pub fn shared_with(
    headers: &impl Headers,
    may_read: impl FnOnce(&str) -> bool,
) -> Option<Vec<Field>> {
    let origin = std::str::from_utf8(headers.first("origin")?).ok()?;
    may_read(origin).then(|| {
        vec![
            ("Access-Control-Allow-Origin", origin.to_owned()),
            ("Access-Control-Allow-Credentials", "true".to_owned()),
            ("Vary", "Origin".to_owned()),
        ]
    })
}

fn method(text: &[u8]) -> Option<String> {
    let is_token = (1..=MAX_METHOD).contains(&text.len()) && text.iter().all(is_token_byte);
    is_token.then(|| String::from_utf8_lossy(text).into_owned())
}

fn header_names(list: &[u8]) -> Option<String> {
    let may_stand = |byte: &u8| is_token_byte(byte) || matches!(byte, b',' | b' ' | b'\t');
    let is_list = list.len() <= MAX_HEADERS && list.iter().all(may_stand);
    is_list.then(|| String::from_utf8_lossy(list).into_owned())
}

/// `tchar` of RFC 9110 5.6.2.
fn is_token_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Head;

    const ORIGIN: &str = "https://app.example.com";

    fn origins() -> Vec<String> {
        vec!["https://other.example".to_owned(), ORIGIN.to_owned()]
    }

    fn preflight() -> Head {
        Head::new("OPTIONS", "").with("Origin", ORIGIN).with("Access-Control-Request-Method", "PUT")
    }

    /// The value of one field of the permission.
    fn granted(head: &Head, name: &str) -> Option<String> {
        let fields = permission(head, &origins())?;
        fields.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    #[test]
    fn a_preflight_says_origin_and_method() {
        assert!(is_preflight(&preflight()));
        assert!(is_preflight(&preflight().with("Access-Control-Request-Headers", "x-a")));
        assert!(!is_preflight(&Head::get().with("Origin", ORIGIN)));
        assert!(!is_preflight(&Head::get().with("Access-Control-Request-Method", "PUT")));
    }

    #[test]
    fn who_says_more_than_a_browser_is_none() {
        for name in [
            "Cookie",
            "Authorization",
            "Upgrade",
            "X-HTTP-Method-Override",
            "X-HTTP-Method",
            "X-Method-Override",
        ] {
            assert!(!is_preflight(&preflight().with(name, "")), "{name}");
        }
    }

    #[test]
    fn a_permission_repeats_what_was_asked_for() {
        let asked = preflight().with("Access-Control-Request-Headers", "x-a, x-b");
        assert_eq!(
            permission(&asked, &origins()).unwrap(),
            [
                ("Access-Control-Allow-Origin", ORIGIN.to_owned()),
                ("Access-Control-Allow-Credentials", "true".to_owned()),
                ("Vary", "Origin".to_owned()),
                ("Access-Control-Allow-Methods", "PUT".to_owned()),
                ("Access-Control-Max-Age", "600".to_owned()),
                ("Access-Control-Allow-Headers", "x-a, x-b".to_owned()),
            ]
        );
        assert_eq!(permission(&preflight(), &origins()).unwrap().len(), 5);
    }

    #[test]
    fn only_listed_origins_get_anything() {
        for origin in ["", "null", "https://app.example.com:443", "HTTPS://app.example.com"] {
            let head =
                Head::get().with("Origin", origin).with("Access-Control-Request-Method", "GET");
            assert_eq!(sharing(&head, &origins()), None, "{origin}");
            assert_eq!(permission(&head, &origins()), None, "{origin}");
        }
        assert_eq!(sharing(&Head::get(), &origins()), None);
        assert_eq!(sharing(&preflight(), &[]), None);
        assert_eq!(sharing(&preflight(), &origins()).unwrap().len(), 3);
    }

    #[test]
    fn a_method_is_a_token() {
        let asked = |method: &[u8]| {
            let head = Head::get().with("Origin", ORIGIN);
            let head = head.with("Access-Control-Request-Method", method);
            granted(&head, "Access-Control-Allow-Methods")
        };
        assert_eq!(asked(b"PATCH").as_deref(), Some("PATCH"));
        assert_eq!(asked(&[b'X'; 64]).map(|method| method.len()), Some(64));
        for method in [b"".as_slice(), b"GET, PUT", b"GET\r\nX: y", b"G\xc3\xa9T", &[b'X'; 65]] {
            assert_eq!(asked(method), None, "{method:?}");
        }
    }

    #[test]
    fn names_of_headers_are_a_bounded_list() {
        let asked = |names: &[u8]| {
            let head = preflight().with("Access-Control-Request-Headers", names);
            granted(&head, "Access-Control-Allow-Headers")
        };
        assert_eq!(asked(b"content-type,\tx-a").as_deref(), Some("content-type,\tx-a"));
        assert_eq!(asked(b"").as_deref(), Some(""));
        assert_eq!(asked(&[b'x'; 1024]).map(|names| names.len()), Some(1024));
        for names in [b"x-a\r\nX: y".as_slice(), b"x;y", b"\xff", &[b'x'; 1025]] {
            assert_eq!(asked(names), None, "{names:?}");
        }
    }
}
