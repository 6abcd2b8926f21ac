//! Addresses and cookies without the values by which somebody could act for a person.

/// Stands in the place of a value.
const MASK: &str = "[masked]";

/// Path and query of an address: of the query the names alone.
pub fn target(target: &str) -> String {
    let (before_fragment, _) = target.split_once('#').unwrap_or((target, ""));
    let Some((path, query)) = before_fragment.split_once('?') else {
        return before_fragment.to_owned();
    };
    let arguments: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) => format!("{name}={MASK}"),
            // Without a name it may be anything.
            None => MASK.to_owned(),
        })
        .collect();
    format!("{path}?{}", arguments.join("&"))
}

/// The same of a URL, which may have a user and a password.
pub fn url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return target(url) };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let authority = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{host}"),
        None => authority.to_owned(),
    };
    format!("{scheme}://{authority}{}", target(after))
}

/// A `Set-Cookie` header: its name and its attributes.
pub fn cookie(header: &str) -> String {
    let (pair, attributes) = header.split_once(';').unwrap_or((header, ""));
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let value = if value.is_empty() { "" } else { MASK };
    match attributes.trim() {
        "" => format!("{name}={value}"),
        attributes => format!("{name}={value}; {attributes}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_left() {
        for (given, shown) in [
            ("/a/b", "/a/b"),
            ("/a?b=secret&c=secret=x&secret", "/a?b=[masked]&c=[masked]&[masked]"),
            ("/a?b=secret#secret", "/a?b=[masked]"),
            ("/a#secret", "/a"),
            ("/a?", "/a?[masked]"),
            ("https://u:secret@h:1/p?q=secret", "https://[masked]@h:1/p?q=[masked]"),
            ("https://h?q=secret", "https://h?q=[masked]"),
            ("https://h", "https://h"),
            ("mailto:x?y=secret", "mailto:x?y=[masked]"),
        ] {
            assert_eq!(url(given), shown);
        }
        let header = "__Host-saml=secret; Path=/; Secure; HttpOnly";
        assert_eq!(cookie(header), "__Host-saml=[masked]; Path=/; Secure; HttpOnly");
        assert_eq!(cookie("a=; Max-Age=0"), "a=; Max-Age=0");
        assert_eq!(cookie("a"), "a=");
    }
}
