//! A login under way: what must be remembered from AuthnRequest to Response, sealed in a cookie.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::seal::{NONCE_LEN, SealError};
use crate::secret::Secrets;
use crate::sp_id::SpId;
use crate::token::StoreKey;
use crate::wire::{Reader, Writer};

const VERSION: u8 = 2;
const PURPOSE: &str = "pending login";

/// No browser keeps a longer cookie (RFC 6265 6.1 asks for 4096), so nothing longer is opened.
const MAX_COOKIE_LEN: usize = 8192;

/// Part of the request ID that names the cookie: 64 bits when the ID is hex, and short, because
/// every attempt adds a header line.
const SUFFIX_LEN: usize = 16;

/// One AuthnRequest whose Response is awaited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingLogin {
    /// `ID` of the AuthnRequest; the Response's `InResponseTo` must equal it.
    pub request_id: String,
    /// Name of the `saml_idp` block that was asked.
    pub idp: String,
    /// Where the browser goes after the login; checked by the caller.
    pub return_url: String,
    /// `IssueInstant` of the AuthnRequest, seconds since the epoch.
    pub issue_instant: i64,
    /// End of the wait, seconds since the epoch: no longer usable at this instant.
    pub expires: i64,
    /// `ForceAuthn` was asked for (Core 3.4.1).
    pub force_authn: bool,
    /// `IsPassive` was asked for: an IdP that would have to ask the user says so, and nobody minds.
    pub passive: bool,
    /// `RequestedAuthnContext`, when one was asked for.
    pub authn_context: Option<AskedContext>,
    /// The session this browser had when the login began, to end when it succeeds: its own cookie
    /// does not come with the IdP's cross-site POST.
    pub replaces: Option<StoreKey>,
    /// The login has succeeded: the same answer again is the Back button.
    pub answered: bool,
}

/// The authentication context that was asked for (Core 3.3.2.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedContext {
    /// `Comparison`.
    pub comparison: String,
    /// `AuthnContextClassRef`s.
    pub classes: Vec<String>,
}

/// Why a cookie does not hold a pending login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingError {
    /// Not sealed by us for this SP, or damaged.
    Invalid,
    /// Sealed by us, and `request_lifetime` has passed.
    Expired,
}

/// What distinguishes the cookie of the request `request_id`: append it to the cookie's base name.
///
/// Always cookie-name characters, so an `InResponseTo` from outside may be given too; empty when
/// it can be no ID of ours. Two IDs may share a suffix: compare `request_id` after opening.
pub fn cookie_suffix(request_id: &str) -> &str {
    let id = request_id.strip_prefix('_').unwrap_or(request_id);
    let end = id
        .bytes()
        .take(SUFFIX_LEN)
        .position(|byte| !byte.is_ascii_alphanumeric())
        .unwrap_or_else(|| id.len().min(SUFFIX_LEN));
    id.get(..end).unwrap_or_default()
}

impl PendingLogin {
    /// The value of the cookie: base64url of the sealed record, bound to `sp`, which asked.
    ///
    /// # Errors
    /// Only when libcrypto fails.
    pub fn seal_cookie(
        &self,
        secrets: &Secrets,
        sp: &SpId,
        random_nonce: [u8; NONCE_LEN],
    ) -> Result<String, SealError> {
        let sealed = secrets.seal(PURPOSE, sp.as_bytes(), random_nonce, &self.encode())?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens a cookie value at `sp`.
    pub fn open_cookie(
        secrets: &Secrets,
        sp: &SpId,
        cookie_value: impl AsRef<[u8]>,
        now: i64,
    ) -> Result<PendingLogin, PendingError> {
        let pending = open(secrets, sp, cookie_value.as_ref()).ok_or(PendingError::Invalid)?;
        if now >= pending.expires {
            return Err(PendingError::Expired);
        }
        Ok(pending)
    }

    /// The record's bytes; [`seal_cookie`](PendingLogin::seal_cookie) seals them.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(VERSION);
        writer.string(&self.request_id);
        writer.string(&self.idp);
        writer.uri(&self.return_url);
        writer.instant(self.issue_instant);
        writer.instant(self.expires);
        writer.boolean(self.force_authn);
        writer.boolean(self.passive);
        writer.boolean(self.answered);
        writer.option(self.replaces.map(|key| key.to_text()).as_deref(), Writer::string);
        let context = self.authn_context.as_ref();
        writer.option(context.map(|c| c.comparison.as_str()), Writer::string);
        let classes = context.map(|c| c.classes.as_slice()).unwrap_or_default();
        writer.varint(classes.len() as u64);
        for class in classes {
            writer.uri(class);
        }
        writer.finish()
    }

