//! Absolute http(s) URLs (RFC 3986), read so strictly that no browser can read them otherwise.

use std::net::Ipv6Addr;

/// The schemes that a browser may be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Port 80 by default.
    Http,
    /// Port 443 by default.
    Https,
}

impl Scheme {
    /// As it stands in a URL, lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port when the URL names none.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// `scheme://host[:port]` and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpUrl<'a> {
    scheme: Scheme,
    host: String,
    port: u16,
    rest: &'a str,
}

impl<'a> HttpUrl<'a> {
    /// `None` unless every octet is printable ASCII without space and backslash, the scheme is http or
    /// https, and the authority is a plain host (DNS name, IPv4 or bracketed IPv6) with a port or not:
    /// user names, `%XX` in the host, an empty host or port are refused.
    pub fn parse(text: &'a str) -> Option<Self> {
        if text.bytes().any(|b| !b.is_ascii_graphic() || b == b'\\') {
            return None;
        }
        let (scheme, after) = text.split_once("://")?;
        let scheme = parse_scheme(scheme)?;
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        let (authority, rest) = after.split_at_checked(end)?;
        let (host, port) = split_port(authority)?;
        let port = match port {
            Some(port) => parse_port(port)?,
            None => scheme.default_port(),
        };
        Some(Self { scheme, host: parse_host(host)?, port, rest })
    }

    /// In lower case, however it was written.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Lower case; an IPv6 address in brackets, in its canonical spelling.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// As written, or the scheme's default.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path, query and fragment as written; may be empty.
    pub fn rest(&self) -> &'a str {
        self.rest
    }

    /// `scheme://host[:port]`; a default port is left out (RFC 6454 6.2).
    pub fn origin(&self) -> String {
        let (scheme, host) = (self.scheme.as_str(), &self.host);
        if self.port == self.scheme.default_port() {
            format!("{scheme}://{host}")
        } else {
            format!("{scheme}://{host}:{}", self.port)
        }
    }

    /// Same scheme, host and port (RFC 6454 5)?
    pub fn same_origin(&self, other: &HttpUrl<'_>) -> bool {
        self.scheme == other.scheme && self.host == other.host && self.port == other.port
    }
}

/// Is `found` the address `ours`, letter by letter? But for a default port, which either may write
/// out (RFC 3986 6.2.3): some IdPs do when they are told an address.
pub fn is_address(found: &str, ours: &str) -> bool {
    found == ours
        || without_default_port(found)
            .zip(without_default_port(ours))
            .is_some_and(|(found, ours)| found == ours)
}

/// `https://host` and what follows the authority, of a URL that is written like ours.
fn without_default_port(url: &str) -> Option<(&str, &str)> {
    let (scheme, _) = url.split_once("://")?;
    let scheme_of = |s: &Scheme| s.as_str() == scheme;
    let default_port = [Scheme::Http, Scheme::Https].into_iter().find(scheme_of)?.default_port();
    let authority_start = scheme.len() + "://".len();
    let end = url.get(authority_start..)?.find(['/', '?', '#']).map(|at| authority_start + at);
    let (before, rest) = url.split_at_checked(end.unwrap_or(url.len()))?;
    let (_, found) = split_port(before.get(authority_start..)?)?;
    match found {
        None => Some((before, rest)),
        Some(port) if port == default_port.to_string() => {
            Some((before.strip_suffix(port)?.strip_suffix(':')?, rest))
        }
        Some(_) => None,
    }
}

/// Splits `host[:port]`, brackets respected; the parts are not checked.
pub(crate) fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let host_end = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at_checked(host_end)?;
    match port {
        "" => Some((host, None)),
        _ => Some((host, Some(port.strip_prefix(':')?))),
    }
}

/// 1 to 65535, digits only.
pub(crate) fn parse_port(text: &str) -> Option<u16> {
    // `parse` alone would take a sign.
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?.filter(|&port| port != 0)
}

fn parse_scheme(text: &str) -> Option<Scheme> {
    [Scheme::Http, Scheme::Https].into_iter().find(|s| text.eq_ignore_ascii_case(s.as_str()))
}

