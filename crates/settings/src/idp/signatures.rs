//! What xmlsec1 is to verify: metadata, and what an IdP signs, after us.

use std::sync::Arc;

use saml::metadata::MetadataSigners;
use saml::xmlsec1::Xmlsec1;
use xmldoc::VerifyingKey;

use crate::certificate::{certified_key, key_error};
use crate::host::Host;
use crate::place::{ConfigError, Given};
use crate::raw::{RawIdp, RawPolicy, Weak};
use crate::surroundings::Surroundings;

/// `second_verifier`.
pub(super) fn second_verifier<H: Host>(
    policy: &RawPolicy,
    around: &mut Surroundings<'_, H>,
) -> Result<Option<Arc<dyn Xmlsec1>>, ConfigError> {
    match &policy.second_verifier {
        Some(given @ Given { value: true, .. }) => {
            xmlsec1("second_verifier", given, around).map(Some)
        }
        _ => Ok(None),
    }
}

/// `metadata_certificate`.
pub(super) fn metadata_signers<H: Host>(
    raw: &RawIdp,
    policy: &RawPolicy,
    around: &mut Surroundings<'_, H>,
) -> Result<Option<Arc<MetadataSigners>>, ConfigError> {
    const NAME: &str = "metadata_certificate";
    let Some(first) = raw.metadata_certificate.first() else { return Ok(None) };
    if raw.metadata.is_none() {
        let sentence =
            "\"metadata_certificate\" needs \"metadata\": it says who must have signed that";
        return Err(ConfigError::new(&first.place, sentence));
    }
    let allows = |weak| policy.allow_weak.iter().any(|given| given.value == weak);
    let mut keys: Vec<VerifyingKey> = Vec::new();
    for given in &raw.metadata_certificate {
        let (key, _) = certified_key(NAME, given, around.files)?;
        let least = if allows(Weak::Rsa1024) { 1024 } else { 2048 };
        if key.rsa_bits().is_some_and(|bits| bits < least) {
            let why = "holds an RSA key below 2048 bits; \"allow_weak rsa1024\" accepts 1024 bits";
            return Err(key_error(NAME, given, why));
        }
        keys.push(key);
    }
    let library = xmlsec1(NAME, first, around)?;
    let signers = MetadataSigners::new(&keys, allows(Weak::Sha1), library);
    signers
        .map(|signers| Some(Arc::new(signers)))
        .map_err(|error| key_error(NAME, first, &error.to_string()))
}

fn xmlsec1<T, H: Host>(
    directive: &str,
    given: &Given<T>,
    around: &mut Surroundings<'_, H>,
) -> Result<Arc<dyn Xmlsec1>, ConfigError> {
    let library = around.host.xmlsec1();
    library.map_err(|why| ConfigError::new(&given.place, format!("\"{directive}\" {why}")))
}
