//! HTTP-Artifact at an IdP: where its messages are fetched.

use crate::metadata::IdpMetadata;
use crate::provider::endpoint::ArtifactEndpoint;
use crate::provider::finding::{Finding, Setting};
use crate::provider::idp::Idp;
use crate::provider::idp_settings::IdpSettings;
use crate::provider::request_policy::ResponseBinding;

/// By hand, else what the metadata offers; none, when the answers are to come otherwise.
pub(super) fn endpoints(
    settings: &IdpSettings,
    metadata: Option<&IdpMetadata>,
    warnings: &mut Vec<Finding>,
) -> Vec<ArtifactEndpoint> {
    if settings.policy.request.response_binding != ResponseBinding::Artifact {
        return Vec::new();
    }
    if let Some(location) = &settings.artifact_url {
        return vec![ArtifactEndpoint { index: None, location: location.clone() }];
    }
    let Some(metadata) = metadata else { return Vec::new() };
    let document = settings.metadata.as_deref().unwrap_or_default();
    warnings.extend(
        metadata
            .unusable_artifact_resolution
            .iter()
            .map(|why| Finding::new(Setting::Metadata, format!("metadata \"{document}\": {why}"))),
    );
    metadata.artifact_resolution.clone()
}

/// Can we do what is asked for?
///
/// # Errors
/// The IdP has no place where artifacts are resolved.
pub(super) fn check(settings: &IdpSettings, idp: &Idp) -> Result<(), Finding> {
    let is_wanted = settings.policy.request.response_binding == ResponseBinding::Artifact;
    if !is_wanted || !settings.demands_response_binding || !idp.artifact_resolution.is_empty() {
        return Ok(());
    }
    let sentence = format!(
        "\"response_binding artifact\" needs an ArtifactResolutionService by SOAP, and saml_idp \"{}\" \
         has none; have the IdP offer one in its metadata, or give \"artifact_url\"",
        settings.name
    );
    Err(Finding::new(Setting::ResponseBinding, sentence))
}
