//! nginx's `server_name`: exact, `*.example.com`, `.example.com`, `www.*`, or a regular expression.

use std::fmt;

/// One name of a `server`, in lower case as nginx keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerName<'a> {
    /// No name, `_` and the like: whatever no other server takes.
    Any,
    /// This host alone.
    Exact(&'a str),
    /// `*.example.com`: what ends with `.example.com`; with `.example.com` that itself, too.
    Below {
        /// Without the leading `*.`.
        domain: &'a str,
        /// Is the domain a name of the server as well?
        itself: bool,
    },
    /// `www.*`: what begins with `www.`.
    Begins(&'a str),
    /// Nobody can tell without trying.
    Regex,
}

impl<'a> ServerName<'a> {
    /// Reads a name that is no regular expression.
    pub fn new(name: &'a str) -> Self {
        // No host has such a name: it is written for "none", or for a catch-all.
        if name.is_empty() || !name.bytes().any(|b| b.is_ascii_alphanumeric()) {
            return Self::Any;
        }
        if let Some(domain) = name.strip_prefix("*.") {
            return Self::Below { domain, itself: false };
        }
        if let Some(domain) = name.strip_prefix('.') {
            return Self::Below { domain, itself: true };
        }
        match name.strip_suffix(".*") {
            Some(start) => Self::Begins(start),
            None => Self::Exact(name),
        }
    }

    /// May this server be asked for `host`?
    pub fn takes(self, host: &str) -> bool {
        match self {
            Self::Any | Self::Regex => true,
            Self::Exact(name) => name == host,
            Self::Below { domain, itself } => is_below(host, domain) || itself && host == domain,
            Self::Begins(start) => {
                host.strip_prefix(start).is_some_and(|rest| rest.starts_with('.'))
            }
        }
    }

    /// May it be asked for `domain` or a host below it, where a cookie of this Domain goes
    /// (RFC 6265 5.1.3)?
    pub fn takes_below(self, domain: &str) -> bool {
        match self {
            Self::Any | Self::Regex | Self::Begins(_) => true,
            Self::Exact(name) => name == domain || is_below(name, domain),
            Self::Below { domain: own, .. } => {
                own == domain || is_below(own, domain) || is_below(domain, own)
            }
        }
    }
}

/// As the configuration has it.
impl fmt::Display for ServerName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("\"\""),
            Self::Exact(name) => f.write_str(name),
            Self::Below { domain, itself: false } => write!(f, "*.{domain}"),
            Self::Below { domain, itself: true } => write!(f, ".{domain}"),
            Self::Begins(start) => write!(f, "{start}.*"),
            Self::Regex => f.write_str("~"),
        }
    }
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let takes = |name, host| ServerName::new(name).takes(host);
        for (name, host) in [
            ("app.example.com", "app.example.com"),
            ("*.example.com", "app.example.com"),
            ("*.example.com", "a.b.example.com"),
            (".example.com", "example.com"),
            (".example.com", "app.example.com"),
            ("app.*", "app.example.com"),
            ("", "a"),
            ("_", "a"),
            ("--", "a"),
        ] {
            assert!(takes(name, host), "{name} {host}");
        }
        for (name, host) in [
            ("app.example.com", "example.com"),
            ("example.com", "app.example.com"),
            ("*.example.com", "example.com"),
            ("*.example.com", "badexample.com"),
            (".example.com", "badexample.com"),
            ("app.*", "apple.example.com"),
            ("app.*", "app"),
        ] {
            assert!(!takes(name, host), "{name} {host}");
        }
        assert!(ServerName::Regex.takes("a"));
    }

    #[test]
    fn a_name_is_told_as_it_is_written() {
        for name in ["app.example.com", "*.example.com", ".example.com", "www.*"] {
            assert_eq!(ServerName::new(name).to_string(), name);
        }
        assert_eq!(ServerName::new("_").to_string(), "\"\"");
        assert_eq!(ServerName::Regex.to_string(), "~");
    }

    #[test]
    fn domains_of_cookies() {
        let takes = |name, domain| ServerName::new(name).takes_below(domain);
        for (name, domain) in [
            ("app.example.com", "example.com"),
            ("example.com", "example.com"),
            ("*.example.com", "example.com"),
            ("*.app.example.com", "example.com"),
            ("*.com", "example.com"),
            ("www.*", "example.com"),
            ("_", "example.com"),
        ] {
            assert!(takes(name, domain), "{name} {domain}");
        }
        for (name, domain) in [
            ("example.com", "app.example.com"),
            ("badexample.com", "example.com"),
            ("*.example.org", "example.com"),
            (".badexample.com", "example.com"),
        ] {
            assert!(!takes(name, domain), "{name} {domain}");
        }
    }
}
