//! Making a LogoutResponse (Core 3.7.2, Profiles 4.4.4.2).

use clock::UnixTime;

use crate::binding::{
    Draft, Message, Outgoing, SAML_RESPONSE, SendError, Signer, Signing, sealed_in_soap,
};
use crate::instant;
use crate::issuer::issuer;
use crate::namespace::{
    ASSERTION, PROTOCOL, STATUS_PARTIAL_LOGOUT, STATUS_REQUESTER, STATUS_RESPONDER, STATUS_SUCCESS,
};
use crate::provider::{Endpoint, Idp};
use crate::xml_writer::Tag;

/// What this SP has done with a LogoutRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutStatus {
    /// The sessions are gone, or there were none.
    Success,
    /// The sessions are gone, and something behind this SP may still think that they are not.
    PartialLogout,
    /// Nobody can say that the sessions are gone: the IdP should try again.
    Responder,
    /// The request asks for what is not done here: asking again would not help.
    Requester,
}

/// What goes into one LogoutResponse.
pub struct OutgoingLogoutResponse<'a> {
    /// `_` and 128 or more random bits, an xs:ID.
    pub id: &'a str,
    /// When the answer is made; seconds go into the message.
    pub issue_instant: UnixTime,
    /// Issuer: the entityID that the IdP knows this SP by.
    pub sp_entity_id: &'a str,
    /// ID of the LogoutRequest.
    pub in_response_to: &'a str,
    /// What StatusCode says of it (Core 3.2.2.2).
    pub status: LogoutStatus,
    /// As it came with the request; not sent by SOAP.
    pub relay_state: &'a str,
}

impl OutgoingLogoutResponse<'_> {
    /// For the browser ([`Idp::logout_response_endpoint`]).
    ///
    /// # Errors
    /// The IdP's policy wants a signature and there is no `signer`.
    pub fn draft(
        &self,
        idp: &Idp,
        endpoint: Endpoint,
        signer: Option<&Signer>,
    ) -> Result<Draft<Outgoing>, SendError> {
        let signing = signing(idp, signer)?;
        let xml = self.to_xml(idp, Some(&endpoint.location));
        let (parameter, relay_state) = (SAML_RESPONSE, self.relay_state.to_owned());
        Ok(Message { parameter, xml, relay_state, endpoint }.draft(signing))
    }

    /// The SOAP envelope that answers a LogoutRequest by SOAP, in the HTTP answer's body.
    ///
    /// It has no Destination: it goes where the request came from, and that has no URL.
    ///
    /// # Errors
    /// As [`OutgoingLogoutResponse::draft`].
    pub fn draft_soap(
        &self,
        idp: &Idp,
        signer: Option<&Signer>,
    ) -> Result<Draft<String>, SendError> {
        Ok(sealed_in_soap(self.to_xml(idp, None), signing(idp, signer)?))
    }

    fn to_xml(&self, idp: &Idp, destination: Option<&str>) -> String {
        Tag::new("samlp:LogoutResponse")
            .attribute("xmlns:samlp", PROTOCOL)
            .attribute("xmlns:saml", ASSERTION)
            .attribute("ID", self.id)
            .attribute("Version", "2.0")
            .attribute("IssueInstant", &instant::format(self.issue_instant))
            .attribute_if("Destination", destination)
            .attribute("InResponseTo", self.in_response_to)
            .child(issuer(self.sp_entity_id, &idp.policy))
            .child(Tag::new("samlp:Status").child(status_code(self.status)))
            .into_xml()
    }
}

fn signing(idp: &Idp, signer: Option<&Signer>) -> Result<Option<Signing>, SendError> {
    Signing::by(idp.policy.sign_logout, "sign_logout", &idp.policy, signer)
}

/// PartialLogout under Responder: an IdP that looks at the first code only must not take it for
/// Success.
fn status_code(status: LogoutStatus) -> Tag {
    let code = |value| Tag::new("samlp:StatusCode").attribute("Value", value);
    match status {
        LogoutStatus::Success => code(STATUS_SUCCESS),
        LogoutStatus::PartialLogout => code(STATUS_RESPONDER).child(code(STATUS_PARTIAL_LOGOUT)),
        LogoutStatus::Responder => code(STATUS_RESPONDER),
        LogoutStatus::Requester => code(STATUS_REQUESTER),
    }
}
