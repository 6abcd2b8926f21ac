//! AuthnRequest (Core 3.4.1).

use clock::UnixTime;

use crate::binding::{EcpRequest, Message, SAML_REQUEST, Signing, with_arguments};
use crate::extensions::Extensions;
use crate::instant;
use crate::issuer::issuer;
use crate::metadata::ACS_INDEXES;
use crate::namespace::{ASSERTION, BINDING_ARTIFACT, BINDING_PAOS, BINDING_POST, PROTOCOL};
use crate::provider::{Idp, Policy, RequestPolicy};
use crate::xml_writer::Tag;
use identity::RequestedAuthnContext;

pub use crate::binding::{Draft, Outgoing, SendError, Signer};

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
    /// Which origin of the SP that is, counted as in our metadata from 0.
    pub origin: u16,
    /// ForceAuthn: the IdP asks for credentials, even of those whom it knows already.
    pub force_authn: bool,
    /// IsPassive: the IdP shows no page, and answers NoPassive when it would have to.
    pub passive: bool,
    /// RequestedAuthnContext; `None` = the IdP may choose.
    pub authn_context: Option<&'a RequestedAuthnContext>,
    /// Subject: who is to sign in, by the name that they know themselves by.
    pub subject: Option<&'a str>,
    /// Opaque and URL-safe.
    pub relay_state: &'a str,
    /// Names and values that go along in the IdP's URL, by HTTP-Redirect.
    pub extra_arguments: &'a [(String, String)],
}

impl AuthnRequest<'_> {
    /// For the IdP's SSO binding.
    ///
    /// # Errors
    /// The IdP's policy wants a signature and there is no `signer`.
    pub fn draft(&self, idp: &Idp, signer: Option<&Signer>) -> Result<Draft<Outgoing>, SendError> {
        let signing = Signing::by(idp.policy.sign_requests, "sign_requests", &idp.policy, signer)?;
        let message = Message {
            parameter: SAML_REQUEST,
            xml: self.to_xml(idp, Bearer::Browser),
            relay_state: self.relay_state.to_owned(),
            endpoint: idp.sso.clone(),
        };
        let extra_arguments = self.extra_arguments.to_vec();
        Ok(message.draft(signing).map(move |sent| match sent {
            Outgoing::Redirect(url) => Outgoing::Redirect(with_arguments(url, &extra_arguments)),
            posted @ Outgoing::Post { .. } => posted,
        }))
    }

    /// For a client that does PAOS: the envelope, with the client's instructions in its
    /// Header (Profiles 4.2.4). It names the IdP, whose own answer alone is taken, and no address of it: the
    /// client knows where to go.
    ///
    /// # Errors
    /// As [`AuthnRequest::draft`].
    pub fn draft_paos(
        &self,
        idp: &Idp,
        signer: Option<&Signer>,
    ) -> Result<Draft<String>, SendError> {
        let signing = Signing::by(idp.policy.sign_requests, "sign_requests", &idp.policy, signer)?;
        let xml = self.to_xml(idp, Bearer::Ecp);
        let header = EcpRequest {
            acs_url: self.acs_url,
            message_id: self.id,
            passive: self.passive,
            provider_name: idp.policy.request.provider_name.as_deref(),
            idp: &idp.entity_id,
            relay_state: self.relay_state,
        };
        let envelope = header.around(issuer(self.sp_entity_id, &idp.policy));
        Ok(Draft::new(signing, move |signing| match signing {
            Some(signing) => Ok(envelope(&signing.enveloped(&xml)?)),
            None => Ok(envelope(&xml)),
        }))
    }

    fn to_xml(&self, idp: &Idp, bearer: Bearer) -> String {
        let destination = (bearer == Bearer::Browser).then_some(idp.sso.location.as_str());
        let says = &idp.policy.request;
        let extensions = says.extensions.as_ref().map(Extensions::as_xml).unwrap_or_default();
        let request = Tag::new("samlp:AuthnRequest")
            .attribute("xmlns:samlp", PROTOCOL)
            .attribute("xmlns:saml", ASSERTION)
            .attribute("ID", self.id)
            .attribute("Version", "2.0")
            .attribute("IssueInstant", &instant::format(self.issue_instant))
            .attribute_if("Destination", destination)
            .attribute_if("Consent", says.consent.as_deref())
            .attribute_if("ForceAuthn", self.force_authn.then_some("true"))
            .attribute_if("IsPassive", self.passive.then_some("true"));
        self.answered_at(request, idp, bearer)
            .attribute_if("AttributeConsumingServiceIndex", attributes_index(says).as_deref())
            .attribute_if("ProviderName", says.provider_name.as_deref())
            .child(issuer(self.sp_entity_id, &idp.policy))
            .verbatim(extensions)
            .children(self.subject.map(|hint| subject(hint, &idp.policy)))
            .children(name_id_policy(&idp.policy))
            .children(self.authn_context.map(requested_authn_context))
            .children(scoping(says))
            .into_xml()
    }

    /// Where the answer is to come: by its number in our metadata, which some IdPs want, or in words; the
    /// one excludes the other.
    ///
    /// From a browser the answer is wanted by HTTP-POST or by HTTP-Artifact: a Response with its signature
    /// does not fit into a URL. `acs_index` is the number of one of these; PAOS is always asked for in words.
    fn answered_at(&self, request: Tag, idp: &Idp, bearer: Bearer) -> Tag {
        let resolves = !idp.artifact_resolution.is_empty();
        let binding = match (bearer, idp.policy.request.acs_index) {
            (Bearer::Browser, Some(index)) => {
                // Which binding it is is the same at all origins.
                let index = index.saturating_add(self.origin.saturating_mul(ACS_INDEXES));
                return request.attribute("AssertionConsumerServiceIndex", &index.to_string());
            }
            (Bearer::Browser, None) if resolves => BINDING_ARTIFACT,
            (Bearer::Browser, None) => BINDING_POST,
            (Bearer::Ecp, _) => BINDING_PAOS,
        };
        request
            .attribute("ProtocolBinding", binding)
            .attribute("AssertionConsumerServiceURL", self.acs_url)
    }
}

