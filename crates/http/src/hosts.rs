//! Which of several origins a request is at, by the host that it names (RFC 9110 7.2).

use std::cmp::Ordering;
use std::fmt;
use std::net::Ipv6Addr;

use crate::url::{HttpUrl, parse_port, split_port};

/// The host that a request names, in its `Host` or `:authority`.
#[derive(Clone, Copy, Debug)]
pub struct RequestHost<'a> {
    /// As the server chose by it: in lower case, without a port and a final dot. Empty = the request names
    /// none.
    pub name: &'a [u8],
    /// As it was sent, for its port.
    pub authority: &'a [u8],
}

impl<'a> RequestHost<'a> {
    /// Of what a proxy says that a client named, in lower case; `None` = it is none.
    pub fn of_authority(authority: &'a [u8]) -> Option<Self> {
        let (name, _) = split_port(std::str::from_utf8(authority).ok()?)?;
        Some(Self { name: name.as_bytes(), authority })
    }
}

impl RequestHost<'_> {
    /// `None` = it is none.
    fn port(&self) -> Option<Option<u16>> {
        let (_, port) = split_port(std::str::from_utf8(self.authority).ok()?)?;
        match port {
            None | Some("") => Some(None),
            Some(port) => parse_port(port).map(Some),
        }
    }
}

/// Name and port as they were sent, for the log; without a port, by the name.
impl fmt::Display for RequestHost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.authority.is_empty() { self.name } else { self.authority };
        f.write_str(&String::from_utf8_lossy(text))
    }
}

/// Finds one of several origins by the host of a request. Its scheme has no say: in front of the server
/// something else may speak TLS.
#[derive(Debug)]
pub struct Hosts(Vec<Named>);

/// What a host is called, with its port or without one, and the number of its origin.
type Named = ((String, Option<u16>), usize);

