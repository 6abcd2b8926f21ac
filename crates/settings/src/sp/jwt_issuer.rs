//! How an SP signs tokens for applications: whose keys, which claims.

use clock::Seconds;
use identity::normalise;
use jwt::KeySet;
use session::AttributeName;
use sp::{ClaimForm, Credential, JwtClaim, JwtIssuer};
use xmldoc::SigningKey;

use super::credential::{Passphrases, open};
use crate::certificate::key_error;
use crate::files::Files;
use crate::place::{ConfigError, Given};
use crate::raw::RawSp;
use crate::warnings::Warnings;

/// Validates the `jwt_…` lines; `None` = there is no key that could sign.
///
/// # Errors
/// A key cannot be used, a claim is wrong, or there are lines and no key.
pub(super) fn jwt_issuer(
    raw: &RawSp,
    entity_id: &str,
    credentials: &[Credential],
    passphrases: &Passphrases,
    files: &Files,
    warnings: &mut Warnings,
) -> Result<Option<JwtIssuer>, ConfigError> {
    let claims = claims(raw)?;
    let keys = keys(raw, credentials, passphrases, files, warnings)?;
    let keys = KeySet::new(&keys).map_err(|e| ConfigError::new(&raw.place, e.to_string()))?;
    if keys.is_none() {
        refuse_lines(raw)?;
    }
    let issuer = raw.jwt_issuer.as_ref().map_or(entity_id, |given| &given.value);
    Ok(keys.map(|keys| JwtIssuer {
        issuer: issuer.to_owned(),
        keys,
        lifetime: raw.jwt_lifetime.as_ref().map_or(Seconds(60), |given| given.value),
        max_size: raw.jwt_max_size.as_ref().map_or(4 << 10, |given| given.value),
        claims,
        name_id: raw.jwt_name_id.as_ref().is_some_and(|given| given.value),
    }))
}

/// Whoever writes one of these wants tokens.
fn refuse_lines(raw: &RawSp) -> Result<(), ConfigError> {
    const LINES: [&str; 5] =
        ["jwt_issuer", "jwt_lifetime", "jwt_max_size", "jwt_claim", "jwt_name_id"];
    match LINES.iter().find_map(|name| Some((name, raw.place_of(name)?))) {
        Some((name, place)) => Err(ConfigError::new(
            place,
            format!(
                "\"{name}\" of saml_sp \"{}\" is in vain without a key that signs; add \"jwt_key\"",
                raw.name
            ),
        )),
        None => Ok(()),
    }
}

/// Those of `jwt_key`, else those of the SP.
fn keys(
    raw: &RawSp,
    credentials: &[Credential],
    passphrases: &Passphrases,
    files: &Files,
    warnings: &mut Warnings,
) -> Result<Vec<SigningKey>, ConfigError> {
    if raw.jwt_key.is_empty() {
        return Ok(credentials.iter().map(|credential| credential.key.clone()).collect());
    }
    let read = |given: &Given<String>| {
        let pem = files.read_secret("jwt_key", given, warnings)?;
        open(passphrases, |passphrase| SigningKey::from_pem(&pem, passphrase))
            .map_err(|e| key_error("jwt_key", given, &e.to_string()))
    };
    raw.jwt_key.iter().map(read).collect()
}

fn claims(raw: &RawSp) -> Result<Vec<JwtClaim>, ConfigError> {
    let mut claims: Vec<JwtClaim> = Vec::new();
    for given in &raw.jwt_claim {
        let refuse = |message: String| Err(ConfigError::new(&given.place, message));
        let claim = claim(&given.value);
        let claim = claim.map_err(|message| ConfigError::new(&given.place, message))?;
        let name = &claim.name;
        if JwtIssuer::OWN_CLAIMS.contains(&name.as_str()) {
            return refuse(format!(
                "\"jwt_claim\" \"{name}\" is a claim with a meaning of its own, which no attribute may \
                 have; take another name"
            ));
        }
        if claims.iter().any(|other| other.name == *name) {
            return refuse(format!("\"jwt_claim\" \"{name}\" is duplicate"));
        }
        claims.push(claim);
    }
    Ok(claims)
}

fn claim(words: &[String]) -> Result<JwtClaim, String> {
    let (name, attribute, form) = match words {
        [name, attribute] => (name, attribute, ClaimForm::Text),
        [name, attribute, form] => (name, attribute, claim_form(form)?),
        _ => return Err("\"jwt_claim\" takes a claim, an attribute, and array or string".into()),
    };
    if name.is_empty() {
        return Err("\"jwt_claim\" needs a name for the claim".into());
    }
    // As attributes without such a letter are found by no variable.
    if !attribute.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return Err(format!(
            "\"jwt_claim\" \"{name}\" is of no attribute; \"{attribute}\" must be the NAME of \
             $saml_attr_NAME, or the attribute's own"
        ));
    }
    Ok(JwtClaim { name: name.clone(), attribute: AttributeName::new(&normalise(attribute)), form })
}

fn claim_form(word: &str) -> Result<ClaimForm, String> {
    match word {
        "string" => Ok(ClaimForm::Text),
        "array" => Ok(ClaimForm::Array),
        _ => Err(format!(
            "invalid value \"{word}\" in \"jwt_claim\" directive, it must be \"string\" or \"array\""
        )),
    }
}
