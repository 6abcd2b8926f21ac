//! What becomes of an attribute's values before a session keeps them.

use std::borrow::Cow;

use crate::pattern::Pattern;
use crate::replacement::Replacement;

/// Values that one attribute keeps where no `max` says fewer: a value may be split into as many as it has
/// octets.
pub const MOST_VALUES: usize = 10_000;

/// What an `attribute` line makes of values, in the order of the fields.
#[derive(Clone, Debug, Default)]
pub struct ValueForm {
    /// Each becomes what stands between these, without white space at the ends and without what is empty.
    pub split: Option<String>,
    /// Those that match become another text; when that is empty, the value goes.
    pub replacement: Option<Replacement>,
    /// Letters become lower case.
    pub lower: bool,
    /// Unless there is none, the value must be like one of these.
    pub only: Vec<Pattern>,
    /// So many are kept, the first.
    pub max: Option<usize>,
}

/// Values in their new form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Formed {
    pub(crate) kept: Vec<String>,
    /// How many there were, each part of a split one counted.
    pub(crate) of: usize,
}

impl ValueForm {
    /// Does it leave values as they are?
    pub fn is_plain(&self) -> bool {
        let Self { split, replacement, lower, only, max } = self;
        split.is_none() && replacement.is_none() && !lower && only.is_empty() && max.is_none()
    }

    /// A text of `only` that no value is: it has letters of upper case, and values have none by then.
    pub fn impossible(&self) -> Option<&str> {
        let texts = self.only.iter().filter_map(|only| match only {
            Pattern::Text(text) => Some(text.as_str()),
            Pattern::Expression(_) => None,
        });
        texts.filter(|_| self.lower).find(|text| lower(text) != **text)
    }

    pub(crate) fn apply(&self, values: &[String]) -> Formed {
        let most = self.max.unwrap_or(MOST_VALUES);
        let mut formed = Formed { kept: Vec::new(), of: 0 };
        for part in values.iter().flat_map(|value| self.parts(value)) {
            formed.of += 1;
            if formed.kept.len() < most {
                formed.kept.extend(self.value(part).map(Cow::into_owned));
            }
        }
        formed
    }

    fn parts<'a>(&'a self, value: &'a str) -> impl Iterator<Item = &'a str> {
        let split = self.split.as_deref();
        let parts = split.map(|at| value.split(at).map(trim).filter(|part| !part.is_empty()));
        parts.into_iter().flatten().chain(split.is_none().then_some(value))
    }

    fn value<'a>(&self, part: &'a str) -> Option<Cow<'a, str>> {
        let replaced = self.replacement.as_ref().and_then(|replacement| replacement.of(part));
        let mut value = match replaced {
            Some(text) => Cow::Owned(Some(trim(&text)).filter(|text| !text.is_empty())?.to_owned()),
            None => Cow::Borrowed(part),
        };
        if self.lower {
            value = Cow::Owned(lower(&value));
        }
        let is_wanted = self.only.is_empty() || self.only.iter().any(|only| only.matches(&value));
        is_wanted.then_some(value)
    }
}

/// White space at the ends is layout, as in what the IdP sends (XML 1.0 production 3).
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// Two characters become one only when they are the two cases of one letter: the Kelvin sign stays, or
/// whoever is called so would become somebody with a `k`.
fn lower(text: &str) -> String {
    let lower = |c: char| {
        let mut lower = c.to_lowercase();
        let first = lower.next().filter(|_| lower.next().is_none());
        first.filter(|lower| lower.to_uppercase().eq([c])).unwrap_or(c)
    };
    text.chars().map(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formed(form: &ValueForm, values: &[&str]) -> (Vec<String>, usize) {
        let values: Vec<_> = values.iter().map(|value| value.to_string()).collect();
        let Formed { kept, of } = form.apply(&values);
        (kept, of)
    }

    fn only(patterns: &[&str]) -> Vec<Pattern> {
        patterns.iter().map(|text| Pattern::new(text).unwrap()).collect()
    }

    #[test]
    fn without_a_word_values_stay() {
        let form = ValueForm::default();
        assert!(form.is_plain());
        assert_eq!(formed(&form, &["A ", "", "A "]).0, ["A ", "", "A "]);
    }

    #[test]
    fn what_is_split_loses_its_layout_and_what_is_empty() {
        let form = ValueForm { split: Some(", ".into()), ..ValueForm::default() };
        assert_eq!(
            formed(&form, &["a,b,  c\t, ", "", ", ", "d"]),
            (["a,b", "c", "d"].map(str::to_owned).to_vec(), 3)
        );
    }

    #[test]
    fn what_matches_becomes_another_text_and_the_rest_stays() {
        let replacement = Replacement::new("~^(.*)@corp$", "$1").ok();
        let form = ValueForm { replacement, ..ValueForm::default() };
        let (kept, of) = formed(&form, &["jane@corp", "x@other", "@corp", " @corp", ""]);
        assert_eq!((kept.as_slice(), of), (&["jane", "x@other", ""].map(str::to_owned)[..], 5));
    }

    #[test]
    fn each_step_sees_what_the_one_before_has_left() {
        let form = ValueForm {
            split: Some(";".into()),
            replacement: Replacement::new("~^CN=([^,]+)", "$1").ok(),
            lower: true,
            only: only(&["vpn", "~^app-"]),
            max: Some(3),
        };
        assert!(!form.is_plain());
        let values =
            ["CN=APP-One,DC=x;CN=Staff,DC=x", "VPN; not-app-x", "app-two", "app-three", "vpn"];
        let (kept, of) = formed(&form, &values);
        assert_eq!(
            (kept.as_slice(), of),
            (&["app-one", "vpn", "app-two"].map(str::to_owned)[..], 7)
        );
    }

    #[test]
    fn what_no_value_in_lower_case_is_can_be_known_before() {
        let form =
            |lower, texts: &[&str]| ValueForm { lower, only: only(texts), ..ValueForm::default() };
        assert_eq!(form(true, &["a", "~B", "Änne"]).impossible(), Some("Änne"));
        assert_eq!(form(true, &["a", "~B", "\u{212a}"]).impossible(), None);
        assert_eq!(form(false, &["Änne"]).impossible(), None);
    }

    #[test]
    fn a_value_does_not_become_any_number_of_values() {
        let form = ValueForm { split: Some(",".into()), ..ValueForm::default() };
        let value = "a,".repeat(MOST_VALUES + 5);
        let (kept, of) = formed(&form, &[&value]);
        assert_eq!((kept.len(), of), (MOST_VALUES, MOST_VALUES + 5));
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes Miri too long")]
    fn lower_case_makes_no_two_letters_one() {
        assert_eq!(lower("Jane FÜHRUNG ЖАННА ΣΟΦΟΣ"), "jane führung жанна σοφοσ");
        // Kelvin, Ångström, Ohm, I with a dot, sharp S, a digraph in title case.
        for c in ["\u{212a}", "\u{212b}", "\u{2126}", "\u{130}", "\u{1e9e}", "\u{1c5}"] {
            assert_eq!(lower(c), c);
        }
        let mut seen = std::collections::HashMap::new();
        for c in '\0'..=char::MAX {
            let of = seen.entry(lower(&c.to_string())).or_insert_with(Vec::new);
            of.push(c);
            assert!(of.len() <= 2, "{of:?}");
        }
    }
}
