//! What goes along to the IdP beside the request: who is likely to sign in, or where they belong.

use std::borrow::Cow;

use http::Head;
use std::collections::BTreeSet;

use saml::provider::{ExtraArgument, ExtraValue, RequestPolicy};
use saml::reason;
use saml::refusal::{Refusal, quote};

/// The argument that says who signs in.
const LOGIN_HINT: &str = "login_hint";

/// So many go with a login whose IdP is chosen first: they travel in addresses.
const MAX_KEPT: usize = 8;

/// Bytes of one: names of people and of their organisations, and room in the IdP's longest URL.
const LONGEST: usize = 256;

/// Where hints come from.
#[derive(Clone, Copy)]
pub(crate) struct Hints<'a> {
    /// The arguments of the login link.
    pub arguments: Arguments<'a>,
    /// Variables of the server and their values, by their names without `$`.
    pub variables: &'a [(String, String)],
}

/// The arguments of a login link.
#[derive(Clone, Copy)]
pub(crate) enum Arguments<'a> {
    /// As the address that was opened has them.
    Opened(&'a Head),
    /// As they were when it was: names and values.
    Kept(&'a [(String, String)]),
}

impl Arguments<'_> {
    /// No link, or one that is gone.
    pub(crate) const NONE: Self = Self::Kept(&[]);

    fn get(self, name: &str) -> Option<String> {
        match self {
            Self::Opened(head) => head.argument(name).map(Cow::into_owned),
            Self::Kept(kept) => find(kept, name),
        }
    }
}

impl Hints<'_> {
    /// Who is to sign in, when the IdP may be told.
    ///
    /// # Errors
    /// The link says what is no hint.
    pub(crate) fn subject(&self, says: &RequestPolicy) -> Result<Option<String>, Refusal> {
        if says.subject_hint { self.argument(LOGIN_HINT) } else { Ok(None) }
    }

    /// What the IdP's URL carries besides, empty values left out.
    ///
    /// # Errors
    /// The link says what is no hint.
    pub(crate) fn extra_arguments(
        &self,
        says: &RequestPolicy,
    ) -> Result<Vec<(String, String)>, Refusal> {
        let mut extra = Vec::new();
        for ExtraArgument { name, value } in &says.extra_arguments {
            let value = match value {
                ExtraValue::Argument => self.argument(name)?,
                ExtraValue::Text(text) => Some(text.clone()),
                // A variable has all kinds of values; the login goes on without.
                ExtraValue::Variable(variable) => {
                    find(self.variables, variable).filter(|value| is_hint(value))
                }
            };
            extra.extend(value.map(|value| (name.clone(), value)));
        }
        Ok(extra)
    }

    /// The arguments that an IdP which `all` speak of may be told, for when one has been chosen.
    ///
    /// # Errors
    /// The link says what is no hint.
    pub(crate) fn kept<'p>(
        &self,
        all: impl Iterator<Item = &'p RequestPolicy>,
    ) -> Result<Vec<(String, String)>, Refusal> {
        let names: BTreeSet<&str> = all.flat_map(argument_names).collect();
        let pair = |name: &str| Ok(self.argument(name)?.map(|value| (name.to_owned(), value)));
        names.into_iter().filter_map(|name| pair(name).transpose()).take(MAX_KEPT).collect()
    }

    fn argument(&self, name: &str) -> Result<Option<String>, Refusal> {
        match self.arguments.get(name).filter(|value| !value.is_empty()) {
            Some(value) if !is_hint(&value) => Err(Refusal::new(
                &reason::ARGUMENT_INVALID,
                format!(
                    "the \"{name}\" argument is {}, longer than {LONGEST} bytes or with control \
                     characters",
                    quote(&value)
                ),
            )),
            value => Ok(value),
        }
    }
}

/// Those of a login link that the IdP is told.
fn argument_names(says: &RequestPolicy) -> impl Iterator<Item = &str> {
    let extra = says.extra_arguments.iter();
    let extra = extra.filter(|extra| matches!(extra.value, ExtraValue::Argument));
    says.subject_hint.then_some(LOGIN_HINT).into_iter().chain(extra.map(|extra| &*extra.name))
}

fn find(pairs: &[(String, String)], name: &str) -> Option<String> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

