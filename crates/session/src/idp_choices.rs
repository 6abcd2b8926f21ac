//! The IdPs that somebody has chosen before: the plain value of a cookie that lives long.

use form_urlencoded::{Serializer, parse};

/// As many are remembered.
const MAX_CHOICES: usize = 3;

/// Bytes of the value, so that it takes little of each request.
const MAX_LEN: usize = 300;

const NAME: &str = "i";
const AUTOMATIC: &str = "a";

/// The names of `saml_idp` blocks, the last choice first.
///
/// It is not sealed: who forges it gets to another IdP of the same SP, as by a link. The names may be
/// anybody's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdpChoices {
    names: Vec<String>,
    is_automatic: bool,
}

impl IdpChoices {
    /// Reads what [`IdpChoices::to_cookie`] wrote; of anything else, nothing.
    pub fn from_cookie(value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        if value.len() > MAX_LEN {
            return Self::default();
        }
        let mut choices = Self::default();
        for (key, value) in parse(value) {
            match &*key {
                NAME if choices.names.len() < MAX_CHOICES
                    && choices.names.iter().all(|known| *known != value) =>
                {
                    choices.names.push(value.into_owned());
                }
                AUTOMATIC => choices.is_automatic = value == "1",
                _ => {}
            }
        }
        choices
    }

    /// The cookie's value: letters, digits and `*-._+%&=`. What is too long is left out.
    pub fn to_cookie(&self) -> String {
        (0..=self.names.len())
            .rev()
            .map(|count| self.of_the_first(count))
            .find(|value| value.len() <= MAX_LEN)
            .unwrap_or_default()
    }

    fn of_the_first(&self, count: usize) -> String {
        let mut pairs = Serializer::new(String::new());
        for name in self.names.iter().take(count) {
            pairs.append_pair(NAME, name);
        }
        // By itself it goes to the last choice, which must be there.
        if self.is_automatic && count > 0 {
            pairs.append_pair(AUTOMATIC, "1");
        }
        pairs.finish()
    }

    /// With a choice that was made now. `is_automatic`: it is made by itself from now on.
    #[must_use]
    pub fn with(mut self, name: &str, is_automatic: bool) -> Self {
        self.names.retain(|known| known != name);
        self.names.insert(0, name.to_owned());
        self.names.truncate(MAX_CHOICES);
        Self { is_automatic, ..self }
    }

    /// The last choice first.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The choice that is made by itself.
    pub fn automatic(&self) -> Option<&str> {
        self.names.first().filter(|_| self.is_automatic).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(choices: &IdpChoices) -> IdpChoices {
        let value = choices.to_cookie();
        assert!(value.bytes().all(|b| b.is_ascii_alphanumeric() || b"*-._+%&=".contains(&b)));
        IdpChoices::from_cookie(value)
    }

    #[test]
    fn the_last_three_choices_are_remembered() {
        let mut choices = IdpChoices::default();
        for name in ["a", "b", "a & b; \"é\"=", "c", "b"] {
            choices = again(&choices.with(name, false));
        }
        assert_eq!(choices.names(), ["b", "c", "a & b; \"é\"="]);
        assert_eq!(choices.automatic(), None);
        assert_eq!(IdpChoices::default().to_cookie(), "");
    }

    #[test]
    fn a_choice_is_made_by_itself_until_another_is_made() {
        let choices = again(&IdpChoices::default().with("a", true));
        assert_eq!(choices.automatic(), Some("a"));
        assert_eq!(again(&choices.clone().with("a", false)).automatic(), None);
        assert_eq!(again(&choices.with("b", true)).automatic(), Some("b"));
        assert_eq!(IdpChoices::from_cookie("a=1").automatic(), None, "of nothing");
    }

    #[test]
    fn what_is_too_long_is_forgotten() {
        let long = "x".repeat(MAX_LEN);
        let choices = IdpChoices::default().with(&long, false).with("a", true);
        assert_eq!(again(&choices).names(), ["a"]);
        assert_eq!(again(&choices.with(&long, true)), IdpChoices::default());
        assert_eq!(IdpChoices::from_cookie(format!("i={long}")), IdpChoices::default());
    }

    #[test]
    fn what_others_wrote_is_read_as_little_as_can_be() {
        for (value, names) in [
            ("", vec![]),
            ("x", vec![]),
            ("i=a&i=a&i=b&i=c&i=d", vec!["a", "b", "c"]),
            ("i=%ff&a=2", vec!["\u{fffd}"]),
            ("j=a&i=%3Cb%3E", vec!["<b>"]),
        ] {
            let choices = IdpChoices::from_cookie(value);
            assert_eq!(choices.names(), names, "{value}");
            assert_eq!(choices.automatic(), None);
        }
    }
}
