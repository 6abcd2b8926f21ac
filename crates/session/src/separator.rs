//! What stands between the values of one attribute in a variable.

/// Text that takes a list of values apart again, whatever the values hold: see
/// [`join`](crate::join).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Separator(String);

impl Separator {
    /// # Errors
    /// Why nobody could tell the values apart.
    pub fn new(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("is empty");
        }
        if text.contains(char::is_control) {
            return Err("holds a control character, which no header can carry");
        }
        if text.contains('\\') {
            return Err("holds a backslash, which stands before a separator inside a value");
        }
        if text.starts_with('u') {
            return Err("begins with u, which with a backslash in front begins \\u{…}");
        }
        // An occurrence could begin inside another one: `;;;` is `;` and `;;`, or `;;` and `;`.
        let bytes = text.as_bytes();
        let overlaps = |length| bytes.get(..length).is_some_and(|begin| bytes.ends_with(begin));
        if (1..bytes.len()).any(overlaps) {
            return Err("ends as it begins, so that two of them overlap");
        }
        Ok(Self(text.to_owned()))
    }

    /// Printable text that does not overlap with itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Separator {
    fn default() -> Self {
        Self(";".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_values_apart_is_a_separator() {
        for good in [";", ",", "|", ", ", " ", "ab", "><", "·", "->"] {
            assert_eq!(Separator::new(good).map(|s| s.0), Ok(good.to_owned()));
        }
    }

    #[test]
    fn what_leaves_a_doubt_is_none() {
        for bad in [
            "", ";;", "aba", "||", " | ", "abcab", "\\", ";\\", "\n", "\t", "a\u{85}", "\u{7f}",
            "u{",
        ] {
            assert!(Separator::new(bad).is_err(), "{bad:?}");
        }
    }
}
