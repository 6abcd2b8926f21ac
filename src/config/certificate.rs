//! Certificates and keys in files: which cannot be used, and which soon cannot.

use xmldoc::Certificate;

use super::directive::{ConfigError, Given, Place};
use super::warnings::Warnings;

/// Certificates that end within this time are warned of, seconds.
const EXPIRY_WARNING: i64 = 30 * 24 * 3600;

/// The error for a file that holds no usable key or certificate.
pub fn key_error(directive: &str, given: &Given<String>, why: &str) -> ConfigError {
    ConfigError::new(&given.place, format!("\"{directive}\" \"{}\": {why}", given.value))
}

/// Warns of a certificate that has ended or soon will. Its key stays in use: metadata and
/// configuration say which keys are trusted (Metadata Interoperability Profile 2.6.1).
pub fn warn_of_expiry(
    certificate: &Certificate,
    owner: &str,
    place: &Place,
    now: i64,
    warnings: &mut Warnings,
) {
    let left = certificate.not_after() - now;
    if left <= 0 {
        warnings.add(
            place,
            format!("a certificate of {owner} has expired ({}); renew it", certificate.describe()),
        );
    } else if left <= EXPIRY_WARNING {
        warnings.add(
            place,
            format!(
                "a certificate of {owner} expires in {} days ({}); renew it",
                left / (24 * 3600),
                certificate.describe()
            ),
        );
    }
}
