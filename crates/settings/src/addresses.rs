//! Lists of addresses, `10.0.0.1:11211 unix:/run/memcached.sock`.

const UNIX: &str = "unix:";

/// Does one word hold several addresses, as when the blanks between them were forgotten?
pub(crate) fn looks_joined(word: &str) -> bool {
    let rest = word.strip_prefix(UNIX).unwrap_or(word);
    if rest.contains(UNIX) || rest.contains([',', ';', ' ', '\t']) {
        return true;
    }
    match word.strip_prefix(UNIX) {
        // A socket's path has no port, and nothing after it.
        Some(path) => ends_with_port(path),
        // Outside the brackets of an IPv6 address one colon is before the port.
        None => rest.rsplit_once(']').map_or(rest, |(_, after)| after).matches(':').count() > 1,
    }
}

fn ends_with_port(path: &str) -> bool {
    path.rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_one() {
        for word in [
            "10.0.0.1",
            "10.0.0.1:11211",
            "cache.internal:11211",
            "[2001:db8::1]:11211",
            "[2001:db8::1]",
            "unix:/run/memcached.sock",
            "unix:/run/a:b/memcached.sock",
            "",
        ] {
            assert!(!looks_joined(word), "{word}");
        }
    }

    #[test]
    fn several_are_told() {
        for word in [
            "10.0.0.1,10.0.0.2",
            "10.0.0.1:11211,10.0.0.2:11211",
            "10.0.0.1:11211;10.0.0.2:11211",
            "10.0.0.1:1121110.0.0.2:11211",
            "10.0.0.1:11211 10.0.0.2:11211",
            "[2001:db8::1]:11211[2001:db8::2]:11211,",
            "[2001:db8::1]:1:2",
            "unix:/run/a.sock,unix:/run/b.sock",
            "unix:/run/a.sockunix:/run/b.sock",
            "unix:/run/a.sock10.0.0.2:11211",
            "10.0.0.1:11211unix:/run/a.sock",
        ] {
            assert!(looks_joined(word), "{word}");
        }
    }
}
