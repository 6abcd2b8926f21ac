//! A login under way: what must be remembered from AuthnRequest to Response, sealed in a cookie.

use std::fmt;

use clock::{Seconds, UnixTime};
use identity::{Comparison, RequestedAuthnContext};

use crate::bound_key::{NONCE_LEN, SealError};
use crate::preserved_post::PostToken;
use crate::secret::Secrets;
use crate::sp_id::SpId;
use crate::token::StoreKey;
use crate::wire::{Reader, Writer, read_short_instant, short_instant};

const VERSION: u8 = 3;
const PURPOSE: &str = "pending login";

/// Part of the request ID that names the cookie: short, because a browser with many tabs sends many.
/// Two of twenty logins share 24 bits once in 80 000 browsers; then the later one counts.
const SUFFIX_LEN: usize = 6;

/// Longest address that an answered login keeps.
const MAX_STUB: usize = 120;

const FORCE_AUTHN: u64 = 1;
const PASSIVE: u64 = 1 << 1;
const ANSWERED: u64 = 1 << 2;
const REPLACES: u64 = 1 << 3;
const CONTEXT: u64 = 1 << 4;
/// The ID is `_` and forty hexadecimal digits, as ours are, and takes half the room.
const HEX_ID: u64 = 1 << 5;
const PREFERENCE: u64 = 1 << 6;
const POST: u64 = 1 << 7;
const ALL_FLAGS: u64 = (1 << 8) - 1;

/// One AuthnRequest whose Response is awaited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingLogin {
    /// `ID` of the AuthnRequest; the Response's `InResponseTo` must equal it.
    pub request_id: String,
    /// Name of the `saml_idp` block that was asked.
    pub idp: String,
    /// Where the browser goes after the login, checked by the caller: a path of the SP's own site, or a
    /// whole URL.
    pub return_url: String,
    /// `IssueInstant` of the AuthnRequest.
    pub issue_instant: UnixTime,
    /// End of the wait: no longer usable at this instant.
    pub expires: UnixTime,
    /// `ForceAuthn` was asked for (Core 3.4.1).
    pub force_authn: bool,
    /// `IsPassive` was asked for: an IdP that would have to ask the user says so, and nobody minds.
    pub passive: bool,
    /// `RequestedAuthnContext`, when one was asked for.
    pub authn_context: Option<RequestedAuthnContext>,
    /// Which one of the IdP's preferred contexts that is, from 0, when they are asked for in turn.
    pub preference: Option<u8>,
    /// The session this browser had when the login began, to end when it succeeds: its own cookie
    /// does not come with the IdP's cross-site POST.
    pub replaces: Option<StoreKey>,
    /// Opens the form that was sent without a session, and is to be sent once more afterwards.
    pub post: Option<PostToken>,
    /// The login has succeeded: the same answer again is the Back button.
    pub answered: bool,
}