/// Who brings the request to the IdP.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bearer {
    Browser,
    /// A program that does the Enhanced Client or Proxy profile.
    Ecp,
}

fn attributes_index(says: &RequestPolicy) -> Option<String> {
    says.attribute_consuming_service_index.map(|index| index.to_string())
}

/// Subject, without a SubjectConfirmation (Profiles 4.1.4.1). What a person types has the Format that is
/// asked for; a transient identifier nobody can know before.
fn subject(hint: &str, policy: &Policy) -> Tag {
    let format = policy.name_id_format.as_deref().filter(|format| *format != TRANSIENT);
    let name_id = Tag::new("saml:NameID").attribute_if("Format", format).text(hint);
    Tag::new("saml:Subject").child(name_id)
}

/// NameIDPolicy (Core 3.4.1.1), when it would say anything.
fn name_id_policy(policy: &Policy) -> Option<Tag> {
    let format = policy.name_id_format.as_deref();
    // A transient identifier is always new, so AllowCreate must not stand there (Errata E14).
    let allow_create = policy.allow_create && format != Some(TRANSIENT);
    let qualifier = policy.request.name_id_sp_qualifier.as_deref();
    (format.is_some() || qualifier.is_some() || allow_create).then(|| {
        Tag::new("samlp:NameIDPolicy")
            .attribute_if("Format", format)
            .attribute_if("SPNameQualifier", qualifier)
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

/// Scoping (Core 3.4.1.2), when it would say anything.
fn scoping(says: &RequestPolicy) -> Option<Tag> {
    let RequestPolicy { requested_idp, requester_id, proxy_count, .. } = says;
    let entries = requested_idp.iter();
    let entries = entries.map(|id| Tag::new("samlp:IDPEntry").attribute("ProviderID", id));
    let list = Tag::new("samlp:IDPList").children(entries);
    let requesters = requester_id.iter().map(|id| Tag::with_text("samlp:RequesterID", id));
    let proxies = proxy_count.map(|count| count.to_string());
    let says_any = proxies.is_some() || !requested_idp.is_empty() || !requester_id.is_empty();
    says_any.then(|| {
        Tag::new("samlp:Scoping")
            .attribute_if("ProxyCount", proxies.as_deref())
            .children((!requested_idp.is_empty()).then_some(list))
            .children(requesters)
    })
}

#[cfg(test)]
mod tests;
