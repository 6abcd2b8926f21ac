//! Accepting a Response: the Web Browser SSO profile (Profiles 4.1.4).

pub(crate) mod assertion;
mod attributes;
mod authn;
mod conditions;
pub(crate) mod in_response_to;
mod subject;

use xmldoc::{DecryptionKey, Document, Element, Limits};

use self::assertion::Envelope;
use crate::authn_context::RequestedAuthnContext;
use crate::binding::DetachedSignature;
use crate::identity_text;
use crate::message::clock::Clock;
use crate::message::{encryption, header, structure};
use crate::namespace;
use crate::provider::Idp;
use crate::refusal::Refusal;

/// A parsed Response of which nothing has been believed yet.
pub struct ReceivedResponse {
    document: Document,
    /// Of a message that came by HTTP-Redirect.
    signature: Option<DetachedSignature>,
    /// For what is encrypted in it.
    limits: Limits,
}

/// What a login is checked against.
pub struct Expected<'a> {
    pub sp_entity_id: &'a str,
    /// Absolute URL of the ACS.
    pub acs_url: &'a str,
    pub idp: &'a Idp,
    /// Private keys of this SP.
    pub decryption_keys: &'a [DecryptionKey],
    /// The request of this browser that the Response must answer; `None` = unsolicited.
    pub request: Option<Asked<'a>>,
    /// Seconds since the epoch.
    pub now: i64,
}

/// What the AuthnRequest asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub id: &'a str,
    /// Seconds since the epoch.
    pub issue_instant: i64,
    pub force_authn: bool,
    /// Enforced on the answer; `None` = the IdP could choose.
    pub authn_context: Option<&'a RequestedAuthnContext>,
}

/// NameID (Core 2.2.2, 2.2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameId {
    pub value: String,
    pub format: Option<String>,
    pub name_qualifier: Option<String>,
    pub sp_name_qualifier: Option<String>,
    pub sp_provided_id: Option<String>,
}

/// Attribute (Core 2.7.3.1); the values of repeated Names are merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SamlAttribute {
    pub name: String,
    pub friendly_name: Option<String>,
    pub values: Vec<String>,
}

/// Who has logged in: everything read from verified bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub idp_entity_id: String,
    pub name_id: NameId,
    pub session_index: Option<String>,
    /// Seconds since the epoch.
    pub authn_instant: i64,
    pub authn_context: Option<String>,
    /// Seconds since the epoch.
    pub session_not_on_or_after: Option<i64>,
    pub attributes: Vec<SamlAttribute>,
    pub assertion_id: String,
    /// IssueInstant of the assertion, seconds since the epoch: a logout after it ends what it began.
    pub issue_instant: i64,
    /// Until when the assertion ID must be remembered against replay (skew included), seconds since the
    /// epoch: as long as it is valid, and not too old.
    pub replay_until: i64,
}

impl NameId {
    /// As the IdP wrote it, but for white space around the value and the Format.
    pub(crate) fn of(element: &Element) -> Self {
        let attribute = |name| element.attribute(name).map(str::to_owned);
        Self {
            value: identity_text::trim(&element.text).to_owned(),
            format: attribute("Format").map(|format| identity_text::trim(&format).to_owned()),
            name_qualifier: attribute("NameQualifier"),
            sp_name_qualifier: attribute("SPNameQualifier"),
            sp_provided_id: attribute("SPProvidedID"),
        }
    }
}

impl ReceivedResponse {
    pub(crate) fn new(
        document: Document,
        signature: Option<DetachedSignature>,
        limits: Limits,
    ) -> Self {
        Self { document, signature, limits }
    }

    /// InResponseTo of the Response, unverified: finds the pending login.
    pub fn in_response_to(&self) -> Option<String> {
        self.document.root_attribute("InResponseTo").map(|value| value.to_string())
    }

    /// Issuer of the Response, or of its Assertion when the Response has none (Profiles 4.1.4.2),
    /// unverified: finds the IdP of an unsolicited Response, which [`Self::accept`] then compares with
    /// what that IdP has signed.
    pub fn issuer(&self) -> Option<String> {
        let root = self.document.envelope();
        match root.child(namespace::ASSERTION, "Issuer") {
            Some(issuer) => Some(header::uri(issuer).to_owned()),
            None => self
                .document
                .text_in_child(namespace::ASSERTION, "Assertion", "Issuer")
                .map(|issuer| identity_text::trim(&issuer).to_owned()),
        }
    }

    /// Would it be decrypted before any signature has shown that it is the IdP's? Then each failure is
    /// a private key operation that a stranger may have asked for.
    pub fn is_unvouched_ciphertext(&self) -> bool {
        let is_signed = self.signature.is_some() || self.document.root_is_signed();
        let holds_ciphertext =
            || self.document.envelope().child(namespace::ASSERTION, "EncryptedAssertion").is_some();
        !is_signed && holds_ciphertext()
    }

    /// Verifies and validates (Core 3.2.2, Core 2.3.3, Profiles 4.1.4.3).
    ///
    /// The caller must still claim `assertion_id` until `replay_until`.
    ///
    /// # Errors
    ///
    /// The first rule that the Response breaks.
    pub fn accept(self, expected: &Expected<'_>) -> Result<Login, Refusal> {
        let clock = Clock::of(expected);

        let envelope = Envelope::read("Response", &self.document, self.signature, expected.idp)?;
        // First, so that what an IdP writes around its error hides the error from nobody.
        in_response_to::status(&envelope)?;
        structure::check(&envelope)?;
        header::version(&envelope)?;
        header::id(&envelope)?;
        header::issue_instant(&envelope, &clock)?;
        header::issuer_if_present(&envelope, expected.idp)?;
        in_response_to::destination(&envelope, expected.acs_url)?;
        let answered = in_response_to::in_response_to(&envelope, expected)?;

        let decryption = encryption::decryption(expected, &self.limits);
        let assertion = assertion::assertion(&self.document, envelope, expected.idp, &decryption)?;
        let assertion = encryption::inside(assertion, &decryption)?;
        structure::check(&assertion)?;
        header::version(&assertion)?;
        let assertion_id = header::id(&assertion)?;
        let issue_instant = header::issue_instant(&assertion, &clock)?;
        header::issuer(&assertion, expected.idp)?;

        let (name_id, confirmed_until) = subject::confirm(&assertion, expected, answered, &clock)?;
        let valid_until = conditions::check(&assertion, expected.sp_entity_id, &clock)?;
        let max_age = expected.idp.policy.max_assertion_age;
        header::recent(&assertion, issue_instant, max_age, &clock)?;
        let authn = authn::statement(&assertion, expected, &clock)?;
        let attributes = attributes::read(&assertion)?;

        Ok(Login {
            idp_entity_id: expected.idp.entity_id.clone(),
            name_id,
            session_index: authn.session_index,
            authn_instant: authn.instant,
            authn_context: authn.context,
            session_not_on_or_after: authn.session_not_on_or_after,
            attributes,
            assertion_id,
            issue_instant,
            replay_until: clock
                .later(valid_until.unwrap_or(confirmed_until).max(confirmed_until))
                .min(clock.last_accepted(issue_instant, max_age)),
        })
    }
}
