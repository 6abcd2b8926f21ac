//! An IdP is put together of what the configuration says and what its metadata says.

mod artifact;
mod document;
mod keys;
mod logout;
mod signing;

use clock::UnixTime;

use super::endpoint::{Binding, Endpoint};
use super::finding::{Finding, Setting};
use super::idp::Idp;
use super::idp_settings::IdpSettings;
use super::own_keys::OwnKeys;
use crate::metadata::IdpMetadata;

impl Idp {
    /// Makes the IdP that `settings` and `metadata` say, the latter read for the entity that the former
    /// mean. `own` are the SP's keys. What is no mistake but should be known goes to `warnings`,
    /// also when there is an error in the end.
    ///
    /// # Errors
    /// Something is missing, or cannot work together.
    pub fn new(
        settings: &IdpSettings,
        metadata: Option<&IdpMetadata>,
        own: OwnKeys<'_>,
        now: UnixTime,
        warnings: &mut Vec<Finding>,
    ) -> Result<Self, Finding> {
        let entity_id = match metadata {
            Some(metadata) => {
                document::check(settings, metadata, now, warnings)?;
                &metadata.entity_id
            }
            None => entity_by_hand(settings)?,
        };
        let sso = sso(settings, metadata)?;
        signing::check(settings, metadata, own, warnings)?;
        let idp = Self {
            entity_id: entity_id.clone(),
            sso,
            slo: logout::endpoints(settings, metadata),
            artifact_resolution: artifact::endpoints(settings, metadata, warnings),
            keys: keys::all(settings, metadata, now, warnings)?,
            encryption_key: metadata.and_then(|metadata| metadata.encryption_key.clone()),
            scopes: metadata.map(|metadata| metadata.scopes.clone()).unwrap_or_default(),
            valid_until: metadata.and_then(|metadata| metadata.validity.until),
            policy: settings.policy.clone(),
        };
        artifact::check(settings, &idp)?;
        logout::check(settings, &idp, own.signer, warnings)?;
        Ok(idp)
    }

    /// Judges the settings of an IdP whose metadata is awaited. `own` are the SP's keys.
    ///
    /// # Errors
    /// Something is to be signed or decrypted, and no key does that.
    pub fn check_awaited(
        settings: &IdpSettings,
        own: OwnKeys<'_>,
        warnings: &mut Vec<Finding>,
    ) -> Result<(), Finding> {
        if settings.metadata.is_none() && !settings.disabled {
            let sentence = format!(
                "saml_idp \"{}\" has no \"metadata\" yet: nobody can log in there; give the IdP what \
                 the saml_metadata location serves, and name the IdP's metadata file here",
                settings.name
            );
            warnings.push(Finding::new(Setting::Block, sentence));
        }
        signing::check(settings, None, own, warnings)
    }
}

/// Its entityID, when all that a login needs is there by hand.
fn entity_by_hand(settings: &IdpSettings) -> Result<&String, Finding> {
    let missing = |what: &str| {
        let sentence = format!(
            "saml_idp \"{}\" has no \"{what}\": name the IdP's \"metadata\" file, or give \
             \"entity_id\", \"sso_url\" and \"signing_certificate\" by hand",
            settings.name
        );
        Finding::new(Setting::Block, sentence)
    };
    let entity_id = settings.entity_id.as_ref().ok_or_else(|| missing("entity_id"))?;
    if settings.sso.is_none() {
        return Err(missing("sso_url"));
    }
    if settings.keys.is_empty() {
        return Err(missing("signing_certificate"));
    }
    Ok(entity_id)
}

/// Where AuthnRequests go: by hand, else the metadata's endpoint of the wanted binding.
fn sso(settings: &IdpSettings, metadata: Option<&IdpMetadata>) -> Result<Endpoint, Finding> {
    if let Some(by_hand) = &settings.sso {
        return Ok(by_hand.clone());
    }
    let offered = metadata.map(|metadata| metadata.sso.as_slice()).unwrap_or_default();
    let by = |binding| offered.iter().find(|endpoint| endpoint.binding == binding);
    let chosen = match settings.sso_binding {
        Some(wanted) => by(wanted),
        None => by(Binding::Redirect).or_else(|| offered.first()),
    };
    chosen.cloned().ok_or_else(|| {
        let sentence = format!(
            "the metadata of saml_idp \"{}\" has no SingleSignOnService of the wanted \
             \"sso_binding\"; change the binding, or give \"sso_url\"",
            settings.name
        );
        Finding::new(Setting::SsoBinding, sentence)
    })
}

#[cfg(test)]
mod tests;
