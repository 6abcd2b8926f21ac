//! Where a browser may be sent after login or logout (docs/validation.md).

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::handler_path::is_handler;
use crate::url::{HttpUrl, Scheme, parse_port, split_port};

/// Longest URL, bytes, as it goes into the `Location` header.
pub const LENGTH_MAX: usize = 2048;

/// What RFC 3986 allows nowhere in a URL, and `'`, so that the result is safe in HTML too. `%` stays.
const NOT_URL: &AsciiSet = &CONTROLS
    .add(b'"')
    .add(b'\'')
    .add(b'<')
    .add(b'>')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// An absolute URL of this SP's origin, or of a host on the list. Refuses everything else.
///
/// `url` may be absolute or a path; the answer is always safe for a `Location` header. An entry of
/// `return_hosts` is `host` (on the scheme's own port), `host:port`, either with `*.` in front for all
/// names below, or an origin, `scheme://host:port`, which is that alone; `http` URLs of the host of an
/// `https` `base_url` are refused. A path of `handler_paths`, however it is spelled, is refused at any
/// host.
pub fn check(
    url: &str,
    base_url: &str,
    return_hosts: &[String],
    handler_paths: &[String],
) -> Option<String> {
    // On the raw text: whoever normalises first turns `\` into `/` and drops tabs, as browsers do.
    if url.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return None;
    }
    let base = HttpUrl::parse(base_url)?;
    let url = utf8_percent_encode(url, NOT_URL).to_string();
    let absolute = if url.starts_with('/') { under(&base, &url)? } else { url };
    let target = HttpUrl::parse(&absolute)?;
    if !is_home(&target, &base, return_hosts) || is_handler(target.rest(), handler_paths) {
        return None;
    }
    let absolute = target.origin() + target.rest();
    (absolute.len() <= LENGTH_MAX).then_some(absolute)
}

/// Is `url`, an `Origin` or `Referer`, of this SP's origin or of a host on the list?
pub fn comes_from_home(url: &str, base_url: &str, return_hosts: &[String]) -> bool {
    match (HttpUrl::parse(url), HttpUrl::parse(base_url)) {
        (Some(url), Some(base)) => is_home(&url, &base, return_hosts),
        _ => false,
    }
}

fn is_home(url: &HttpUrl<'_>, base: &HttpUrl<'_>, return_hosts: &[String]) -> bool {
    url.same_origin(base) || is_listed(url, base, return_hosts)
}

/// Can `entry` of `return_hosts` match anything: `host`, `host:port`, `*.host`, `*.host:port`?
pub fn is_host_entry(entry: &str) -> bool {
    let host = entry.strip_prefix("*.").unwrap_or(entry);
    // Whatever reads as a bare origin with a scheme in front is a host, with a port or not.
    !(host.len() < entry.len() && host.starts_with('['))
        && HttpUrl::parse(&format!("https://{host}")).is_some_and(|url| url.rest().is_empty())
}

/// A path of our own origin; `//` would be a host.
fn under(base: &HttpUrl<'_>, path: &str) -> Option<String> {
    (!path.starts_with("//")).then(|| base.origin() + path)
}

fn is_listed(target: &HttpUrl<'_>, base: &HttpUrl<'_>, return_hosts: &[String]) -> bool {
    let downgrade = base.scheme() == Scheme::Https
        && target.scheme() == Scheme::Http
        && target.host() == base.host();
    !downgrade && return_hosts.iter().any(|entry| entry_matches(entry, target))
}

fn entry_matches(entry: &str, target: &HttpUrl<'_>) -> bool {
    if entry.contains("://") {
        return HttpUrl::parse(entry).is_some_and(|origin| origin.same_origin(target));
    }
    let Some((host, port)) = split_port(entry) else { return false };
    let port = match port {
        Some(port) => parse_port(port),
        None => Some(target.scheme().default_port()),
    };
    port == Some(target.port()) && host_matches(host, target.host())
}

