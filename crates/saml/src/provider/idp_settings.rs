//! What the configuration says of an IdP.

use std::sync::Arc;

use super::endpoint::{Binding, Endpoint, LogoutEndpoint};
use super::policy::{Policy, ScopeCheck};
use crate::metadata::{MetadataKey, MetadataSigners};
use crate::xmlsec1::Xmlsec1;

/// An IdP as its `saml_idp` block says, with the defaults of one `saml_sp`: the same for as long as
/// nginx runs, while metadata may come and change. Both together make an [`Idp`](super::Idp).
#[derive(Clone)]
pub struct IdpSettings {
    /// The name of the block.
    pub name: String,
    /// Nobody logs in there any more, and its users' sessions end.
    pub disabled: bool,
    /// What the block calls the IdP's metadata, for sentences. `None` = all is said by hand, or nothing
    /// yet.
    pub metadata: Option<String>,
    /// Which entity of the metadata is meant; without metadata, the IdP's entityID.
    pub entity_id: Option<String>,
    /// `sso_url`, absolute and checked: it stands in for what the metadata says.
    pub sso: Option<Endpoint>,
    /// Which SingleSignOnService of the metadata is wanted.
    pub sso_binding: Option<Binding>,
    /// `slo_url` and `slo_response_url`, as `sso`.
    pub slo: Option<LogoutEndpoint>,
    /// `artifact_url`, as `sso`.
    pub artifact_url: Option<String>,
    /// The block itself says `response_binding`, as [`Self::demands_slo_binding`].
    pub demands_response_binding: bool,
    /// The block itself says `slo_binding`, so that the IdP must have it; as a default of the SP it is
    /// for those IdPs that have it.
    pub demands_slo_binding: bool,
    /// Signing keys by hand, beside those of the metadata.
    pub keys: Vec<MetadataKey>,
    /// Who must have signed the metadata; `None` = nobody need.
    pub metadata_signers: Option<Arc<MetadataSigners>>,
    /// What must verify the IdP's signatures in XML, too.
    pub second_verifier: Option<Arc<dyn Xmlsec1>>,
    /// Whose e-mail addresses are at one of these domains signs in here; in lower case.
    pub domains: Vec<String>,
    /// How the two deal with one another.
    pub policy: Policy,
}

impl IdpSettings {
    /// Of one IdP of the federation that the block is: it speaks for whom its metadata says, and that is
    /// nobody when that says nothing.
    pub fn of_member(&self, entity_id: &str) -> Self {
        let (name, entity_id) = (entity_id.to_owned(), Some(entity_id.to_owned()));
        let mut member = Self { name, entity_id, ..self.clone() };
        if member.policy.check_scope == ScopeCheck::Auto {
            member.policy.check_scope = ScopeCheck::On;
        }
        member
    }

    /// Nothing is said of the IdP itself, neither by hand nor where its metadata is: it has yet to learn
    /// of this SP, whose metadata it wants first. Of a disabled one its name is enough.
    pub fn is_awaited(&self) -> bool {
        self.metadata.is_none()
            && (self.entity_id.is_none() || self.disabled)
            && self.sso.is_none()
            && self.slo.is_none()
            && self.artifact_url.is_none()
            && self.keys.is_empty()
    }
}
