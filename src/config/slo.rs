//! Single logout at one IdP: where requests and answers go, and what they must carry.

use saml::provider::{Idp, LogoutBinding, LogoutEndpoint, SignRequests};
use xmldoc::SigningKey;

use super::directive::ConfigError;
use super::raw::{RawIdp, RawPolicy};
use super::url::check_url;
use super::warnings::Warnings;

/// `slo_url` by hand, else what the metadata offers.
pub fn endpoints(
    raw: &RawIdp,
    settings: &RawPolicy,
    offered: Vec<LogoutEndpoint>,
) -> Result<Vec<LogoutEndpoint>, ConfigError> {
    let Some(url) = &raw.slo_url else {
        return match &raw.slo_response_url {
            Some(given) => Err(ConfigError::new(
                &given.place,
                "\"slo_response_url\" needs \"slo_url\"; with metadata both come from there",
            )),
            None => Ok(offered),
        };
    };
    check_url("slo_url", url)?;
    if let Some(given) = &raw.slo_response_url {
        check_url("slo_response_url", given)?;
    }
    Ok(vec![LogoutEndpoint {
        binding: settings.slo_binding.as_ref().map_or(LogoutBinding::REDIRECT, |g| g.value),
        location: url.value.clone(),
        response_location: raw.slo_response_url.as_ref().map(|g| g.value.clone()),
    }])
}

/// Can we do what is asked for, and is it wise?
pub fn check(
    raw: &RawIdp,
    settings: &RawPolicy,
    idp: &Idp,
    signer: Option<&SigningKey>,
    warnings: &mut Warnings,
) -> Result<(), ConfigError> {
    if let (Some(given), None) = (&settings.slo_binding, idp.logout_request_endpoint())
        && raw.policy.slo_binding.is_some()
    {
        return Err(ConfigError::new(
            &given.place,
            format!(
                "the metadata of saml_idp \"{}\" has no SingleLogoutService of this \"slo_binding\"; \
                 change the binding, or give \"slo_url\"",
                raw.name
            ),
        ));
    }
    if let (Some(given), SignRequests::On, None) =
        (&settings.sign_logout, idp.policy.sign_logout, signer)
    {
        return Err(ConfigError::new(
            &given.place,
            "\"sign_logout on\" needs \"certificate\" and \"certificate_key\" in the saml_sp",
        ));
    }
    if let (Some(given), true, None) =
        (&settings.name_id_encrypted, idp.policy.name_id_encrypted, &idp.encryption_key)
    {
        return Err(ConfigError::new(
            &given.place,
            format!(
                "\"name_id_encrypted on\" needs an RSA key for encryption in the metadata of saml_idp \
                 \"{}\"",
                raw.name
            ),
        ));
    }
    if let (Some(given), false) =
        (&settings.require_signed_logout, idp.policy.require_signed_logout)
    {
        warnings.add(
            &given.place,
            format!(
                "\"require_signed_logout off\" lets anybody who knows a NameID log out its user at \
                 saml_idp \"{}\"; have the IdP sign its logout messages",
                raw.name
            ),
        );
    }
    Ok(())
}
