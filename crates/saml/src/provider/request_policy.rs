//! What AuthnRequests to an IdP say, beside what the login asks for.

use identity::RequestedAuthnContext;

use crate::extensions::Extensions;

/// The settings of AuthnRequests, as `saml_idp` and the defaults of its `saml_sp` say them (Core 3.4.1).
#[derive(Clone, Debug, Default)]
pub struct RequestPolicy {
    /// Issuer of all that we send says that it is an entityID, and repeats it as its NameQualifier (Core
    /// 2.2.2).
    pub issuer_format: bool,
    /// NameIDPolicy/@SPNameQualifier: the affiliation whose identifier of the user is wanted.
    pub name_id_sp_qualifier: Option<String>,
    /// How the answer is to come, when the IdP can.
    pub response_binding: ResponseBinding,
    /// AssertionConsumerServiceIndex in the place of URL and binding.
    pub acs_index: Option<u16>,
    /// Which attributes are wanted, as the IdP knows them of the SP's metadata.
    pub attribute_consuming_service_index: Option<u16>,
    /// What people may know the SP by.
    pub provider_name: Option<String>,
    /// How the user's consent to the request was obtained (Core 8.4).
    pub consent: Option<String>,
    /// Scoping/IDPList: who may sign the user in, by entityID.
    pub requested_idp: Vec<String>,
    /// Scoping/RequesterID: on whose behalf the SP asks.
    pub requester_id: Vec<String>,
    /// Scoping/@ProxyCount: how many IdPs may stand between the asked one and the one that signs in.
    pub proxy_count: Option<u16>,
    /// Asked for where neither location nor link say what they want.
    pub authn_context: Option<PreferredContext>,
    /// `login_hint` of a login link becomes the Subject.
    pub subject_hint: bool,
    /// What goes along in the IdP's URL, by HTTP-Redirect.
    pub extra_arguments: Vec<ExtraArgument>,
    /// Protocol extensions.
    pub extensions: Option<Extensions>,
}

/// How the IdP is to answer a login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponseBinding {
    /// The browser brings the Response (Bindings 3.5).
    #[default]
    Post,
    /// The browser brings a reference to it, and this host fetches it from the IdP (Bindings 3.6).
    Artifact,
}

/// The authentication contexts that an SP would like best.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreferredContext {
    /// The classes, and how the answer must stand to them.
    pub asked: RequestedAuthnContext,
    /// One is asked for at a time: the next one when the IdP has none such (NoAuthnContext).
    pub in_turn: bool,
}

/// A query argument that goes along to the IdP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraArgument {
    /// What the IdP calls it.
    pub name: String,
    /// What it says.
    pub value: ExtraValue,
}

/// Where the value of an [`ExtraArgument`] comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtraValue {
    /// The argument of that name in the login link.
    Argument,
    /// Always the same.
    Text(String),
    /// A variable of the server, by its name without `$`.
    Variable(String),
}

impl PreferredContext {
    /// What the login asks for after `refused` of its requests found no such context at the IdP; `None` =
    /// there is nothing left to ask for.
    pub fn after(&self, refused: usize) -> Option<RequestedAuthnContext> {
        if !self.in_turn {
            return (refused == 0).then(|| self.asked.clone());
        }
        let class = self.asked.classes.get(refused)?.clone();
        Some(RequestedAuthnContext { classes: vec![class], ..self.asked })
    }
}

#[cfg(test)]
mod tests {
    use identity::Comparison;

    use super::*;

    fn preferred(in_turn: bool) -> PreferredContext {
        let classes = ["urn:x:a", "urn:x:b"].map(str::to_owned).to_vec();
        let comparison = Comparison::Minimum;
        PreferredContext { asked: RequestedAuthnContext { classes, comparison }, in_turn }
    }

    fn classes(preferred: &PreferredContext, refused: usize) -> Option<Vec<String>> {
        let asked = preferred.after(refused)?;
        assert_eq!(asked.comparison, Comparison::Minimum);
        Some(asked.classes)
    }

    #[test]
    fn a_list_is_asked_for_at_once_and_once() {
        let all = preferred(false);
        assert_eq!(classes(&all, 0).unwrap(), ["urn:x:a", "urn:x:b"]);
        assert_eq!(classes(&all, 1), None);
    }

    #[test]
    fn in_turn_each_class_is_asked_for_once() {
        let turns = preferred(true);
        assert_eq!(classes(&turns, 0).unwrap(), ["urn:x:a"]);
        assert_eq!(classes(&turns, 1).unwrap(), ["urn:x:b"]);
        assert_eq!(classes(&turns, 2), None);
        assert_eq!(classes(&turns, usize::MAX), None);
    }
}
