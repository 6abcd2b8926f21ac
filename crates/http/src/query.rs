//! The arguments of a query, as browsers write the fields of a form.

use std::borrow::Cow;

/// The arguments `name` of a query that comes without its `?`, decoded
/// (`application/x-www-form-urlencoded`, URL Standard 5.1).
pub fn arguments<'q>(query: &'q [u8], name: &str) -> impl Iterator<Item = Cow<'q, str>> {
    form_urlencoded::parse(query).filter(move |(key, _)| key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_decoded_and_keep_their_order() {
        let all = |query: &'static str| arguments(query.as_bytes(), "a").collect::<Vec<_>>();
        assert_eq!(all("a=1&b=2&a=3"), ["1", "3"]);
        assert_eq!(all("%61=%C3%A9+x"), ["\u{e9} x"]);
        assert_eq!(all("a"), [""]);
        assert_eq!(all("a=b=c&A=x&aa=y"), ["b=c"]);
        assert_eq!(all(""), [""; 0]);
    }

    #[test]
    fn what_is_no_text_becomes_text() {
        assert_eq!(arguments(b"a=%ff&a=%zz", "a").collect::<Vec<_>>(), ["\u{fffd}", "%zz"]);
    }
}
