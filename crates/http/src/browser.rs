//! Who asks, and what for: a person who goes somewhere, a part of a page, a program.
//!
//! Browsers say so by `Sec-Fetch-*` (Fetch Metadata) where they send it: over https. Elsewhere it is
//! told by what they have always sent.

use crate::accept::{has, names_html};
use crate::headers::Headers;

/// Headers that scripts in a page send, to be told apart from the page's own navigation.
const PROGRAMS: [&str; 4] = ["x-requested-with", "hx-request", "turbo-frame", "x-pjax"];

/// `Authorization` schemes that no browser sends by itself.
const TOKENS: [&str; 4] = ["bearer", "dpop", "token", "apikey"];

/// What browsers say of themselves when they fetch ahead; older ones by the latter three.
const PURPOSES: [&str; 4] = ["sec-purpose", "purpose", "x-purpose", "x-moz"];

/// Is there a person's browser, as far as headers tell? A cross-site POST brings no Lax cookie, so
/// the lack of cookies says nothing.
pub fn is_browser(headers: &impl Headers) -> bool {
    headers.has("sec-fetch-mode") || headers.first("accept").is_some_and(names_html)
}

/// Is the client a browser in which a person goes somewhere, so that a login page makes sense?
///
/// `Sec-Fetch-Mode` says so (Fetch Metadata 2.2). Without it an `Accept` that names HTML does, as
/// every browser's navigation does, and the lack of what scripts add.
pub fn navigates(headers: &impl Headers) -> bool {
    if PROGRAMS.iter().any(|name| headers.has(name))
        || headers.first("upgrade").is_some_and(|to| to.eq_ignore_ascii_case(b"websocket"))
        || headers.first("authorization").is_some_and(is_token)
        || is_speculative(headers)
    {
        return false;
    }
    match headers.first("sec-fetch-mode") {
        Some(mode) => mode == b"navigate",
        None => headers.first("accept").is_some_and(names_html),
    }
}

/// Does the browser only prepare for what a person may do (Fetch, `Sec-Purpose`; older browsers say
/// `Purpose` or `X-Moz`)?
pub fn is_speculative(headers: &impl Headers) -> bool {
    let ahead = |value| {
        [b"prefetch".as_slice(), b"prerender", b"preview"].iter().any(|what| has(value, what))
    };
    PURPOSES.iter().any(|name| headers.first(name).is_some_and(ahead))
}

/// Will the answer be shown in a frame of another page (Fetch 2.2.5)?
pub fn is_framed(headers: &impl Headers) -> bool {
    let frames = [b"iframe".as_slice(), b"frame", b"fencedframe", b"embed", b"object"];
    headers.first("sec-fetch-dest").is_some_and(|destination| frames.contains(&destination))
}

/// Is it a part of a page, that the page loads by itself: an image, a script, a style (Fetch 2.2.5)?
/// `fetch()` has the empty destination; browsers that do not say are believed.
pub fn is_subresource(headers: &impl Headers) -> bool {
    let wholes = [b"document".as_slice(), b"empty"];
    headers.first("sec-fetch-dest").is_some_and(|destination| !wholes.contains(&destination))
}

/// Has a page of the site at `origin` sent it, as its browser says (Fetch Metadata 2.3, Fetch 3.2)? Browsers
/// name the page's origin with each form; one that must not tell where it comes from names `null`. Where
/// nothing is said it is not.
pub fn is_sent_by(headers: &impl Headers, origin: &str) -> bool {
    let named = headers.first("origin").filter(|named| *named != b"null");
    let is_named = |named: &[u8]| named.eq_ignore_ascii_case(origin.as_bytes());
    match (headers.first("sec-fetch-site"), named) {
        (Some(b"same-origin") | None, Some(named)) => is_named(named),
        // The same as what was asked: is that the site?
        (Some(b"same-origin"), None) => origin.split_once("://").is_some_and(|(_, host)| {
            headers.first("host").is_some_and(|asked| asked.eq_ignore_ascii_case(host.as_bytes()))
        }),
        _ => false,
    }
}