/// `host` is in lower case.
fn host_matches(pattern: &str, host: &str) -> bool {
    let Some(suffix) = pattern.strip_prefix('*') else { return pattern.eq_ignore_ascii_case(host) };
    // As nginx reads `*.example.com`: at least one label more, never the domain itself.
    let Some(start) = host.len().checked_sub(suffix.len()).filter(|&start| start > 0) else {
        return false;
    };
    let wild = suffix.len() > 1 && suffix.starts_with('.');
    wild && host.get(start..).is_some_and(|tail| tail.eq_ignore_ascii_case(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://app.example.com";

    fn check_here(url: &str) -> Option<String> {
        check(url, BASE, &[], &[])
    }

    #[test]
    fn own_paths_become_absolute() {
        for (url, expected) in [
            ("/", "https://app.example.com/"),
            ("/a/b?c=d&e=%2F#f", "https://app.example.com/a/b?c=d&e=%2F#f"),
            (
                "/?return=https://evil.example/",
                "https://app.example.com/?return=https://evil.example/",
            ),
            ("/a//b", "https://app.example.com/a//b"),
            ("/@evil.example", "https://app.example.com/@evil.example"),
            ("/:evil.example", "https://app.example.com/:evil.example"),
            ("/..//evil.example", "https://app.example.com/..//evil.example"),
            (
                "/caf\u{e9}?q={\"x\"|'y'}<z>",
                "https://app.example.com/caf%C3%A9?q=%7B%22x%22%7C%27y%27%7D%3Cz%3E",
            ),
            ("/%0d%0aSet-Cookie:x", "https://app.example.com/%0d%0aSet-Cookie:x"),
        ] {
            assert_eq!(check_here(url).as_deref(), Some(expected), "{url:?}");
        }
    }

    #[test]
    fn own_urls_in_any_spelling_are_accepted() {
        for (url, expected) in [
            ("https://app.example.com", "https://app.example.com"),
            ("https://app.example.com/x?y#z", "https://app.example.com/x?y#z"),
            ("HTTPS://APP.example.com:443/X", "https://app.example.com/X"),
            ("https://app.example.com?x", "https://app.example.com?x"),
        ] {
            assert_eq!(check_here(url).as_deref(), Some(expected), "{url:?}");
        }
    }

    #[test]
    fn the_base_may_have_a_path_and_a_port() {
        let base = "http://localhost:8080/app/";
        assert_eq!(check("/x", base, &[], &[]).as_deref(), Some("http://localhost:8080/x"));
        assert_eq!(
            check("http://localhost:8080/y", base, &[], &[]).as_deref(),
            Some("http://localhost:8080/y")
        );
        assert_eq!(check("http://localhost/y", base, &[], &[]), None);
        assert_eq!(check("/x", "no url", &[], &[]), None);
    }

    #[test]
    fn known_open_redirects_are_refused() {
        for url in [
            // CVE-2019-3877: backslashes, which browsers read as slashes.
            "https:\\\\evil.example",
            "\\\\evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\\/evil.example",
            "https://evil.example\\@app.example.com",
            "https://app.example.com\\.evil.example",
            "https://app.example.com\\@evil.example",
            // CVE-2019-13038: no slashes after the scheme.
            "http:evil.example",
            "https:evil.example",
            "https:/evil.example",
            "https:app.example.com",
            // CVE-2021-3639: three slashes and more.
            "///evil.example",
            "////evil.example",
            "https:///evil.example",
            "https:////evil.example",
            "https:///app.example.com",
            // A host of its own.
            "//evil.example",
            "//app.example.com",
            "//app.example.com@evil.example",
            "https://evil.example",
            "https://evil.example/app.example.com",
            "https://evil.example?app.example.com",
            "https://evil.example#app.example.com",
            "https://app.example.com.evil.example",
            "https://app.example.com.",
            "https://evilapp.example.com",
            "https://app.example.com:444",
            "https://app.example.com:443:443",
            "https://app.example.com:@evil.example",
            "https://app.example.com@evil.example",
            "https://app.example.com%40evil.example",
            "https://app.example.com%2f@evil.example",
            "https://user@app.example.com",
            "https://user:pass@app.example.com/",
            "https://@app.example.com/",
            "https://evil.example\u{3002}app.example.com",
            "https://app\u{ff0e}example\u{ff0e}com/",
            "https://[::1]",
            // Another scheme.
            "http://app.example.com/",
            "javascript:alert(1)",
            "javascript://app.example.com/%0aalert(1)",
            "data:text/html,x",
            "ftp://app.example.com/",
            "blob:https://app.example.com/x",
            "view-source:https://app.example.com/",
            "://app.example.com",
            // Neither absolute nor a path.
            "",
            "x",
            "x/y",
            "?x",
            "#x",
            ".",
            "..",
            "app.example.com/x",
        ] {
            assert_eq!(check_here(url), None, "{url:?}");
        }
    }

    #[test]
    fn control_characters_and_blanks_are_refused_anywhere() {
        for bad in [
            "\0", "\t", "\n", "\r", "\x0b", "\x1f", " ", "\x7f", "\u{85}", "\u{a0}", "\u{2028}",
            "\u{3000}",
        ] {
            for url in [
                format!("{bad}/x"),
                format!("/{bad}/evil.example"),
                format!("/x{bad}"),
                format!("/x?{bad}y"),
                format!("h{bad}ttps://app.example.com/"),
                format!("https:{bad}//app.example.com/"),
                format!("https://app.example.com{bad}"),
                format!("https://app.example.com/{bad}Set-Cookie: x"),
            ] {
                assert_eq!(check_here(&url), None, "{url:?}");
            }
        }
    }

    #[test]
    fn the_length_is_bounded() {
        let path = |length: usize| format!("/{}", "x".repeat(length - BASE.len() - 1));
        assert!(check_here(&path(2048)).is_some());
        assert_eq!(check_here(&path(2049)), None);
        assert_eq!(check_here(&format!("/{}", "é".repeat(1000))), None);
    }

    #[test]
    fn listed_hosts_are_accepted_by_host_and_port() {
        for (entry, url, accepted) in [
            ("www.example.org", "https://www.example.org/x", true),
            ("WWW.example.org", "https://www.Example.org/x", true),
            ("www.example.org", "http://www.example.org/x", true),
            ("www.example.org", "https://www.example.org:443/x", true),
            ("www.example.org", "https://www.example.org:8443/x", false),
            ("www.example.org", "https://a.www.example.org/x", false),
            ("www.example.org", "https://example.org/x", false),
            ("www.example.org:8443", "https://www.example.org:8443/x", true),
            ("www.example.org:8443", "https://www.example.org/x", false),
            ("www.example.org:443", "http://www.example.org/x", false),
            ("www.example.org:0", "https://www.example.org/x", false),
            ("www.example.org:", "https://www.example.org/x", false),
            ("[::1]", "https://[0::1]/x", true),
            ("[::1]:81", "http://[::1]:81/x", true),
            ("*.example.org", "https://a.example.org/x", true),
            ("*.example.org", "https://a.b.Example.org/x", true),
            ("*.Example.org:81", "http://a.example.org:81/x", true),
            ("*.example.org", "https://a.example.org:81/x", false),
            ("*.example.org", "https://example.org/x", false),
            ("*.example.org", "https://.example.org/x", false),
            ("*.example.org", "https://evilexample.org/x", false),
            ("*.example.org", "https://example.org.evil.example/x", false),
            ("*.example.org", "https://evil.example/.example.org", false),
            ("*example.org", "https://evilexample.org/x", false),
            ("*", "https://evil.example/x", false),
            ("*.", "https://evil.example./x", false),
            ("", "https:///x", false),
            // The list never opens what is refused for its form, nor a way back to http.
            ("evil.example", "//evil.example", false),
            ("evil.example", "https://app.example.com@evil.example/", false),
            ("evil.example", "ftp://evil.example/", false),
            ("app.example.com", "http://app.example.com/", false),
            ("*.example.com", "http://app.example.com/", false),
            ("app.example.com:8080", "http://app.example.com:8080/", false),
            ("app.example.com:8443", "https://app.example.com:8443/", true),
        ] {
            let answer = check(url, BASE, &[entry.to_owned()], &[]);
            assert_eq!(answer.is_some(), accepted, "{entry} {url}");
        }
    }

    #[test]
    fn handlers_are_refused_at_any_host() {
        let (hosts, handlers) = (["www.example.org".to_owned()], ["/saml/logout".to_owned()]);
        let check = |url: &str| check(url, BASE, &hosts, &handlers);
        for url in [
            "/saml/logout",
            "/saml/./%6cogout?return=/",
            "/x/../saml/logout",
            "https://app.example.com/saml/logout",
            "https://app.example.com//saml//logout#x",
            "https://www.example.org/saml/logout",
        ] {
            assert_eq!(check(url), None, "{url}");
        }
        for url in ["/", "https://app.example.com", "/saml/logout/x", "/?x=/saml/logout"] {
            assert!(check(url).is_some(), "{url}");
        }
    }

    #[test]
    fn home_is_the_base_and_the_list() {
        let hosts = ["www.example.org".to_owned()];
        for (url, is_home) in [
            ("https://app.example.com", true),
            ("https://app.example.com/saml/logout?x", true),
            ("https://www.example.org/", true),
            ("http://app.example.com", false),
            ("https://example.com", false),
            ("https://blog.example.com", false),
            ("null", false),
            ("", false),
            ("/x", false),
        ] {
            assert_eq!(comes_from_home(url, BASE, &hosts), is_home, "{url}");
        }
    }

    #[test]
    fn entries_that_can_never_match_are_told() {
        for entry in
            ["a.example", "A.example:81", "*.a.example", "*.a.example:81", "127.0.0.1", "[::1]:81"]
        {
            assert!(is_host_entry(entry), "{entry}");
        }
        for entry in [
            "",
            "*",
            "*.",
            "*a.example",
            "a.*",
            "*.*.example",
            "*.[::1]",
            "https://a.example",
            "a.example/",
            "a.example:",
            "a.example:x",
            "u@a.example",
            "é.example",
        ] {
            assert!(!is_host_entry(entry), "{entry}");
        }
    }

    #[test]
    fn what_was_accepted_is_accepted_again_unchanged() {
        for url in ["/a?b=%C3%A9", "/é'", "https://app.example.com:443/\u{202e}"] {
            let once = check_here(url).unwrap();
            assert!(once.bytes().all(|b| b.is_ascii_graphic()));
            assert_eq!(check_here(&once), Some(once.clone()));
        }
    }
}