fn is_hint(value: &str) -> bool {
    (1..=LONGEST).contains(&value.len()) && !value.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(extra_arguments: Vec<ExtraArgument>) -> RequestPolicy {
        RequestPolicy { subject_hint: true, extra_arguments, ..RequestPolicy::default() }
    }

    fn extra(name: &str, value: ExtraValue) -> ExtraArgument {
        ExtraArgument { name: name.to_owned(), value }
    }

    fn with<T>(argument: &str, variable: &str, look: impl FnOnce(Hints<'_>) -> T) -> T {
        look(Hints {
            arguments: Arguments::Kept(&[("login_hint".to_owned(), argument.to_owned())]),
            variables: &[("realm".to_owned(), variable.to_owned())],
        })
    }

    #[test]
    fn each_value_comes_from_its_place() {
        let says = says(vec![
            extra("login_hint", ExtraValue::Argument),
            extra("domain_hint", ExtraValue::Argument),
            extra("tenant", ExtraValue::Text("a b".into())),
            extra("whr", ExtraValue::Variable("realm".into())),
            extra("x", ExtraValue::Variable("nothing".into())),
        ]);
        let pairs = with("jane", "north", |hints| hints.extra_arguments(&says)).unwrap();
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("login_hint", "jane"), ("tenant", "a b"), ("whr", "north")]);
    }

    #[test]
    fn the_subject_is_named_only_where_the_idp_may_know() {
        let on = says(Vec::new());
        let subject = |says: &RequestPolicy| with("jane", "", |hints| hints.subject(says)).unwrap();
        assert_eq!(subject(&on).as_deref(), Some("jane"));
        assert_eq!(subject(&RequestPolicy::default()), None);
        assert_eq!(with("", "", |hints| hints.subject(&on)).unwrap(), None);
    }

    #[test]
    fn what_is_no_hint_is_refused_of_a_link_and_left_out_of_a_variable() {
        let long = "x".repeat(LONGEST + 1);
        let says = says(vec![
            extra("login_hint", ExtraValue::Argument),
            extra("whr", ExtraValue::Variable("realm".into())),
        ]);
        for value in [&long, "a\nb", "a\0", "\u{85}"] {
            let refusal = with(value, "", |hints| hints.extra_arguments(&says)).unwrap_err();
            assert_eq!(refusal.reason(), &reason::ARGUMENT_INVALID, "{value:?}");
            assert!(with(value, "", |hints| hints.subject(&says)).is_err());
            let pairs = with("", value, |hints| hints.extra_arguments(&says)).unwrap();
            assert!(pairs.is_empty(), "{value:?}");
        }
        let longest = with(&long[1..], "", |hints| hints.extra_arguments(&says)).unwrap();
        assert_eq!(longest.len(), 1);
    }

    #[test]
    fn what_some_idp_may_be_told_is_kept_and_nothing_else() {
        let subject = says(Vec::new());
        let none = RequestPolicy::default();
        let extra = says(vec![
            extra("whr", ExtraValue::Argument),
            extra("tenant", ExtraValue::Text("x".into())),
            extra("realm", ExtraValue::Variable("realm".into())),
        ]);
        let kept = |query: &str, all: &[&RequestPolicy]| {
            let head = Head::new("GET", query);
            let hints = Hints { arguments: Arguments::Opened(&head), variables: &[] };
            hints.kept(all.iter().copied())
        };
        let query = "login_hint=a%2Bb&whr=north&tenant=y&realm=z&other=1&whr=second";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let (hint, whr) = (pair("login_hint", "a+b"), pair("whr", "north"));
        assert_eq!(kept(query, &[&none]).unwrap(), []);
        assert_eq!(kept(query, &[&none, &subject, &subject]).unwrap(), std::slice::from_ref(&hint));
        assert_eq!(kept(query, &[&extra, &subject]).unwrap(), [hint, whr]);
        assert_eq!(kept("login_hint=", &[&subject]).unwrap(), []);
        let refusal = kept("login_hint=a%00", &[&none, &subject]).unwrap_err();
        assert_eq!(refusal.reason(), &reason::ARGUMENT_INVALID);
    }

    #[test]
    fn so_many_are_kept_at_most() {
        let names: Vec<String> = (0..20).map(|n| format!("x{n}")).collect();
        let each: Vec<_> =
            names.iter().map(|name| says(vec![extra(name, ExtraValue::Argument)])).collect();
        let head = Head::new("GET", names.iter().map(|n| format!("{n}=1&")).collect::<String>());
        let hints = Hints { arguments: Arguments::Opened(&head), variables: &[] };
        assert_eq!(hints.kept(each.iter()).unwrap().len(), MAX_KEPT);
    }
}
