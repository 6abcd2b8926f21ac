//! RequestedAuthnContext: how the user is to log in (Core 3.3.2.2.1).

/// The authentication context that says nothing (AuthnContext 3.4.25).
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";

/// How the IdP is to choose by the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    #[default]
    /// One of the list; what is meant when nothing is said.
    Exact,
    /// As strong as one of the list at least.
    Minimum,
    /// As strong as can be, and not stronger than one of the list at least.
    Maximum,
    /// Stronger than each of the list.
    Better,
}

const COMPARISONS: &[(Comparison, &str)] = &[
    (Comparison::Exact, "exact"),
    (Comparison::Minimum, "minimum"),
    (Comparison::Maximum, "maximum"),
    (Comparison::Better, "better"),
];

impl Comparison {
    /// As it stands in the message and in the configuration.
    pub fn as_str(self) -> &'static str {
        COMPARISONS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// `exact`, `minimum`, `maximum` or `better`.
    pub fn from_name(name: &str) -> Option<Self> {
        COMPARISONS.iter().find(|row| row.1 == name).map(|row| row.0)
    }
}

/// What is asked of the IdP, and enforced on its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedAuthnContext {
    /// AuthnContextClassRefs, at least one; the order is the SP's preference.
    pub classes: Vec<String>,
    /// How the answer must stand to them.
    pub comparison: Comparison,
}

impl RequestedAuthnContext {
    /// Is an answer with this AuthnContextClassRef good enough?
    ///
    /// Which class is stronger is the IdP's opinion and is written nowhere, so for `exact`,
    /// `minimum` and `maximum` the list is also what is accepted: an IdP that does not look at the
    /// request (some do not) cannot lower it. `better` has no such list: any class that says
    /// something and is not one of those to be exceeded.
    pub fn is_met_by(&self, class: Option<&str>) -> bool {
        let Some(class) = class else { return false };
        let listed = self.classes.iter().any(|listed| listed == class);
        match self.comparison {
            Comparison::Exact | Comparison::Minimum | Comparison::Maximum => listed,
            Comparison::Better => !listed && !class.is_empty() && class != UNSPECIFIED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    const MFA: &str = "https://refeds.org/profile/mfa";

    fn asked(comparison: Comparison) -> RequestedAuthnContext {
        let classes = vec![MFA.to_owned(), "urn:x:smartcard".to_owned()];
        RequestedAuthnContext { classes, comparison }
    }

    #[test]
    fn what_is_listed_is_what_is_accepted() {
        for comparison in [Comparison::Exact, Comparison::Minimum, Comparison::Maximum] {
            let asked = asked(comparison);
            assert!(asked.is_met_by(Some(MFA)));
            assert!(asked.is_met_by(Some("urn:x:smartcard")));
            for other in [None, Some(""), Some(PASSWORD), Some("urn:x:smartcard2")] {
                assert!(!asked.is_met_by(other), "{comparison:?} {other:?}");
            }
        }
    }

    #[test]
    fn better_is_something_else_than_what_is_listed() {
        let asked = asked(Comparison::Better);
        assert!(asked.is_met_by(Some("urn:x:retina")));
        for other in [None, Some(""), Some(MFA), Some(UNSPECIFIED)] {
            assert!(!asked.is_met_by(other), "{other:?}");
        }
    }

    #[test]
    fn names_lead_to_comparisons_and_back() {
        for (comparison, name) in COMPARISONS {
            assert_eq!(Comparison::from_name(name), Some(*comparison));
            assert_eq!(comparison.as_str(), *name);
        }
        assert_eq!(Comparison::from_name("Exact"), None);
        assert_eq!(Comparison::default(), Comparison::Exact);
    }
}
