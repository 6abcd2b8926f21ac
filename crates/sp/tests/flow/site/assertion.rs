//! What an IdP says of somebody.

use clock::{Seconds, UnixTime};
use saml::instant::format;
use sp::random;

use super::idp::{Idp, Message, SUCCESS, name_id_element};
use super::sent::Sent;
use super::{ACS, ENTITY_ID};

/// An Assertion, with all that tells one login from another.
#[derive(Clone)]
pub struct Assertion {
    pub id: String,
    /// The AuthnRequest that it answers.
    pub in_response_to: Option<String>,
    pub name_id: String,
    pub session_index: Option<String>,
    pub issued: UnixTime,
    pub authn_instant: UnixTime,
    pub session_not_on_or_after: Option<UnixTime>,
    /// AuthnContextClassRef.
    pub context: &'static str,
    /// By Name, with their values.
    pub attributes: Vec<(&'static str, Vec<String>)>,
    /// It comes back as it was sent.
    pub relay_state: Option<String>,
}

impl Assertion {
    /// Of `jane`, to whom the IdP gave this session of its own.
    pub fn of_jane(session_index: &str, now: UnixTime) -> Self {
        Self {
            id: random::id(),
            in_response_to: None,
            name_id: "jane".to_owned(),
            session_index: Some(session_index.to_owned()),
            issued: now,
            authn_instant: now,
            session_not_on_or_after: None,
            context: "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
            attributes: Vec::new(),
            relay_state: None,
        }
    }

    /// It answers this AuthnRequest.
    pub fn answering(self, asked: &Sent) -> Self {
        let in_response_to = Some(asked.attribute("ID").to_owned());
        Self { in_response_to, relay_state: asked.relay_state.clone(), ..self }
    }

    /// The Response that brings it.
    pub fn response(&self, idp: Idp) -> Message {
        self.response_with(idp, &self.xml(idp))
    }

    /// A Response with this in the place of the Assertion.
    pub fn response_with(&self, idp: Idp, inside: &str) -> Message {
        let asked = self.in_response_to.as_deref();
        let mut message = idp.response(asked, SUCCESS, inside, self.issued);
        message.relay_state = self.relay_state.clone();
        message
    }

    /// The form of the Response that brings it.
    pub fn form(&self, idp: Idp) -> String {
        self.response(idp).by_post()
    }

    /// The Assertion alone, unsigned.
    pub fn xml(&self, idp: Idp) -> String {
        let Self { id, context, .. } = self;
        let (issued, authn_instant) = (format(self.issued), format(self.authn_instant));
        let end = format(self.issued + Seconds(300));
        let attributes = self.attribute_statement();
        let (issuer, subject) = (idp.entity_id, name_id_element(&self.name_id));
        let asked = self.in_response_to.as_deref();
        let asked = asked.map(|id| format!("InResponseTo=\"{id}\"")).unwrap_or_default();
        let index = self.session_index.as_deref();
        let index = index.map(|index| format!("SessionIndex=\"{index}\"")).unwrap_or_default();
        let session_end = self.session_not_on_or_after.map(format);
        let session_end =
            session_end.map(|end| format!("SessionNotOnOrAfter=\"{end}\"")).unwrap_or_default();
        format!(
            "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\" \
             Version=\"2.0\" IssueInstant=\"{issued}\"><saml:Issuer>{issuer}</saml:Issuer>\
             <saml:Subject>{subject}<saml:SubjectConfirmation \
             Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData \
             NotOnOrAfter=\"{end}\" Recipient=\"{ACS}\" {asked}/></saml:SubjectConfirmation>\
             </saml:Subject><saml:Conditions NotBefore=\"{issued}\" NotOnOrAfter=\"{end}\">\
             <saml:AudienceRestriction><saml:Audience>{ENTITY_ID}</saml:Audience>\
             </saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement \
             AuthnInstant=\"{authn_instant}\" {index} {session_end}><saml:AuthnContext>\
             <saml:AuthnContextClassRef>{context}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
             {attributes}</saml:Assertion>"
        )
    }

    fn attribute_statement(&self) -> String {
        if self.attributes.is_empty() {
            return String::new();
        }
        let value = |value: &String| format!("<saml:AttributeValue>{value}</saml:AttributeValue>");
        let attribute = |(name, values): &(&str, Vec<String>)| {
            let values: String = values.iter().map(value).collect();
            format!("<saml:Attribute Name=\"{name}\">{values}</saml:Attribute>")
        };
        let attributes: String = self.attributes.iter().map(attribute).collect();
        format!("<saml:AttributeStatement>{attributes}</saml:AttributeStatement>")
    }
}
