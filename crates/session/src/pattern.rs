//! What a value must be like: a text, or a regular expression.

use regex::{Regex, RegexBuilder};

/// Characters of an expression.
const MAX_EXPRESSION: usize = 1024;
/// Bytes of an expression made ready: Unicode classes with a count take many.
const MAX_COMPILED: usize = 1 << 20;

/// One text, or all that an expression finds something in.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// This very text.
    Text(String),
    /// As nginx's are, not anchored.
    Expression(Regex),
}

impl Pattern {
    /// `~EXPRESSION`, `~*EXPRESSION` for letters of any case, or else the text itself. An expression's
    /// time is linear in the value, whatever either of them is.
    ///
    /// # Errors
    /// Why it is no expression, or one that is too large.
    pub fn new(text: &str) -> Result<Self, String> {
        match text.strip_prefix('~') {
            Some(expression) => compile(expression).map(Self::Expression),
            None => Ok(Self::Text(text.to_owned())),
        }
    }

    /// Is `value` such a one?
    pub fn matches(&self, value: &str) -> bool {
        match self {
            Self::Text(text) => text == value,
            Self::Expression(expression) => expression.is_match(value),
        }
    }
}

/// The expression, behind a `*` for letters of any case.
pub(crate) fn compile(text: &str) -> Result<Regex, String> {
    let (text, any_case) = match text.strip_prefix('*') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    if text.is_empty() {
        return Err("has no expression behind \"~\"".to_owned());
    }
    if text.chars().count() > MAX_EXPRESSION {
        return Err(format!("is longer than {MAX_EXPRESSION} characters"));
    }
    let built = RegexBuilder::new(text).case_insensitive(any_case).size_limit(MAX_COMPILED).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "is too large: count less".to_owned(),
        // The lines before show the place, which one line of nginx's cannot.
        other => {
            let told = other.to_string();
            let last = told.lines().last().unwrap_or_default();
            format!("is no expression: {}", last.trim_start_matches("error: "))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, value: &str) -> bool {
        Pattern::new(pattern).unwrap().matches(value)
    }

    #[test]
    fn a_text_is_itself() {
        assert!(matches("vpn.users", "vpn.users") && !matches("vpn.users", "vpn-users"));
        assert!(!matches("vpn", "VPN") && !matches("vpn", "vpn ") && matches("", ""));
    }

    #[test]
    fn an_expression_is_found_anywhere_unless_it_is_anchored() {
        assert!(matches("~admin", "not-admin-at-all") && !matches("~admin", "ADMIN"));
        assert!(matches("~*ADMIN", "admins") && matches("~*é", "É"));
        assert!(!matches("~^admin$", "admin\n") && !matches("~^admin$", "x\nadmin"));
        assert!(matches(r"~^\w+@corp\.example$", "jane@corp.example"));
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes Miri too long")]
    fn what_is_none_is_told_in_one_line() {
        for (pattern, why) in [
            ("~", "has no expression behind \"~\""),
            ("~*", "has no expression behind \"~\""),
            ("~(", "is no expression: unclosed group"),
            (r"~(a)\1", "is no expression: backreferences are not supported"),
            (r"~(\w{200}){200}", "is too large: count less"),
            (&*format!("~{}", "a".repeat(1025)), "is longer than 1024 characters"),
        ] {
            assert_eq!(Pattern::new(pattern).map(|_| ()), Err(why.to_owned()), "{pattern}");
        }
    }
}
