//! The certificates of an SP with their private keys, and what each can do.

use clock::UnixTime;
use sp::Credential;
use xmldoc::{Certificate, DecryptionKey, KeyError, PrivateKey};
use zeroize::Zeroizing;

use crate::certificate::{key_error, warn_of_expiry};
use crate::files::Files;
use crate::place::{ConfigError, Given};
use crate::raw::RawSp;
use crate::warnings::Warnings;

/// Each may open a key.
pub(super) type Passphrases = [Zeroizing<Vec<u8>>];

/// The SP's pairs by their use, each in order.
#[derive(Default)]
pub(super) struct Pairs {
    /// Those that sign.
    pub(super) credentials: Vec<Credential>,
    /// Those that decrypt, which may sign as well.
    pub(super) decryption_keys: Vec<DecryptionKey>,
}

/// Reads all pairs.
///
/// # Errors
/// Unequal numbers, an unusable file, a key that belongs to another certificate, or a first one that
/// cannot sign.
pub(super) fn pairs(
    raw: &RawSp,
    passphrases: &Passphrases,
    files: &Files,
    now: UnixTime,
    warnings: &mut Warnings,
) -> Result<Pairs, ConfigError> {
    check_numbers(raw)?;
    let mut pairs = Pairs::default();
    for (certificate_file, key_file) in raw.certificate.iter().zip(&raw.certificate_key) {
        let (certificate, key) = read(certificate_file, key_file, passphrases, files, warnings)?;
        let owner = format!("saml_sp \"{}\"", raw.name);
        warn_of_expiry(&certificate, &owner, &certificate_file.place, now, warnings);
        if !pairs.add(certificate, key) {
            let why = "is an X25519 or X448 key, which signs nothing; put a pair with an RSA, EC, \
                       Ed25519 or Ed448 key before it";
            return Err(key_error("certificate_key", key_file, why));
        }
    }
    Ok(pairs)
}

impl Pairs {
    /// `false` when it is the first and cannot sign.
    fn add(&mut self, certificate: Certificate, key: PrivateKey) -> bool {
        let decrypts = match &key {
            PrivateKey::Signing(key) => DecryptionKey::of(key),
            PrivateKey::DecryptionOnly(key) => Some(key.clone()),
        };
        let certified = decrypts.map(|key| key.with_certificate(certificate.clone()));
        self.decryption_keys.extend(certified);
        if let PrivateKey::Signing(key) = key {
            self.credentials.push(Credential { certificate, key });
        }
        !self.credentials.is_empty()
    }
}

fn read(
    certificate_file: &Given<String>,
    key_file: &Given<String>,
    passphrases: &Passphrases,
    files: &Files,
    warnings: &mut Warnings,
) -> Result<(Certificate, PrivateKey), ConfigError> {
    let pem = files.read("certificate", certificate_file)?;
    let certificate = Certificate::from_pem(&pem)
        .map_err(|e| key_error("certificate", certificate_file, &e.to_string()))?;
    let pem = files.read_secret("certificate_key", key_file, warnings)?;
    let key = open(passphrases, |passphrase| PrivateKey::from_pem(&pem, passphrase))
        .map_err(|e| key_error("certificate_key", key_file, &e.to_string()))?;
    if !key.is_of(&certificate) {
        return Err(key_error(
            "certificate_key",
            key_file,
            &format!(
                "is not the key of certificate \"{}\"; pair them in the same order",
                certificate_file.value
            ),
        ));
    }
    Ok((certificate, key))
}

/// A key by the first passphrase that opens it, else without any.
///
/// # Errors
/// Those of `read` without a passphrase.
pub(super) fn open<T>(
    passphrases: &Passphrases,
    read: impl Fn(Option<&[u8]>) -> Result<T, KeyError>,
) -> Result<T, KeyError> {
    let opened = passphrases.iter().find_map(|passphrase| read(Some(passphrase)).ok());
    opened.map_or_else(|| read(None), Ok)
}

fn check_numbers(raw: &RawSp) -> Result<(), ConfigError> {
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
///
/// # Errors
/// The file cannot be read.
pub(super) fn passphrases(
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
