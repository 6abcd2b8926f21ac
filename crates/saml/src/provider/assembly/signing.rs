//! What the SP's own keys must be able to do for an IdP.

use crate::metadata::IdpMetadata;
use crate::provider::finding::{Finding, Setting};
use crate::provider::idp_settings::IdpSettings;
use crate::provider::own_keys::OwnKeys;
use crate::provider::policy::{Encryption, SignRequests};

/// Can the SP sign and decrypt what is to be signed and decrypted?
///
/// # Errors
/// None of its keys can.
pub(super) fn check(
    settings: &IdpSettings,
    metadata: Option<&IdpMetadata>,
    own: OwnKeys<'_>,
    warnings: &mut Vec<Finding>,
) -> Result<(), Finding> {
    let (policy, signer) = (&settings.policy, own.signer);
    if policy.sign_requests == SignRequests::On && signer.is_none() {
        return Err(Finding::new(
            Setting::SignRequests,
            "\"sign_requests on\" needs \"certificate\" and \"certificate_key\" in the saml_sp",
        ));
    }
    if policy.encryption != Encryption::Off && !own.decrypts {
        return Err(Finding::new(
            Setting::Encryption,
            "\"encryption\" needs a \"certificate\" and \"certificate_key\" of type RSA, EC, X25519 or \
             X448 in the saml_sp: Ed25519 and Ed448 keys only sign",
        ));
    }
    if let (Some(algorithm), Some(signer)) = (policy.signature_algorithm, signer)
        && !signer.supports(algorithm)
    {
        return Err(Finding::new(
            Setting::SignatureAlgorithm,
            "\"signature_algorithm\" does not fit the type of the \"certificate_key\"; \
             use rsa-… with an RSA key, ecdsa-… with an EC key, ed25519 or ed448 with such a key",
        ));
    }
    let unsigned = signer.is_none() || policy.sign_requests == SignRequests::Off;
    if unsigned && metadata.is_some_and(|m| m.want_authn_requests_signed) {
        let sentence = format!(
            "the metadata of saml_idp \"{}\" says WantAuthnRequestsSigned, but requests will go \
             unsigned; give the saml_sp a \"certificate\" and \"certificate_key\"",
            settings.name
        );
        warnings.push(Finding::new(Setting::SignRequests, sentence));
    }
    Ok(())
}