/// A DNS name, IPv4 address or bracketed IPv6 address, in lower case.
fn parse_host(text: &str) -> Option<String> {
    if let Some(address) = text.strip_prefix('[') {
        let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    let name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    (!text.is_empty() && text.bytes().all(name)).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_read_from_any_spelling() {
        for (text, origin, rest) in [
            ("https://app.example.com", "https://app.example.com", ""),
            ("https://app.example.com/", "https://app.example.com", "/"),
            ("HTTPS://App.Example.COM:443/A?b#c", "https://app.example.com", "/A?b#c"),
            ("http://localhost:8080?x", "http://localhost:8080", "?x"),
            ("http://127.0.0.1:80#f", "http://127.0.0.1", "#f"),
            ("https://[2001:DB8:0::1]:8443/x", "https://[2001:db8::1]:8443", "/x"),
            ("https://a_b-c/x@y:1", "https://a_b-c", "/x@y:1"),
        ] {
            let url = HttpUrl::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((url.origin().as_str(), url.rest()), (origin, rest), "{text}");
        }
    }

    #[test]
    fn origins_are_compared_whole() {
        let base = HttpUrl::parse("https://a.example").unwrap();
        assert!(base.same_origin(&HttpUrl::parse("https://A.example:443/x").unwrap()));
        for other in
            ["http://a.example", "https://a.example:444", "https://b.example", "https://a.example."]
        {
            assert!(!base.same_origin(&HttpUrl::parse(other).unwrap()), "{other}");
        }
    }

    #[test]
    fn an_address_may_name_its_default_port() {
        for (plain, written) in [
            ("https://a.example/acs?x=1", "https://a.example:443/acs?x=1"),
            ("http://a.example/acs", "http://a.example:80/acs"),
            ("https://a.example", "https://a.example:443"),
            ("https://[2001:db8::1]/acs", "https://[2001:db8::1]:443/acs"),
            ("https://[2001:db8::443]/", "https://[2001:db8::443]:443/"),
        ] {
            assert!(is_address(plain, written) && is_address(written, plain), "{plain}");
            assert!(is_address(plain, plain) && is_address(written, written), "{plain}");
        }
        assert!(is_address("https://a.example:8443/acs", "https://a.example:8443/acs"));
        assert!(is_address("urn:x", "urn:x"), "an address is compared as it is written");
        let ours = "https://a.example/acs";
        for other in [
            "",
            "https://a.example/acs/",
            "https://a.example:80/acs",
            "https://a.example:8443/acs",
            "https://a.example:/acs",
            "https://a.example:0443/acs",
            "https://a.example:443:443/acs",
            "https://a.example:+443/acs",
            "https://A.example:443/acs",
            "HTTPS://a.example:443/acs",
            "http://a.example:443/acs",
            "https://a.example:443@b.example/acs",
            "https://u@a.example:443/acs",
            "https://a.example:443\\/acs",
            "https://b.example/acs:443",
            "https://a.example/acs:443",
            "https://a.example:443#/acs",
            "https://a.example:443",
        ] {
            assert!(!is_address(other, ours) && !is_address(ours, other), "{other}");
        }
        assert!(!is_address("https://[2001:db8::443]/", "https://[2001:db8:]/"));
    }

    #[test]
    fn anything_doubtful_is_refused() {
        for text in [
            "",
            "/",
            "//a.example",
            "a.example",
            "https:",
            "https:/a.example",
            "https:a.example",
            "https://",
            "https:///a.example",
            "https://?",
            "https://:443",
            "https://a.example:",
            "https://a.example:0",
            "https://a.example:65536",
            "https://a.example:+1",
            "https://a.example:443:1",
            "https://a.example:x",
            "https://u@a.example",
            "https://u:p@a.example",
            "https://a.example@b.example/",
            "https://a%2eexample",
            "https://a.example\\b",
            "https:\\\\a.example",
            "https://a.example/\\b",
            "https://a example",
            "https://a.example/ b",
            " https://a.example",
            "https://a.example\n",
            "https://a.example/\u{7f}",
            "https://é.example",
            "https://a.example/é",
            "https://[::1",
            "https://[::1]x",
            "https://[::1%25eth0]",
            "https://[example]",
            "ftp://a.example",
            "javascript://a.example/%0aalert(1)",
            "httpss://a.example",
        ] {
            assert_eq!(HttpUrl::parse(text), None, "{text:?}");
        }
    }
}
