//! Which domains an IdP speaks for (Shibboleth metadata extensions, shibmd:Scope).

use regex::{Regex, RegexBuilder};
use xmldoc::Element;

use crate::namespace::SHIBBOLETH_METADATA;

/// Scopes of an IdP.
const MAX_SCOPES: usize = 256;
/// Expressions of an IdP. An awkward one costs some hundred nanoseconds for each octet that it looks at.
const MAX_EXPRESSIONS: usize = 16;
/// Octets of a scope in a value: those of a domain name (RFC 1035 2.3.4).
const MAX_SCOPE: usize = 253;
/// Characters of an expression.
const MAX_EXPRESSION: usize = 256;
/// Bytes of an expression made ready, and again of what it remembers of searches.
const MAX_COMPILED: usize = 64 << 10;

/// The scopes that an IdP's metadata gives it.
#[derive(Clone, Debug, Default)]
pub struct Scopes {
    /// In lower case.
    exact: Vec<String>,
    expressions: Vec<Regex>,
}

impl Scopes {
    /// Of Scope elements, whatever else is among `elements`. One that cannot be understood gives nothing.
    pub(super) fn read<'a>(elements: impl Iterator<Item = &'a Element>) -> Self {
        let mut scopes = Self::default();
        for element in elements.filter(|element| is_scope(element)) {
            let text = element.text.trim();
            match element.attribute("regexp").map(str::trim) {
                Some("true" | "1") if scopes.expressions.len() < MAX_EXPRESSIONS => {
                    scopes.expressions.extend(expression(text));
                }
                None | Some("false" | "0") if scopes.exact.len() < MAX_SCOPES => {
                    scopes.exact.extend((!text.is_empty()).then(|| text.to_ascii_lowercase()));
                }
                _ => {}
            }
        }
        scopes
    }

    /// Does it say none?
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.expressions.is_empty()
    }

    /// They as they are written, for comparing and for the log.
    pub(crate) fn texts(&self) -> Vec<&str> {
        let expressions = self.expressions.iter().map(Regex::as_str);
        self.exact.iter().map(String::as_str).chain(expressions).collect()
    }

    /// Is `scope` one of them? Case does not matter.
    pub fn contain(&self, scope: &str) -> bool {
        let is_known = || self.exact.iter().any(|known| known.eq_ignore_ascii_case(scope));
        let matches = || self.expressions.iter().any(|expression| expression.is_match(scope));
        scope.len() <= MAX_SCOPE && (is_known() || matches())
    }
}

/// Is it a Scope?
pub(super) fn is_scope(element: &Element) -> bool {
    element.is(SHIBBOLETH_METADATA, "Scope")
}

/// All of a scope must match, whether the expression says so or not.
fn expression(text: &str) -> Option<Regex> {
    if text.is_empty() || text.chars().count() > MAX_EXPRESSION {
        return None;
    }
    let whole = format!("^(?:{text})$");
    let mut builder = RegexBuilder::new(&whole);
    builder.case_insensitive(true).size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED);
    builder.build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(of: &[(&str, Option<&str>)]) -> Scopes {
        let element = |(text, regexp): &(&str, Option<&str>)| {
            let attribute = |value: &str| xmldoc::Attribute {
                name: "regexp".into(),
                namespace: "".into(),
                value: value.into(),
            };
            let mut element = Element::default();
            element.name = "Scope".into();
            element.namespace = SHIBBOLETH_METADATA.into();
            element.attributes = regexp.map(attribute).into_iter().collect();
            element.text = (*text).into();
            element
        };
        let elements: Vec<_> = of.iter().map(element).collect();
        Scopes::read(elements.iter())
    }

    #[test]
    fn a_scope_is_the_whole_text() {
        let known = scopes(&[(" Example.EDU\n", None), ("b.example", Some("false"))]);
        for (scope, expected) in [
            ("example.edu", true),
            ("EXAMPLE.edu", true),
            ("b.example", true),
            ("a.example.edu", false),
            ("example.edu.evil", false),
            ("", false),
        ] {
            assert_eq!(known.contain(scope), expected, "{scope}");
        }
    }

    #[test]
    fn an_expression_is_matched_by_the_whole_text() {
        for expression in [r"^.+\.example\.edu$", r".+\.example\.edu"] {
            let known = scopes(&[(expression, Some("true"))]);
            assert!(known.contain("a.example.edu") && known.contain("A.Example.Edu"));
            for scope in ["example.edu", "a.example.edu.evil", "aXexampleXedu", "a.example.edu\n"] {
                assert!(!known.contain(scope), "{scope:?} {expression}");
            }
        }
        let known = scopes(&[("a|b", Some("1"))]);
        assert!(known.contain("a") && known.contain("b") && !known.contain("ax"));
    }

    /// What an IdP writes into its metadata must not keep a worker busy for long.
    #[test]
    fn the_work_of_expressions_is_bounded() {
        let many: Vec<String> = (0..=MAX_EXPRESSIONS).map(|i| format!("x{i}\\.edu")).collect();
        let many: Vec<_> = many.iter().map(|text| (text.as_str(), Some("true"))).collect();
        let known = scopes(&many);
        assert!(known.contain("x0.edu") && known.contain(&format!("x{}.edu", MAX_EXPRESSIONS - 1)));
        assert!(!known.contain(&format!("x{MAX_EXPRESSIONS}.edu")));
        let known = scopes(&[(".*", Some("true"))]);
        assert!(
            known.contain(&"a".repeat(MAX_SCOPE)) && !known.contain(&"a".repeat(MAX_SCOPE + 1))
        );
    }

    #[test]
    fn what_cannot_be_understood_gives_nothing() {
        for (text, regexp) in [
            ("(", Some("true")),
            ("", Some("true")),
            (&*"a".repeat(257), Some("true")),
            ("((a{200}){200}){200}", Some("true")),
            ("", None),
            ("example.edu", Some("maybe")),
        ] {
            assert!(scopes(&[(text, regexp)]).is_empty(), "{text} {regexp:?}");
        }
    }
}