impl Hosts {
    /// Of these origins, by their numbers.
    ///
    /// A request without a port means the scheme's own port. Where nothing has that, it means the only
    /// origin of its name: some proxies leave the port away.
    ///
    /// # Errors
    /// The numbers of two that a request could not tell apart.
    pub fn new(origins: &[HttpUrl<'_>]) -> Result<Self, (usize, usize)> {
        let mut named: Vec<Named> = Vec::with_capacity(2 * origins.len());
        for (number, origin) in origins.iter().enumerate() {
            let name = || origin.host().to_owned();
            named.push(((name(), Some(origin.port())), number));
            if origin.port() == origin.scheme().default_port() {
                named.push(((name(), None), number));
            }
        }
        for (number, origin) in origins.iter().enumerate() {
            let mut of_name = named.iter().filter(|((name, _), _)| name == origin.host());
            if of_name.next().is_some() && of_name.next().is_none() {
                named.push(((origin.host().to_owned(), None), number));
            }
        }
        named.sort_unstable();
        for pair in named.windows(2) {
            if let [(one, first), (two, second)] = pair
                && one == two
            {
                return Err((*first, *second));
            }
        }
        Ok(Self(named))
    }

    /// The number of the origin that a request is at; `None` = it is at none.
    pub fn find(&self, host: RequestHost<'_>) -> Option<usize> {
        let name = std::str::from_utf8(host.name).ok()?;
        let port = host.port()?;
        self.number_of(name, port).or_else(|| self.number_of(&canonical_address(name)?, port))
    }

    fn number_of(&self, name: &str, port: Option<u16>) -> Option<usize> {
        let order = |((known, its_port), _): &Named| -> Ordering {
            (known.as_str(), *its_port).cmp(&(name, port))
        };
        let place = self.0.binary_search_by(order).ok()?;
        self.0.get(place).map(|(_, number)| *number)
    }
}

/// An IPv6 address in the one spelling that origins have; `None` = it is none.
fn canonical_address(name: &str) -> Option<String> {
    let address: Ipv6Addr = name.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
    Some(format!("[{address}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(origins: &[&str]) -> Result<Hosts, (usize, usize)> {
        let origins: Vec<_> = origins.iter().map(|text| HttpUrl::parse(text).unwrap()).collect();
        Hosts::new(&origins)
    }

    /// As nginx has it: the name is what it makes of the authority.
    fn host(authority: &str) -> RequestHost<'_> {
        let name = match authority.rfind(':') {
            Some(colon) if !authority.ends_with(']') => &authority[..colon],
            _ => authority,
        };
        RequestHost { name: name.as_bytes(), authority: authority.as_bytes() }
    }

    const ORIGINS: &[&str] = &[
        "https://a.example",
        "https://b.example:8443",
        "http://c.example",
        "https://d.example:444",
        "https://d.example:445",
        "https://[2001:db8::1]",
        "http://127.0.0.1:8080",
    ];

    #[test]
    fn a_request_is_at_the_origin_that_it_names() {
        let hosts = hosts(ORIGINS).unwrap();
        for (authority, number) in [
            ("a.example", Some(0)),
            ("a.example:443", Some(0)),
            ("a.example:", Some(0)),
            ("b.example:8443", Some(1)),
            ("c.example", Some(2)),
            ("c.example:80", Some(2)),
            ("d.example:444", Some(3)),
            ("d.example:445", Some(4)),
            ("[2001:db8::1]", Some(5)),
            ("[2001:db8::1]:443", Some(5)),
            ("[2001:db8:0::1]", Some(5)),
            ("127.0.0.1:8080", Some(6)),
        ] {
            assert_eq!(hosts.find(host(authority)), number, "{authority}");
        }
    }

    #[test]
    fn a_request_without_a_port_is_at_the_only_origin_of_its_name() {
        let all = hosts(ORIGINS).unwrap();
        assert_eq!(all.find(host("b.example")), Some(1));
        assert_eq!(all.find(host("127.0.0.1")), Some(6));
        assert_eq!(all.find(host("d.example")), None, "either could be meant");
        let own_port = hosts(&["https://a.example:8443", "https://a.example"]).unwrap();
        assert_eq!(own_port.find(host("a.example")), Some(1), "that is 443");
    }

    #[test]
    fn any_other_host_is_none() {
        let hosts = hosts(ORIGINS).unwrap();
        for authority in [
            "",
            "example",
            "b.a.example",
            "a.example.evil.example",
            "a.example:80",
            "a.example:8443",
            "a.example:+443",
            "a.example:443x",
            "a.example:99999",
            "b.example:443",
            "[2001:db8::2]",
            "[2001:db8::1]:80",
            "[::ffff:127.0.0.1]",
            "2001:db8::1",
            "127.0.0.1:80",
            "*",
        ] {
            assert_eq!(hosts.find(host(authority)), None, "{authority}");
        }
        let invalid = RequestHost { name: b"a.example\xff", authority: b"a.example\xff" };
        assert_eq!(hosts.find(invalid), None);
    }

    #[test]
    fn the_name_is_the_one_by_which_the_server_chose() {
        let hosts = hosts(ORIGINS).unwrap();
        let sent = |authority| RequestHost { name: b"a.example", authority };
        for authority in [b"A.Example".as_slice(), b"a.example.", b"a.example.:443", b""] {
            assert_eq!(hosts.find(sent(authority)), Some(0), "{authority:?}");
        }
        // HTTP/1.1 with another host in its request line, which counts (RFC 9112 3.2.2).
        assert_eq!(hosts.find(sent(b"b.example")), Some(0));
        assert_eq!(hosts.find(sent(b"b.example:8443")), None);
    }

    #[test]
    fn origins_that_no_request_tells_apart_are_refused() {
        for (origins, twins) in [
            (["https://a.example", "https://a.example"].as_slice(), (0, 1)),
            (&["https://a.example", "https://b.example", "https://a.example:443"], (0, 2)),
            (&["https://a.example", "http://a.example"], (0, 1)),
            (&["https://a.example:80", "http://a.example"], (0, 1)),
        ] {
            assert_eq!(hosts(origins).err(), Some(twins), "{origins:?}");
        }
        assert!(hosts(&["https://a.example", "http://a.example:8080"]).is_ok());
    }

    #[test]
    fn a_host_is_told_as_it_was_sent() {
        let host = RequestHost { name: b"a.example", authority: b"A.example:1" };
        assert_eq!(host.to_string(), "A.example:1");
        assert_eq!(RequestHost { authority: b"", ..host }.to_string(), "a.example");
    }
}
