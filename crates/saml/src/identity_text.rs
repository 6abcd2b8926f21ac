//! The one rule for text that says who somebody is: NameIDs, SessionIndexes, attribute values,
//! entityIDs.

/// Without the white space at its ends, which is layout (XML 1.0 production 3): `" admin"` must not be
/// another person here and the same one to an application, whose headers lose it. Anything else is
/// part of the text, NBSP and invisible characters too.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_xml_calls_white_space_goes_and_only_at_the_ends() {
        assert_eq!(trim("\r\n\t admin \t\r\n"), "admin");
        assert_eq!(trim("a  b"), "a  b");
        for other in
            ["\u{a0}admin", "admin\u{200b}", "\u{3000}admin", "\u{feff}admin", "admin\u{85}"]
        {
            assert_eq!(trim(other), other);
        }
    }
}
