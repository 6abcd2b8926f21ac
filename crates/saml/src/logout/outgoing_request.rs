//! Making a LogoutRequest (Core 3.7.1, Profiles 4.4.4.1).

use clock::{Seconds, UnixTime};
use identity::NameId;

use super::Delivery;
use super::delivery::deliver;
use super::encrypted_id::{encrypted_id, name_id};
use crate::binding::{Draft, SAML_REQUEST, SendError, Signer, Signing};
use crate::instant;
use crate::issuer::issuer;
use crate::namespace::{ASSERTION, PROTOCOL};
use crate::provider::{Idp, LogoutEndpoint};
use crate::xml_writer::Tag;

/// How long the IdP may act on a LogoutRequest of ours.
pub(super) const LIFETIME: Seconds = Seconds(300);

/// What goes into one LogoutRequest.
pub struct OutgoingLogoutRequest<'a> {
    /// `_` and 128 or more random bits, an xs:ID.
    pub id: &'a str,
    /// When the request is made; the IdP may act on it for five minutes.
    pub issue_instant: UnixTime,
    /// Issuer: the entityID that the IdP knows this SP by.
    pub sp_entity_id: &'a str,
    /// As the assertion said it.
    pub name_id: &'a NameId,
    /// As the assertion said it; none = all sessions of the NameID.
    pub session_indexes: &'a [String],
    /// Opaque and URL-safe; not sent by SOAP.
    pub relay_state: &'a str,
}

impl OutgoingLogoutRequest<'_> {
    /// For one of the IdP's endpoints
    /// ([`Idp::logout_request_endpoint`]).
    ///
    /// # Errors
    /// The IdP's policy wants a signature and there is no `signer`, or an encrypted NameID and there
    /// is no key for that; or encrypting failed.
    pub fn draft(
        &self,
        idp: &Idp,
        endpoint: &LogoutEndpoint,
        signer: Option<&Signer>,
    ) -> Result<Draft<Delivery>, SendError> {
        let signing = Signing::by(idp.policy.sign_logout, "sign_logout", &idp.policy, signer)?;
        let xml = self.to_xml(idp, &endpoint.location, self.identifier(idp)?);
        Ok(deliver(endpoint, SAML_REQUEST, xml, self.relay_state, signing))
    }

    fn identifier(&self, idp: &Idp) -> Result<Tag, SendError> {
        if !idp.policy.name_id_encrypted {
            return Ok(name_id(self.name_id));
        }
        let key = idp.encryption_key.as_ref().ok_or_else(|| {
            SendError("name_id_encrypted is on, but the IdP has no key to encrypt with".into())
        })?;
        encrypted_id(self.name_id, key, &idp.entity_id)
    }

    fn to_xml(&self, idp: &Idp, destination: &str, identifier: Tag) -> String {
        let indexes = self.session_indexes.iter();
        Tag::new("samlp:LogoutRequest")
            .attribute("xmlns:samlp", PROTOCOL)
            .attribute("xmlns:saml", ASSERTION)
            .attribute("ID", self.id)
            .attribute("Version", "2.0")
            .attribute("IssueInstant", &instant::format(self.issue_instant))
            .attribute("Destination", destination)
            .attribute("NotOnOrAfter", &instant::format(self.issue_instant + LIFETIME))
            .child(issuer(self.sp_entity_id, &idp.policy))
            .child(identifier)
            .children(indexes.map(|index| Tag::with_text("samlp:SessionIndex", index)))
            .into_xml()
    }
}
