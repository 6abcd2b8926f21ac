//! AuthnRequest (Core 3.4.1).

use clock::UnixTime;

use crate::binding::{Message, SAML_REQUEST, Signing};
use crate::instant;
use crate::namespace::{ASSERTION, BINDING_POST, PROTOCOL};
use crate::provider::{Idp, Policy};
use crate::xml_writer::Tag;
use identity::RequestedAuthnContext;

pub use crate::binding::{Outgoing, SendError, Signer};

/// Core 8.3.8.
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// What goes into one AuthnRequest.
pub struct AuthnRequest<'a> {
    /// `_` and 128 or more random bits, an xs:ID.
    pub id: &'a str,
    /// When the request is made; seconds go into the message.
    pub issue_instant: UnixTime,
    /// Issuer: the entityID that the IdP knows this SP by.
    pub sp_entity_id: &'a str,
    /// AssertionConsumerServiceURL, absolute: where the answer is to come, one of those in our
    /// metadata.
    pub acs_url: &'a str,
    /// ForceAuthn: the IdP asks for credentials, even of those whom it knows already.
    pub force_authn: bool,
    /// IsPassive: the IdP shows no page, and answers NoPassive when it would have to.
    pub passive: bool,
    /// RequestedAuthnContext; `None` = the IdP may choose.
    pub authn_context: Option<&'a RequestedAuthnContext>,
    /// Opaque and URL-safe.
    pub relay_state: &'a str,
}

impl AuthnRequest<'_> {
    /// Builds, signs and encodes by the IdP's SSO binding.
    ///
    /// # Errors
    /// The IdP's policy wants a signature and there is no `signer`, or signing failed.
    pub fn send(&self, idp: &Idp, signer: Option<&Signer<'_>>) -> Result<Outgoing, SendError> {
        let signing = Signing::by(idp.policy.sign_requests, "sign_requests", &idp.policy, signer)?;
        let xml = self.to_xml(idp);
        let message = Message {
            parameter: SAML_REQUEST,
            xml: &xml,
            relay_state: self.relay_state,
            endpoint: &idp.sso,
        };
        message.send(signing.as_ref())
    }

    /// The answer is wanted by HTTP-POST: a Response with its signature does not fit into a URL.
    fn to_xml(&self, idp: &Idp) -> String {
        Tag::new("samlp:AuthnRequest")
            .attribute("xmlns:samlp", PROTOCOL)
            .attribute("xmlns:saml", ASSERTION)
            .attribute("ID", self.id)
            .attribute("Version", "2.0")
            .attribute("IssueInstant", &instant::format(self.issue_instant))
            .attribute("Destination", &idp.sso.location)
            .attribute_if("ForceAuthn", self.force_authn.then_some("true"))
            .attribute_if("IsPassive", self.passive.then_some("true"))
            .attribute("ProtocolBinding", BINDING_POST)
            .attribute("AssertionConsumerServiceURL", self.acs_url)
            .child(Tag::with_text("saml:Issuer", self.sp_entity_id))
            .children(name_id_policy(&idp.policy))
            .children(self.authn_context.map(requested_authn_context))
            .into_xml()
    }
}

/// NameIDPolicy (Core 3.4.1.1), when it would say anything.
fn name_id_policy(policy: &Policy) -> Option<Tag> {
    let format = policy.name_id_format.as_deref();
    // A transient identifier is always new, so AllowCreate must not stand there (Errata E14).
    let allow_create = policy.allow_create && format != Some(TRANSIENT);
    (format.is_some() || allow_create).then(|| {
        Tag::new("samlp:NameIDPolicy")
            .attribute_if("Format", format)
            .attribute_if("AllowCreate", allow_create.then_some("true"))
    })
}

/// RequestedAuthnContext (Core 3.3.2.2.1).
fn requested_authn_context(asked: &RequestedAuthnContext) -> Tag {
    let classes = asked.classes.iter();
    Tag::new("samlp:RequestedAuthnContext")
        .attribute("Comparison", asked.comparison.as_str())
        .children(classes.map(|class| Tag::with_text("saml:AuthnContextClassRef", class)))
}

#[cfg(test)]
mod tests;
