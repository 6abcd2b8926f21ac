//! What an IdP's metadata lacks, and what of it had to be left out.

use clock::UnixTime;

use crate::metadata::{IdpMetadata, MetadataError};
use crate::provider::finding::{Finding, Setting};
use crate::provider::idp_settings::IdpSettings;

/// Does it say what the settings leave to it?
///
/// # Errors
/// It has no key or no SingleSignOnService, and the settings have none either.
pub(super) fn check(
    settings: &IdpSettings,
    metadata: &IdpMetadata,
    now: UnixTime,
    warnings: &mut Vec<Finding>,
) -> Result<(), Finding> {
    let document = settings.metadata.as_deref().unwrap_or_default();
    let mut warn = |sentence| warnings.push(Finding::new(Setting::Metadata, sentence));
    if let Err(error) = metadata.validity.check(now, None) {
        warn(format!("metadata \"{document}\": {error}; nobody can log in there"));
    }
    for why in metadata.left_out.iter().chain(&metadata.unusable_slo) {
        warn(format!("metadata \"{document}\": {why}"));
    }
    for why in &metadata.unusable_keys {
        warn(format!("metadata \"{document}\": a key is left out, {why}"));
    }
    let refuse = |error: MetadataError| {
        Finding::new(Setting::Metadata, format!("metadata \"{document}\": {error}"))
    };
    if settings.keys.is_empty() {
        metadata.require_keys().map_err(refuse)?;
    }
    if settings.sso.is_none() {
        metadata.require_sso().map_err(refuse)?;
    }
    Ok(())
}
