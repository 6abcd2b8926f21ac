//! The keys that may sign for an IdP.

use clock::UnixTime;
use xmldoc::VerifyingKey;

use crate::metadata::{IdpMetadata, MetadataKey};
use crate::provider::expiry::expiry_warning;
use crate::provider::finding::{Finding, Setting};
use crate::provider::idp_settings::IdpSettings;

/// Those of the metadata, then those by hand.
///
/// # Errors
/// None of them will ever be accepted, or one cannot be confirmed.
pub(super) fn all(
    settings: &IdpSettings,
    metadata: Option<&IdpMetadata>,
    now: UnixTime,
    warnings: &mut Vec<Finding>,
) -> Result<Vec<VerifyingKey>, Finding> {
    let of_metadata = metadata.map(|m| m.keys.as_slice()).unwrap_or_default();
    let keys = || of_metadata.iter().chain(&settings.keys);
    let allow_rsa1024 = settings.policy.signature.allow_rsa1024;
    if !keys().any(|key| is_long_enough(key, allow_rsa1024)) {
        let sentence = format!(
            "every signing key of saml_idp \"{}\" is RSA below 2048 bits; have the IdP use a longer \
             key (\"allow_weak rsa1024\" accepts 1024 bits)",
            settings.name
        );
        return Err(Finding::new(Setting::Block, sentence));
    }
    let owner = format!("saml_idp \"{}\"", settings.name);
    let certificates = keys().filter_map(|key| key.certificate.as_ref());
    let expiring = certificates.filter_map(|one| expiry_warning(one, &owner, now));
    warnings.extend(expiring.map(|sentence| Finding::new(Setting::Block, sentence)));
    keys().map(|key| confirmed(&key.key, settings)).collect()
}

/// The key, and beside it the second verifier, when there is to be one.
fn confirmed(key: &VerifyingKey, settings: &IdpSettings) -> Result<VerifyingKey, Finding> {
    let Some(xmlsec1) = &settings.second_verifier else { return Ok(key.clone()) };
    let der = key.public_der().map_err(|error| error.to_string());
    match der.and_then(|der| xmlsec1.verifier(&der)) {
        Ok(second) => Ok(key.clone().with_second(second)),
        Err(why) => {
            let sentence = format!(
                "a signing key of saml_idp \"{}\" is none that xmlsec1 can use ({}): {why}; leave \
                 \"second_verifier\" off for this IdP",
                settings.name,
                key.describe()
            );
            Err(Finding::new(Setting::SecondVerifier, sentence))
        }
    }
}

fn is_long_enough(key: &MetadataKey, allow_rsa1024: bool) -> bool {
    let least = if allow_rsa1024 { 1024 } else { 2048 };
    key.key.rsa_bits().is_none_or(|bits| bits >= least)
}