/// Does `Authorization` hold what only programs send (RFC 9110 11.6.2)?
fn is_token(authorization: &[u8]) -> bool {
    let scheme = authorization.split(|byte| *byte == b' ').next().unwrap_or_default();
    TOKENS.iter().any(|token| scheme.eq_ignore_ascii_case(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Head;

    fn with(name: &str, value: &str) -> Head {
        Head::get().with(name, value)
    }

    /// A navigation over https.
    fn navigation() -> Head {
        with("Accept", "text/html,*/*;q=0.8").with("Sec-Fetch-Mode", "navigate")
    }

    #[test]
    fn a_browser_says_its_mode_or_wants_html() {
        assert!(is_browser(&with("Sec-Fetch-Mode", "cors")));
        assert!(is_browser(&with("Accept", "text/html")));
        assert!(!is_browser(&with("Accept", "*/*")));
        assert!(!is_browser(&Head::get()));
    }

    #[test]
    fn a_navigation_is_told_by_its_mode() {
        assert!(navigates(&navigation()));
        for mode in ["cors", "no-cors", "same-origin", "websocket", "Navigate", ""] {
            let head = with("Accept", "text/html").with("Sec-Fetch-Mode", mode);
            assert!(!navigates(&head), "{mode:?}");
        }
    }

    #[test]
    fn without_a_mode_a_navigation_wants_html() {
        assert!(navigates(&with("Accept", "text/html")));
        assert!(!navigates(&with("Accept", "*/*")));
        assert!(!navigates(&with("Accept", "application/json")));
        assert!(!navigates(&Head::get()));
    }

    #[test]
    fn programs_do_not_navigate() {
        for (name, value) in [
            ("X-Requested-With", "XMLHttpRequest"),
            ("HX-Request", "true"),
            ("Turbo-Frame", "x"),
            ("X-PJAX", ""),
            ("Upgrade", "WebSocket"),
            ("Authorization", "Bearer x"),
            ("Authorization", "bearer"),
            ("Authorization", "DPoP x"),
            ("Authorization", "Token token=x"),
            ("Authorization", "ApiKey x"),
            ("Sec-Purpose", "prefetch;prerender"),
        ] {
            assert!(!navigates(&navigation().with(name, value)), "{name}: {value}");
        }
        for (name, value) in [
            ("Authorization", "Basic x"),
            ("Authorization", "Negotiate x"),
            ("Authorization", "Bearers x"),
            ("Upgrade", "h2c"),
            ("Upgrade-Insecure-Requests", "1"),
        ] {
            assert!(navigates(&navigation().with(name, value)), "{name}: {value}");
        }
    }

    #[test]
    fn what_is_fetched_ahead_is_told_in_old_words_too() {
        for (name, value) in [
            ("Sec-Purpose", "prefetch"),
            ("Sec-Purpose", "Prefetch;prerender"),
            ("Purpose", "prefetch"),
            ("X-Purpose", "preview"),
            ("X-Moz", "prefetch"),
        ] {
            assert!(is_speculative(&with(name, value)), "{name}: {value}");
        }
        assert!(!is_speculative(&with("Sec-Purpose", "")));
        assert!(!is_speculative(&with("X-Fetch", "prefetch")));
        assert!(!is_speculative(&Head::get()));
    }

    #[test]
    fn a_form_of_this_site_is_told_by_what_the_browser_says_of_its_page() {
        const ORIGIN: &str = "https://app.example.com";
        let head = |fields: &[(&str, &str)]| {
            fields.iter().fold(Head::get(), |head, (name, value)| head.with(name, *value))
        };
        let same = ("Sec-Fetch-Site", "same-origin");
        for fields in [
            &[same, ("Origin", ORIGIN)] as &[_],
            &[("Origin", ORIGIN)],
            &[same, ("Host", "app.example.com")],
            &[same, ("Origin", "null"), ("Host", "App.example.com")],
        ] {
            assert!(is_sent_by(&head(fields), ORIGIN), "{fields:?}");
        }
        let host = ("Host", "app.example.com");
        for fields in [
            &[host] as &[_],
            &[host, ("Origin", "null")],
            &[host, ("Origin", "http://app.example.com")],
            &[host, ("Origin", "https://app.example.com.evil.example")],
            &[host, same, ("Origin", "https://evil.example")],
            &[same],
            &[same, ("Host", "evil.example")],
            &[host, ("Sec-Fetch-Site", "same-site"), ("Origin", ORIGIN)],
            &[host, ("Sec-Fetch-Site", "cross-site"), ("Origin", ORIGIN)],
            &[host, ("Sec-Fetch-Site", "none")],
            &[host, ("Sec-Fetch-Site", ""), ("Origin", ORIGIN)],
        ] {
            assert!(!is_sent_by(&head(fields), ORIGIN), "{fields:?}");
        }
    }

    #[test]
    fn a_destination_is_a_page_a_frame_or_a_part() {
        for (destination, framed, part) in [
            ("document", false, false),
            ("empty", false, false),
            ("iframe", true, true),
            ("frame", true, true),
            ("fencedframe", true, true),
            ("embed", true, true),
            ("object", true, true),
            ("image", false, true),
            ("script", false, true),
            ("style", false, true),
            ("worker", false, true),
            ("", false, true),
        ] {
            let head = with("Sec-Fetch-Dest", destination);
            assert_eq!((is_framed(&head), is_subresource(&head)), (framed, part), "{destination}");
        }
        assert!(!is_framed(&Head::get()) && !is_subresource(&Head::get()));
    }
}
