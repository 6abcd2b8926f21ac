//! The Status of an answer, and what its codes mean for the administrator (Core 3.2.2.2).

use std::fmt;

use xmldoc::Element;

use super::header::uri;
use crate::namespace::PROTOCOL;
use crate::reason;
use crate::refusal::{Refusal, quote_option};

/// How an answer ended, in the words of its sender.
pub(crate) struct Status<'a> {
    pub code: Option<&'a str>,
    pub nested: Option<&'a str>,
    pub message: Option<&'a str>,
}

impl<'a> Status<'a> {
    pub(crate) fn of(answer: &'a Element) -> Result<Self, Refusal> {
        let status = answer.child(PROTOCOL, "Status");
        let Some(code) = status.and_then(|status| status.child(PROTOCOL, "StatusCode")) else {
            let detail = format!("the {} has no StatusCode", answer.name);
            return Err(Refusal::new(&reason::STRUCTURE, detail));
        };
        let nested = code.child(PROTOCOL, "StatusCode").and_then(|code| code.attribute("Value"));
        let message = status.and_then(|status| status.child(PROTOCOL, "StatusMessage")).map(uri);
        Ok(Self { code: code.attribute("Value"), nested, message })
    }
}

/// What an IdP says of a login that it ended, for the person; none of it is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// AuthnFailed: it could not make sure who they are, or they gave up.
    AuthnFailed,
    /// RequestDenied: it does not let them in here.
    RequestDenied,
    /// UnknownPrincipal: it does not know them.
    UnknownPrincipal,
}

impl Verdict {
    /// By the second-level status (Core 3.2.2.2); `None` = it says nothing that would help a person.
    pub(crate) fn of(status: &Status<'_>) -> Option<Self> {
        match status.nested?.strip_prefix(STATUS)? {
            "AuthnFailed" => Some(Self::AuthnFailed),
            "RequestDenied" => Some(Self::RequestDenied),
            "UnknownPrincipal" => Some(Self::UnknownPrincipal),
            _ => None,
        }
    }
}

impl fmt::Display for Status<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the status is {}, the sub-status is {}, the IdP's message is {}{}",
            quote_option(self.code),
            quote_option(self.nested),
            quote_option(self.message),
            hint(self.nested.or(self.code))
        )
    }
}

const STATUS: &str = "urn:oasis:names:tc:SAML:2.0:status:";

/// The codes that an SP can do something about, with what to look at.
const HINTS: &[(&str, &str)] = &[
    ("AuthnFailed", "the login at the IdP failed"),
    ("InvalidAttrNameOrValue", "the IdP does not know an attribute that was asked for"),
    (
        "InvalidNameIDPolicy",
        "the IdP cannot make such a NameID: compare name_id_format and allow_create with the IdP's settings for this SP",
    ),
    ("NoAuthnContext", "the IdP cannot log in as auth_saml_authn_context asks"),
    ("NoAvailableIDP", "the IdP knows none of the IdPs that were asked for"),
    ("NoPassive", "the user is not signed in at the IdP, and the request was passive"),
    ("NoSupportedIDP", "the IdP supports none of the IdPs that were asked for"),
    ("ProxyCountExceeded", "the IdP would have to pass the login on to another IdP"),
    ("RequestDenied", "the IdP does not let this user or this SP in"),
    ("RequestUnsupported", "the IdP does not support this request"),
    ("RequestVersionTooHigh", "the IdP does not speak SAML 2.0"),
    (
        "Requester",
        "the IdP found fault with the request: compare entity_id, the ACS URL and the certificate with the IdP's settings for this SP",
    ),
    ("Responder", "the IdP failed: its log tells why"),
    ("UnknownPrincipal", "the IdP does not know this user"),
    (
        "UnsupportedBinding",
        "the IdP does not support the binding of the request or of the answer: compare sso_binding and response_binding with its settings",
    ),
];

/// `: what it means` for a code of the specification, nothing for another one.
fn hint(code: Option<&str>) -> String {
    let name = code.and_then(|code| code.strip_prefix(STATUS));
    let hint = HINTS.iter().find(|(known, _)| Some(*known) == name);
    hint.map_or_else(String::new, |(_, hint)| format!(": {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_code_is_explained() {
        let denied = hint(Some("urn:oasis:names:tc:SAML:2.0:status:RequestDenied"));
        assert_eq!(denied, ": the IdP does not let this user or this SP in");
        for other in [None, Some(""), Some("RequestDenied"), Some("urn:x:RequestDenied")] {
            assert_eq!(hint(other), "", "{other:?}");
        }
    }
}