/// Why a cookie does not hold a pending login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PendingError {
    /// Not sealed by us for this SP, or damaged.
    Invalid,
    /// Sealed by us, and `request_lifetime` has passed: good for where the browser wanted to go.
    Expired(Box<PendingLogin>),
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
        secrets.seal_text(PURPOSE, sp, random_nonce, &self.encode())
    }

    /// Opens a cookie value at `sp`.
    ///
    /// # Errors
    /// It is of another SP or secret, of another format or altered; or its time is over, with what it said.
    pub fn open_cookie(
        secrets: &Secrets,
        sp: &SpId,
        cookie_value: impl AsRef<[u8]>,
        now: UnixTime,
    ) -> Result<Self, PendingError> {
        let pending = open(secrets, sp, cookie_value.as_ref()).ok_or(PendingError::Invalid)?;
        if now >= pending.expires {
            return Err(PendingError::Expired(Box::new(pending)));
        }
        Ok(pending)
    }

    /// What is left of it once it has been answered: enough for the Back button. A long query goes.
    pub fn answered(self) -> Self {
        let path = self.return_url.split('?').next().unwrap_or_default();
        let kept = [self.return_url.as_str(), path].into_iter().find(|url| url.len() <= MAX_STUB);
        let return_url = kept.unwrap_or("/").to_owned();
        let (replaces, post, authn_context, preference) = (None, None, None, None);
        Self { return_url, replaces, post, authn_context, preference, answered: true, ..self }
    }

    /// The record's bytes; [`seal_cookie`](PendingLogin::seal_cookie) seals them.
    pub fn encode(&self) -> Vec<u8> {
        let hex_id = bytes_of_id(&self.request_id);
        let flags = [
            (self.force_authn, FORCE_AUTHN),
            (self.passive, PASSIVE),
            (self.answered, ANSWERED),
            (self.replaces.is_some(), REPLACES),
            (self.authn_context.is_some(), CONTEXT),
            (hex_id.is_some(), HEX_ID),
            (self.preference.is_some(), PREFERENCE),
            (self.post.is_some(), POST),
        ];
        let mut writer = Writer::new(VERSION);
        writer.varint(flags.iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum());
        match &hex_id {
            Some(bytes) => writer.array(bytes),
            None => writer.string(&self.request_id),
        }
        writer.string(&self.idp);
        writer.string(&self.return_url);
        writer.array(&short_instant(self.issue_instant));
        writer.varint(stored_lifetime(self.expires - self.issue_instant));
        if let Some(key) = &self.replaces {
            writer.array(key.as_bytes());
        }
        if let Some(context) = &self.authn_context {
            write_context(&mut writer, context);
        }
        if let Some(preference) = self.preference {
            writer.varint(preference.into());
        }
        if let Some(token) = &self.post {
            writer.array(token.as_bytes());
        }
        writer.finish()
    }

    /// Reads the record's bytes; `None` for another version and anything malformed.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes, VERSION)?;
        let flags = reader.varint().filter(|flags| flags & !ALL_FLAGS == 0)?;
        let has = |flag| flags & flag != 0;
        let request_id =
            if has(HEX_ID) { id_of_bytes(reader.array()?) } else { reader.string()? };
        let (idp, return_url) = (reader.string()?, reader.string()?);
        let issue_instant = read_short_instant(reader.array()?);
        let lifetime = reader.varint().and_then(|seconds| u32::try_from(seconds).ok())?;
        let expires = issue_instant + Seconds(lifetime.into());
        let pending = Self {
            request_id,
            idp,
            return_url,
            issue_instant,
            expires,
            force_authn: has(FORCE_AUTHN),
            passive: has(PASSIVE),
            answered: has(ANSWERED),
            replaces: if has(REPLACES) { Some(StoreKey(reader.array()?)) } else { None },
            authn_context: if has(CONTEXT) { Some(read_context(&mut reader)?) } else { None },
            preference: if has(PREFERENCE) {
                Some(reader.varint().and_then(|preference| u8::try_from(preference).ok())?)
            } else {
                None
            },
            post: if has(POST) { Some(PostToken::from_random(reader.array()?)) } else { None },
        };
        reader.finish()?;
        Some(pending)
    }
}

/// 32 bits, as [`PendingLogin::decode`] reads it.
fn stored_lifetime(lifetime: Seconds) -> u64 {
    u32::try_from(lifetime.0.max(0)).unwrap_or(u32::MAX).into()
}

pub(crate) fn write_context(writer: &mut Writer, context: &RequestedAuthnContext) {
    writer.string(context.comparison.as_str());
    writer.count(context.classes.len());
    for class in &context.classes {
        writer.uri(class);
    }
}

pub(crate) fn read_context(reader: &mut Reader<'_>) -> Option<RequestedAuthnContext> {
    let comparison = Comparison::from_name(&reader.string()?)?;
    let count = reader.count(2)?;
    let classes = (0..count).map(|_| reader.uri()).collect::<Option<Vec<_>>>()?;
    Some(RequestedAuthnContext { classes, comparison })
}

/// The bytes of an ID of our own making.
fn bytes_of_id(id: &str) -> Option<[u8; 20]> {
    let (pairs, []) = id.strip_prefix('_')?.as_bytes().as_chunks::<2>() else { return None };
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

fn id_of_bytes(bytes: [u8; 20]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    std::iter::once('_').chain(digits).collect()
}

fn open(secrets: &Secrets, sp: &SpId, cookie_value: &[u8]) -> Option<PendingLogin> {
    PendingLogin::decode(&secrets.open_text(PURPOSE, sp, cookie_value)?)
}

impl fmt::Display for PendingError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Invalid => "the login cookie is not one of this SP",
            Self::Expired(_) => "the login took longer than request_lifetime",
        })
    }
}

impl std::error::Error for PendingError {}

#[cfg(test)]
mod tests;
