//! Certificates and keys in files: which cannot be used, and which soon cannot.

use clock::UnixTime;
use saml::provider::expiry_warning;
use xmldoc::{Certificate, VerifyingKey};

use crate::files::Files;
use crate::place::{ConfigError, Given, Place};
use crate::warnings::Warnings;

/// The error for a file that holds no usable key or certificate.
pub(crate) fn key_error(directive: &str, given: &Given<String>, why: &str) -> ConfigError {
    ConfigError::new(&given.place, format!("\"{directive}\" \"{}\": {why}", given.value))
}

/// The certificate in the file that `given` names, and its key.
///
/// # Errors
/// The file cannot be read, or holds none.
pub(crate) fn certified_key(
    directive: &str,
    given: &Given<String>,
    files: &Files,
) -> Result<(VerifyingKey, Certificate), ConfigError> {
    let pem = files.read(directive, given)?;
    let certificate = Certificate::from_pem(&pem);
    let certificate = certificate.map_err(|e| key_error(directive, given, &e.to_string()))?;
    let key = VerifyingKey::from_certificate(&certificate);
    let key = key.map_err(|e| key_error(directive, given, &e.to_string()))?;
    Ok((key, certificate))
}

/// Warns of a certificate that has ended or soon will.
pub(crate) fn warn_of_expiry(
    certificate: &Certificate,
    owner: &str,
    place: &Place,
    now: UnixTime,
    warnings: &mut Warnings,
) {
    if let Some(sentence) = expiry_warning(certificate, owner, now) {
        warnings.add(place, sentence);
    }
}
