//! Single logout at an IdP: where requests and answers go, and what they must carry.

use xmldoc::SigningKey;

use crate::metadata::IdpMetadata;
use crate::provider::endpoint::LogoutEndpoint;
use crate::provider::finding::{Finding, Setting};
use crate::provider::idp::Idp;
use crate::provider::idp_settings::IdpSettings;
use crate::provider::policy::SignRequests;

/// By hand, else what the metadata offers.
pub(super) fn endpoints(
    settings: &IdpSettings,
    metadata: Option<&IdpMetadata>,
) -> Vec<LogoutEndpoint> {
    match (&settings.slo, metadata) {
        (Some(by_hand), _) => vec![by_hand.clone()],
        (None, Some(metadata)) => metadata.slo.clone(),
        (None, None) => Vec::new(),
    }
}

/// Can we do what is asked for, and is it wise?
///
/// # Errors
/// We cannot: the IdP lacks an endpoint or a key, or the SP has none to sign with.
pub(super) fn check(
    settings: &IdpSettings,
    idp: &Idp,
    signer: Option<&SigningKey>,
    warnings: &mut Vec<Finding>,
) -> Result<(), Finding> {
    let (name, policy) = (&settings.name, &settings.policy);
    if settings.demands_slo_binding && idp.logout_request_endpoint().is_none() {
        let sentence = format!(
            "the metadata of saml_idp \"{name}\" has no SingleLogoutService of this \"slo_binding\"; \
             change the binding, or give \"slo_url\""
        );
        return Err(Finding::new(Setting::SloBinding, sentence));
    }
    if policy.sign_logout == SignRequests::On && signer.is_none() {
        return Err(Finding::new(
            Setting::SignLogout,
            "\"sign_logout on\" needs \"certificate\" and \"certificate_key\" in the saml_sp",
        ));
    }
    if policy.name_id_encrypted && idp.encryption_key.is_none() {
        let sentence = format!(
            "\"name_id_encrypted on\" needs a key for encryption in the metadata of saml_idp \
             \"{name}\": RSA, EC (P-256, P-384, P-521), X25519 or X448"
        );
        return Err(Finding::new(Setting::NameIdEncrypted, sentence));
    }
    if !policy.require_signed_logout {
        let sentence = format!(
            "\"require_signed_logout off\" lets anybody who knows a NameID log out its user at \
             saml_idp \"{name}\"; have the IdP sign its logout messages"
        );
        warnings.push(Finding::new(Setting::RequireSignedLogout, sentence));
    }
    Ok(())
}
