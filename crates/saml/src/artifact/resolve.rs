//! Making an ArtifactResolve (Core 3.5.1, Profiles 5.4.1).

use clock::UnixTime;

use super::Artifact;
use crate::binding::{Draft, SendError, Signer, Signing, sealed_in_soap};
use crate::instant;
use crate::issuer::issuer;
use crate::namespace::{ASSERTION, PROTOCOL};
use crate::provider::Idp;
use crate::xml_writer::Tag;

/// What goes into one ArtifactResolve.
pub struct ArtifactResolve<'a> {
    /// `_` and 128 or more random bits, an xs:ID.
    pub id: &'a str,
    /// When the request is made.
    pub issue_instant: UnixTime,
    /// Issuer: the entityID that the IdP knows this SP by.
    pub sp_entity_id: &'a str,
    /// What the browser brought.
    pub artifact: &'a Artifact,
}

impl ArtifactResolve<'_> {
    /// The SOAP envelope to post to `url`, one of the IdP's ArtifactResolutionServices. The IdP must know
    /// who asks (Profiles 5.4.1): it is signed as AuthnRequests are, by `sign_requests`.
    ///
    /// # Errors
    /// The IdP's policy wants a signature and there is no `signer`.
    pub fn draft(
        &self,
        idp: &Idp,
        url: &str,
        signer: Option<&Signer>,
    ) -> Result<Draft<String>, SendError> {
        let signing = Signing::by(idp.policy.sign_requests, "sign_requests", &idp.policy, signer)?;
        let xml = Tag::new("samlp:ArtifactResolve")
            .attribute("xmlns:samlp", PROTOCOL)
            .attribute("xmlns:saml", ASSERTION)
            .attribute("ID", self.id)
            .attribute("Version", "2.0")
            .attribute("IssueInstant", &instant::format(self.issue_instant))
            .attribute("Destination", url)
            .child(issuer(self.sp_entity_id, &idp.policy))
            .child(Tag::with_text("samlp:Artifact", self.artifact.as_str()))
            .into_xml();
        Ok(sealed_in_soap(xml, signing))
    }
}
