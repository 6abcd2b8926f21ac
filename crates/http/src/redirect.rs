//! Where an answer sends a server that asked (RFC 9110 15.4).

use std::fmt;

use crate::answer::Answer;
use crate::headers::Headers;
use crate::url::{HttpUrl, Scheme};

/// Why a redirect leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectError {
    /// There is no Location, or there are several.
    NoLocation,
    /// Its Location is no http(s) URL, nor relative to one.
    Invalid,
    /// It leads from https to http.
    Downgrade,
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoLocation => "it redirects without saying where to",
            Self::Invalid => "it redirects to an address that is none",
            Self::Downgrade => "it redirects from https to http",
        })
    }
}

impl std::error::Error for RedirectError {}

/// Does an answer to a GET say that what was asked for is elsewhere?
pub fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The URL that `answer` redirects to, when `asked` was asked for. Without a fragment, which is nothing
/// to a server. Whoever follows it counts how often.
///
/// # Errors
/// It leads nowhere, or where nobody should follow.
pub fn redirect_target(answer: &Answer, asked: &HttpUrl<'_>) -> Result<String, RedirectError> {
    let mut locations = answer.values("location");
    let (Some(location), None) = (locations.next(), locations.next()) else {
        return Err(RedirectError::NoLocation);
    };
    let location = std::str::from_utf8(location).map_err(|_| RedirectError::Invalid)?;
    let target = resolve(asked, location);
    let url = HttpUrl::parse(&target).ok_or(RedirectError::Invalid)?;
    if asked.scheme() == Scheme::Https && url.scheme() == Scheme::Http {
        return Err(RedirectError::Downgrade);
    }
    Ok(target)
}

/// RFC 3986 5.2.2, 5.3; whether the result is a URL is still to be seen.
fn resolve(base: &HttpUrl<'_>, reference: &str) -> String {
    let reference = reference.split('#').next().unwrap_or_default();
    if has_scheme(reference) {
        return reference.to_owned();
    }
    if reference.starts_with("//") {
        return format!("{}:{reference}", base.scheme().as_str());
    }
    let (base_path, base_query) = split_query(base.rest().split('#').next().unwrap_or_default());
    let (path, query) = split_query(reference);
    let (path, query) = match path {
        "" => (base_path.to_owned(), query.or(base_query)),
        _ if path.starts_with('/') => (without_dots(path), query),
        _ => {
            // A base without a path has the root's.
            let folder = base_path.rsplit_once('/').map_or("", |(folder, _)| folder);
            (without_dots(&format!("{folder}/{path}")), query)
        }
    };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{path}{query}", base.origin())
}

/// RFC 3986 3.1; `a:b` is not the path `a:b`.
fn has_scheme(reference: &str) -> bool {
    reference.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    })
}

fn split_query(text: &str) -> (&str, Option<&str>) {
    text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)))
}

/// An absolute path whose `.` and `..` are gone (RFC 3986 5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
        // A folder stays one.
        if is_last && matches!(segment, "." | "..") {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(asked: &str, locations: &[&str]) -> Result<String, RedirectError> {
        let field = |value: &&str| ("Location".to_owned(), value.as_bytes().to_owned());
        let fields = locations.iter().map(field).collect();
        let answer = Answer { status: 302, fields, body: Vec::new() };
        redirect_target(&answer, &HttpUrl::parse(asked).unwrap())
    }

    /// RFC 3986 5.4.1 and 5.4.2, where these are http URLs; without fragments.
    #[test]
    fn references_resolve_as_the_standard_says() {
        for (reference, expected) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"),
            ("g#s", "http://a/b/c/g"),
            ("g?y#s", "http://a/b/c/g?y"),
            (";x", "http://a/b/c/;x"),
            ("g;x", "http://a/b/c/g;x"),
            ("g;x?y#s", "http://a/b/c/g;x?y"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../", "http://a/"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("../../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            (".g", "http://a/b/c/.g"),
            ("g..", "http://a/b/c/g.."),
            ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/./h", "http://a/b/c/g/h"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/./x", "http://a/b/c/g?y/./x"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("https://b:8443/x?y", "https://b:8443/x?y"),
            ("./a:b", "http://a/b/c/a:b"),
        ] {
            let found = target("http://a/b/c/d;p?q", &[reference]);
            assert_eq!(found.as_deref(), Ok(expected), "{reference:?}");
        }
        assert_eq!(target("http://a?q", &["g"]).as_deref(), Ok("http://a/g"));
        assert_eq!(target("https://a:8443/x#y", &["?z"]).as_deref(), Ok("https://a:8443/x?z"));
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for location in [
            "g:h",
            "ftp://a/",
            "javascript:alert(1)",
            "http:g",
            "//",
            "///g",
            "https://u@b/",
            "https://b\\c",
            "/a b",
            "/é",
            "//b:0/",
        ] {
            assert_eq!(target("http://a/", &[location]), Err(RedirectError::Invalid), "{location}");
        }
        for locations in [&[][..], &["/a", "/b"]] {
            assert_eq!(target("http://a/", locations), Err(RedirectError::NoLocation));
        }
    }

    #[test]
    fn https_stays_https() {
        for location in ["http://a/", "HTTP://b", "http://a:443/"] {
            assert_eq!(target("https://a/", &[location]), Err(RedirectError::Downgrade));
        }
        assert_eq!(target("https://a/", &["//b/c"]).as_deref(), Ok("https://b/c"));
        assert_eq!(target("http://a/", &["https://a/"]).as_deref(), Ok("https://a/"));
    }

    #[test]
    fn some_statuses_redirect() {
        let redirecting: Vec<u16> = (200..1000).filter(|status| is_redirect(*status)).collect();
        assert_eq!(redirecting, [301, 302, 303, 307, 308]);
    }
}