    /// Reads the record's bytes; `None` for another version and anything malformed.
    pub fn decode(bytes: &[u8]) -> Option<PendingLogin> {
        let mut reader = Reader::new(bytes, VERSION)?;
        let mut pending = PendingLogin {
            request_id: reader.string()?,
            idp: reader.string()?,
            return_url: reader.uri()?,
            issue_instant: reader.instant()?,
            expires: reader.instant()?,
            force_authn: reader.boolean()?,
            passive: reader.boolean()?,
            answered: reader.boolean()?,
            replaces: match reader.option(Reader::string)? {
                Some(text) => Some(StoreKey::from_text(&text)?),
                None => None,
            },
            authn_context: None,
        };
        let comparison = reader.option(Reader::string)?;
        let count = reader.count(2)?;
        let classes = (0..count).map(|_| reader.uri()).collect::<Option<Vec<_>>>()?;
        pending.authn_context = comparison.map(|comparison| AskedContext { comparison, classes });
        reader.finish()?;
        Some(pending)
    }
}

fn open(secrets: &Secrets, sp: &SpId, cookie_value: &[u8]) -> Option<PendingLogin> {
    if cookie_value.len() > MAX_COOKIE_LEN {
        return None;
    }
    let sealed = URL_SAFE_NO_PAD.decode(cookie_value).ok()?;
    let plain = secrets.open(PURPOSE, sp.as_bytes(), &sealed)?;
    PendingLogin::decode(&plain)
}

impl fmt::Display for PendingError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            PendingError::Invalid => "the login cookie is not one of this SP",
            PendingError::Expired => "the login took longer than request_lifetime",
        })
    }
}

impl std::error::Error for PendingError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{app, wiki};
    use crate::secret::tests::secret;

    const NONCE: [u8; NONCE_LEN] = [3; NONCE_LEN];

    fn secrets() -> Secrets {
        Secrets::one(secret(1))
    }

    fn pending() -> PendingLogin {
        PendingLogin {
            request_id: "_5f2b8c1d9e3a47f0a6b5c4d3e2f1a0b9".into(),
            idp: "corp".into(),
            return_url: "https://app.example.com/a?b=c".into(),
            issue_instant: 1000,
            expires: 1600,
            force_authn: true,
            passive: false,
            authn_context: Some(AskedContext {
                comparison: "exact".into(),
                classes: vec!["urn:oasis:names:tc:SAML:2.0:ac:classes:Password".into()],
            }),
            replaces: Some(StoreKey([5; 32])),
            answered: false,
        }
    }

    #[test]
    fn a_pending_login_survives_the_cookie_until_it_expires() {
        let cookie = pending().seal_cookie(&secrets(), &app(), NONCE).unwrap();
        let open = |now| PendingLogin::open_cookie(&secrets(), &app(), &cookie, now);
        assert_eq!(open(1599), Ok(pending()));
        assert_eq!(open(1600), Err(PendingError::Expired));
    }

    #[test]
    fn a_cookie_of_another_sp_or_secret_is_invalid() {
        let cookie = pending().seal_cookie(&secrets(), &app(), NONCE).unwrap();
        let other = Secrets::one(secret(2));
        let invalid = Err(PendingError::Invalid);
        assert_eq!(PendingLogin::open_cookie(&secrets(), &wiki(), &cookie, 1000), invalid);
        assert_eq!(PendingLogin::open_cookie(&other, &app(), &cookie, 1000), invalid);
        assert_eq!(PendingLogin::open_cookie(&secrets(), &app(), &cookie[1..], 1000), invalid);
        assert_eq!(PendingLogin::open_cookie(&secrets(), &app(), "", 1000), invalid);
        let long = "A".repeat(100_000);
        assert_eq!(PendingLogin::open_cookie(&secrets(), &app(), long, 1000), invalid);
    }

    #[test]
    fn the_record_is_read_strictly() {
        let mut bytes = pending().encode();
        assert_eq!(PendingLogin::decode(&bytes), Some(pending()));
        for len in 0..bytes.len() {
            assert_eq!(PendingLogin::decode(&bytes[..len]), None);
        }
        bytes.push(0);
        assert_eq!(PendingLogin::decode(&bytes), None);
    }

    #[test]
    fn the_longest_return_url_fits_a_browsers_cookie() {
        let return_url = format!("https://app.example.com/{}", "x".repeat(1976));
        assert_eq!(return_url.len(), 2000);
        let cookie =
            PendingLogin { return_url, ..pending() }.seal_cookie(&secrets(), &app(), NONCE);
        assert!(cookie.unwrap().len() < 3800);
    }

    #[test]
    fn the_suffix_is_safe_in_a_cookie_name() {
        assert_eq!(cookie_suffix("_5f2b8c1d9e3a47f0a6b5c4d3e2f1a0b9"), "5f2b8c1d9e3a47f0");
        assert_eq!(cookie_suffix("_short"), "short");
        assert_eq!(cookie_suffix("ab; Path=/x"), "ab");
        assert_eq!(cookie_suffix("éa"), "");
        assert_eq!(cookie_suffix("aé"), "a");
        assert_eq!(cookie_suffix(""), "");
    }
}
