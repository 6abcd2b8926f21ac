//! Some addresses: those that begin alike (RFC 4632, RFC 4291 2.3).

use std::net::IpAddr;

/// A prefix; of one address it is as long as that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    address: IpAddr,
    /// Bits.
    len: u32,
}

impl Prefix {
    /// `192.0.2.0/24`, `2001:db8::/32`, `192.0.2.7`. Bits behind the prefix say nothing. `None` = it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (address, len) = match text.split_once('/') {
            Some((address, len)) => (address.parse().ok()?, Some(len)),
            None => (text.parse::<IpAddr>().ok()?.to_canonical(), None),
        };
        let most = if address.is_ipv4() { u32::BITS } else { u128::BITS };
        let len = match len {
            None => most,
            Some(len) if len.bytes().all(|byte| byte.is_ascii_digit()) => len.parse().ok()?,
            Some(_) => return None,
        };
        (len <= most).then_some(Self { address, len })
    }

    /// Does this address begin so?
    pub(super) fn has(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let behind = u32::MAX.checked_shr(self.len).unwrap_or(0);
                (own.to_bits() ^ other.to_bits()) & !behind == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let behind = u128::MAX.checked_shr(self.len).unwrap_or(0);
                (own.to_bits() ^ other.to_bits()) & !behind == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_has_those_that_begin_alike() {
        for (prefix, inside, outside) in [
            ("192.0.2.0/24", ["192.0.2.0", "192.0.2.255"], ["192.0.3.0", "::ffff:192.0.2.1"]),
            ("192.0.2.99/25", ["192.0.2.0", "192.0.2.127"], ["192.0.2.128", "2001:db8::"]),
            ("192.0.2.7", ["192.0.2.7"; 2], ["192.0.2.6", "192.0.2.15"]),
            ("::ffff:192.0.2.7", ["192.0.2.7"; 2], ["192.0.2.6", "::1"]),
            ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::", "::1"]),
            ("2001:db8::/33", ["2001:db8::", "2001:db8:7fff::1"], ["2001:db8:8000::", "192.0.2.1"]),
            ("::1", ["::1"; 2], ["::", "::3"]),
            ("::/0", ["::", "ffff::"], ["0.0.0.0", "192.0.2.1"]),
        ] {
            let prefix = Prefix::read(prefix).unwrap();
            assert!(inside.iter().all(|one| prefix.has(one.parse().unwrap())), "{prefix:?}");
            assert!(!outside.iter().any(|one| prefix.has(one.parse().unwrap())), "{prefix:?}");
        }
    }

    #[test]
    fn what_is_no_prefix() {
        for text in [
            "",
            "192.0.2",
            "192.0.2.0/33",
            "::/129",
            "::/",
            "::/+8",
            "::/-1",
            "a/8",
            "192.0.2.0/24/1",
        ] {
            assert_eq!(Prefix::read(text), None, "{text}");
        }
    }
}
