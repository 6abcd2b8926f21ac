//! A value that becomes another text: `match=~REGEX replace=TEXT`.

use regex::{Captures, Regex};

use crate::pattern::compile;

/// An expression, and what a value becomes that it finds something in.
#[derive(Clone, Debug)]
pub struct Replacement {
    expression: Regex,
    text: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// What a group of the expression found; nothing when it had no part in it.
    Group(usize),
}

impl Replacement {
    /// `expression` is `~REGEX` or `~*REGEX`; in `text`, `$1` to `$9` are its groups and `$$` is a dollar.
    ///
    /// # Errors
    /// Which of the two is wrong, and why: words behind a name of it.
    pub fn new(expression: &str, text: &str) -> Result<Self, (&'static str, String)> {
        let of_match = |why: String| ("match=", why);
        let expression = expression.strip_prefix('~').ok_or_else(|| {
            of_match("must begin with \"~\", and an expression behind it".to_owned())
        })?;
        let expression = compile(expression).map_err(of_match)?;
        let text = pieces(text, expression.captures_len()).map_err(|why| ("replace=", why))?;
        Ok(Self { expression, text })
    }

    /// What becomes of `value`, all of it; `None` = the expression finds nothing in it.
    pub(crate) fn of(&self, value: &str) -> Option<String> {
        let found = self.expression.captures(value)?;
        Some(self.text.iter().map(|piece| piece.of(&found)).collect())
    }
}

impl Piece {
    fn of<'a>(&'a self, found: &Captures<'a>) -> &'a str {
        match self {
            Self::Text(text) => text,
            Self::Group(number) => found.get(*number).map_or("", |group| group.as_str()),
        }
    }
}

/// `groups` counts the whole match as one.
fn pieces(text: &str, groups: usize) -> Result<Vec<Piece>, String> {
    let mut parts = text.split('$');
    let mut pieces = vec![Piece::Text(parts.next().unwrap_or_default().to_owned())];
    while let Some(part) = parts.next() {
        let number = part.chars().next().and_then(|c| c.to_digit(10)).filter(|digit| *digit > 0);
        match (number.and_then(|digit| usize::try_from(digit).ok()), part) {
            (Some(number), _) if number < groups => {
                pieces.push(Piece::Group(number));
                pieces.push(Piece::Text(part.get(1..).unwrap_or_default().to_owned()));
            }
            (Some(number), _) => {
                return Err(format!(
                    "has ${number}, and match= has {} groups",
                    groups.saturating_sub(1)
                ));
            }
            // Two dollars in a row.
            (None, "") if let Some(rest) = parts.next() => {
                pieces.push(Piece::Text(format!("${rest}")));
            }
            (None, _) => {
                return Err("has a $ that is neither $1 to $9 nor $$, which is a dollar".to_owned());
            }
        }
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(expression: &str, text: &str, value: &str) -> Option<String> {
        Replacement::new(expression, text).unwrap().of(value)
    }

    #[test]
    fn a_value_becomes_the_text_with_what_the_groups_found() {
        let dn = "CN=Admins,OU=Groups,DC=corp";
        assert_eq!(replaced("~^CN=([^,]+),", "$1", dn).as_deref(), Some("Admins"));
        assert_eq!(replaced("~*^cn=(.+),ou=([^,]+)", "$2/$1!", dn).unwrap(), "Groups/Admins!");
        assert_eq!(replaced("~^(.+)@corp$", "$1", "jane@other"), None);
        assert_eq!(replaced("~a(b)?", "[$1]", "a").as_deref(), Some("[]"));
        assert_eq!(replaced("~(a)", "$12$$1$$", "xax").as_deref(), Some("a2$1$"));
        assert_eq!(replaced("~.", "", "é").as_deref(), Some(""));
    }

    #[test]
    fn a_dollar_says_what_it_stands_for() {
        for (expression, text, of, why) in [
            ("^a", "", "match=", "must begin with \"~\", and an expression behind it"),
            ("~(", "", "match=", "is no expression: unclosed group"),
            ("~(a)", "$2", "replace=", "has $2, and match= has 1 groups"),
            ("~a", "x$1", "replace=", "has $1, and match= has 0 groups"),
            (
                "~(a)",
                "$0",
                "replace=",
                "has a $ that is neither $1 to $9 nor $$, which is a dollar",
            ),
            ("~(a)", "$", "replace=", "has a $ that is neither $1 to $9 nor $$, which is a dollar"),
            (
                "~(a)",
                "${1}",
                "replace=",
                "has a $ that is neither $1 to $9 nor $$, which is a dollar",
            ),
        ] {
            let wrong = Replacement::new(expression, text).map(|_| ());
            assert_eq!(wrong, Err((of, why.to_owned())), "{expression} {text}");
        }
    }
}
