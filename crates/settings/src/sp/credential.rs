//! The certificates of an SP with their private keys.

use clock::UnixTime;
use sp::Credential;
use xmldoc::{Certificate, SigningKey};
use zeroize::Zeroizing;

use crate::certificate::{key_error, warn_of_expiry};
use crate::files::Files;
use crate::place::{ConfigError, Given};
use crate::raw::RawSp;
use crate::warnings::Warnings;

/// The SP's pairs in order.
///
/// # Errors
/// Unequal numbers, an unusable file, or a key that belongs to another certificate.
pub(super) fn credentials(
    raw: &RawSp,
    files: &Files,
    now: UnixTime,
    warnings: &mut Warnings,
) -> Result<Vec<Credential>, ConfigError> {
    check_pairs(raw)?;
    let passphrases = passphrases(raw, files, warnings)?;
    let mut credentials = Vec::new();
    for (certificate_file, key_file) in raw.certificate.iter().zip(&raw.certificate_key) {
        let credential = read(certificate_file, key_file, &passphrases, files, warnings)?;
        let owner = format!("saml_sp \"{}\"", raw.name);
        let place = &certificate_file.place;
        warn_of_expiry(&credential.certificate, &owner, place, now, warnings);
        credentials.push(credential);
    }
    Ok(credentials)
}

fn read(
    certificate_file: &Given<String>,
    key_file: &Given<String>,
    passphrases: &[Zeroizing<Vec<u8>>],
    files: &Files,
    warnings: &mut Warnings,
) -> Result<Credential, ConfigError> {
    let pem = files.read("certificate", certificate_file)?;
    let certificate = Certificate::from_pem(&pem)
        .map_err(|e| key_error("certificate", certificate_file, &e.to_string()))?;
    let pem = files.read_secret("certificate_key", key_file, warnings)?;
    let key = passphrases
        .iter()
        .find_map(|p| SigningKey::from_pem(&pem, Some(p)).ok())
        .map_or_else(|| SigningKey::from_pem(&pem, None), Ok)
        .map_err(|e| key_error("certificate_key", key_file, &e.to_string()))?;
    if !certificate.matches(&key) {
        return Err(key_error(
            "certificate_key",
            key_file,
            &format!(
                "is not the key of certificate \"{}\"; pair them in the same order",
                certificate_file.value
            ),
        ));
    }
    Ok(Credential { certificate, key })
}

fn check_pairs(raw: &RawSp) -> Result<(), ConfigError> {
    if raw.certificate.len() == raw.certificate_key.len() {
        return Ok(());
    }
    let last = raw.certificate.last().or_else(|| raw.certificate_key.last());
    Err(ConfigError::new(
        last.map_or(&raw.place, |g| &g.place),
        format!(
            "saml_sp \"{}\" has {} \"certificate\" and {} \"certificate_key\"; give one key for \
             each certificate, in the same order",
            raw.name,
            raw.certificate.len(),
            raw.certificate_key.len()
        ),
    ))
}

/// The lines of `certificate_key_password_file`, each tried in turn, as nginx's
/// `ssl_password_file`.
fn passphrases(
    raw: &RawSp,
    files: &Files,
    warnings: &mut Warnings,
) -> Result<Vec<Zeroizing<Vec<u8>>>, ConfigError> {
    let Some(given) = &raw.certificate_key_password_file else { return Ok(Vec::new()) };
    let text = files.read_secret("certificate_key_password_file", given, warnings)?;
    Ok(text
        .split(|&b| b == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
        .map(|line| Zeroizing::new(line.to_vec()))
        .collect())
}
