//! One byte for the well-known beginnings of SAML names and formats, so that a session stays small.

/// A prefix's code is its place in this table. Stored sessions hold these codes: only append.
/// Code 0 is "no prefix".
const PREFIXES: &[&str] = &[
    "",
    "urn:oid:",
    "urn:oid:0.9.2342.19200300.100.1.",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.",
    "urn:oid:1.3.6.1.4.1.5923.1.",
    "urn:oid:1.3.6.1.4.1.25178.",
    "urn:oid:2.16.840.1.113730.3.1.",
    "urn:oid:2.5.4.",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/",
    "http://schemas.xmlsoap.org/claims/",
    "http://schemas.microsoft.com/identity/claims/",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/",
    "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/",
    "http://schemas.microsoft.com/claims/",
    "http://schemas.microsoft.com/2012/01/devicecontext/claims/",
    "http://schemas.goauthentik.io/",
    "urn:mace:dir:attribute-def:",
    "urn:mace:",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:",
    "urn:oasis:names:tc:SAML:attribute:",
    "urn:oasis:names:tc:SAML:",
    "https://",
    "http://",
];

/// The code of the longest prefix that `value` begins with, and what follows it.
pub(crate) fn split(value: &str) -> (u8, &str) {
    let mut best = (0, value);
    for (code, prefix) in (0u8..).zip(PREFIXES) {
        if let Some(rest) = value.strip_prefix(prefix)
            && rest.len() < best.1.len()
        {
            best = (code, rest);
        }
    }
    best
}

/// The prefix a code stands for; `None` when there is no such code.
pub(crate) fn prefix(code: u8) -> Option<&'static str> {
    PREFIXES.get(usize::from(code)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_wins() {
        let (code, rest) = split("urn:oid:0.9.2342.19200300.100.1.3");
        assert_eq!(prefix(code), Some("urn:oid:0.9.2342.19200300.100.1."));
        assert_eq!(rest, "3");
        assert_eq!(split("mail"), (0, "mail"));
    }

    #[test]
    fn every_prefix_has_a_code_that_leads_back() {
        for known in PREFIXES {
            let (code, rest) = split(known);
            assert_eq!((prefix(code), rest), (Some(*known), ""));
        }
        assert_eq!(prefix(PREFIXES.len() as u8), None);
        assert_eq!(prefix(255), None);
    }
}
