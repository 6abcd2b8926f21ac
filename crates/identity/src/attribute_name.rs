//! What attributes are called where variables are named after them.

/// The form in which names are compared: ASCII letters in lower case, everything but `a-z` and
/// `0-9` an underscore, because an nginx variable's name holds nothing else.
pub fn normalise(name: &str) -> String {
    name.chars()
        .map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '_' })
        .collect()
}

/// The last part of a Name that is a URI: it may stand for the whole.
pub fn uri_tail(name: &str) -> Option<&str> {
    name.rsplit_once(['/', ':', '#']).map(|(_, tail)| tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        assert_eq!(normalise("urn:oid:2.5.4.4"), "urn_oid_2_5_4_4");
        assert_eq!(normalise("eduPerson-Été"), "eduperson__t_");
    }
}
