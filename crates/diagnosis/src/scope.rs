//! Whose logins a location records (`saml_debug`).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The shortest prefixes: what is shorter is not some clients but everybody.
const SHORTEST_V4: u8 = 8;
const SHORTEST_V6: u8 = 16;

/// Whose logins are recorded. Those of nobody by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    networks: Vec<Network>,
    /// Clients that have come over a unix socket.
    unix: bool,
    /// Who comes by the link of an administrator.
    pub link: bool,
}

/// Addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    /// An IPv4 address in its place among the IPv6 ones (RFC 4291 2.5.5.2).
    bits: u128,
    mask: u128,
}

/// A word that says no clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeError {
    /// Everybody, or nearly so.
    TooMany(String),
    /// It cannot be read.
    Unreadable(String),
}

impl Scope {
    /// As the words say: addresses, networks, `unix:` and `link`.
    ///
    /// # Errors
    /// One is none of these, or means too many.
    pub fn parse(words: &[&str]) -> Result<Self, ScopeError> {
        let mut scope = Self::default();
        for &word in words {
            match word {
                "link" => scope.link = true,
                "unix:" => scope.unix = true,
                "all" => return Err(ScopeError::TooMany(word.to_owned())),
                word => scope.networks.push(Network::parse(word)?),
            }
        }
        Ok(scope)
    }

    /// Is the client at this address one of them? `None` = it has come over a unix socket.
    pub fn has(&self, address: Option<IpAddr>) -> bool {
        match address {
            None => self.unix,
            Some(address) => self.networks.iter().any(|network| network.has(address)),
        }
    }

    /// Does it record anybody?
    pub fn is_on(&self) -> bool {
        self.link || self.unix || !self.networks.is_empty()
    }
}

impl Network {
    /// `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
    fn parse(word: &str) -> Result<Self, ScopeError> {
        let unreadable = || ScopeError::Unreadable(word.to_owned());
        let (address, prefix) = match word.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (word, None),
        };
        let address: IpAddr = address.parse().map_err(|_| unreadable())?;
        let (most, shortest, before) = match address {
            IpAddr::V4(_) => (32, SHORTEST_V4, 96),
            IpAddr::V6(_) => (128, SHORTEST_V6, 0),
        };
        let is_number = |text: &&str| text.bytes().all(|b| b.is_ascii_digit());
        let prefix: u8 = match prefix {
            Some(prefix) => Some(prefix)
                .filter(is_number)
                .and_then(|p| p.parse().ok())
                .ok_or_else(unreadable)?,
            None => most,
        };
        if prefix > most {
            return Err(unreadable());
        }
        // ::ffff:0:0/96 are all IPv4 addresses by another name.
        let mask = u128::MAX.checked_shl(u32::from(128 - prefix - before)).unwrap_or(0);
        let bits = of(address) & mask;
        let is_all_v4 = of(IpAddr::from([0, 0, 0, 0])) & mask == bits && prefix + before <= 96 + 7;
        if prefix < shortest || is_all_v4 {
            return Err(ScopeError::TooMany(word.to_owned()));
        }
        Ok(Self { bits, mask })
    }

    fn has(self, address: IpAddr) -> bool {
        of(address) & self.mask == self.bits
    }
}

fn of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => Ipv6Addr::to_bits(address),
    }
}

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany(word) => write!(
                f,
                "\"saml_debug {word}\" would record the logins of everybody; name the addresses of those who look \
                 for the mistake, in networks not larger than /{SHORTEST_V4} (IPv4) and /{SHORTEST_V6} (IPv6), or say \
                 \"link\""
            ),
            Self::Unreadable(word) => write!(
                f,
                "invalid parameter \"{word}\" in \"saml_debug\" directive, it must be an address, a network like \
                 192.0.2.0/24, \"unix:\", \"link\", or \"off\" alone"
            ),
        }
    }
}

impl std::error::Error for ScopeError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(words: &[&str], address: &str) -> bool {
        Scope::parse(words).unwrap().has(Some(address.parse().unwrap()))
    }

    #[test]
    fn clients_are_told_by_their_addresses() {
        let words = ["192.0.2.7", "198.51.100.0/25", "2001:db8::/32"];
        for (address, is_in) in [
            ("192.0.2.7", true),
            ("::ffff:192.0.2.7", true),
            ("192.0.2.8", false),
            ("198.51.100.127", true),
            ("198.51.100.128", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", false),
            ("::1", false),
        ] {
            assert_eq!(has(&words, address), is_in, "{address}");
        }
        assert!(has(&["198.51.100.77/25"], "198.51.100.1"), "bits behind the prefix do not count");
        assert!(!Scope::parse(&words).unwrap().has(None));
        assert!(Scope::parse(&["unix:"]).unwrap().has(None));
        let link = Scope::parse(&["link"]).unwrap();
        assert!(link.link && link.is_on() && !link.has(None) && !has(&["link"], "192.0.2.7"));
        assert!(!Scope::default().is_on());
    }

    #[test]
    fn nobody_means_everybody_by_accident() {
        for word in [
            "all",
            "0.0.0.0/0",
            "::/0",
            "0.0.0.0/1",
            "128.0.0.0/1",
            "10.0.0.0/7",
            "2000::/3",
            "fe80::/10",
            "::ffff:0:0/96",
            "::ffff:0:0/97",
        ] {
            assert!(matches!(Scope::parse(&[word]), Err(ScopeError::TooMany(_))), "{word}");
        }
        for word in ["10.0.0.0/8", "2001::/16", "::1", "::ffff:10.0.0.0/104"] {
            assert!(Scope::parse(&[word]).is_ok(), "{word}");
        }
    }

    #[test]
    fn what_is_no_address_is_told() {
        for word in [
            "",
            "on",
            "localhost",
            "192.0.2",
            "192.0.2.7/33",
            "::1/129",
            "192.0.2.7/",
            "192.0.2.7/+8",
            "192.0.2.7:80",
            "192.0.2.7,192.0.2.8",
            "unix:/run/x",
            "Link",
            "off",
        ] {
            assert!(matches!(Scope::parse(&[word]), Err(ScopeError::Unreadable(_))), "{word}");
        }
    }
}
