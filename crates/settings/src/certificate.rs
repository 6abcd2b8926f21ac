//! Certificates and keys in files: which cannot be used, and which soon cannot.

use clock::UnixTime;
use saml::provider::expiry_warning;
use xmldoc::Certificate;

use crate::place::{ConfigError, Given, Place};
use crate::warnings::Warnings;

/// The error for a file that holds no usable key or certificate.
pub(crate) fn key_error(directive: &str, given: &Given<String>, why: &str) -> ConfigError {
    ConfigError::new(&given.place, format!("\"{directive}\" \"{}\": {why}", given.value))
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
