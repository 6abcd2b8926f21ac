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
mod tests {
    use super::*;
    use crate::record::tests::{app, at, wiki};
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
            issue_instant: at(1000),
            expires: at(1600),
            force_authn: true,
            passive: false,
            authn_context: Some(RequestedAuthnContext {
                comparison: Comparison::Exact,
                classes: vec!["urn:oasis:names:tc:SAML:2.0:ac:classes:Password".into()],
            }),
            preference: None,
            replaces: Some(StoreKey([5; 32])),
            post: None,
            answered: false,
        }
    }

    #[test]
    fn a_pending_login_survives_the_cookie_until_it_expires() {
        let cookie = pending().seal_cookie(&secrets(), &app(), NONCE).unwrap();
        let open = |now| PendingLogin::open_cookie(&secrets(), &app(), &cookie, now);
        assert_eq!(open(at(1599)), Ok(pending()));
        assert_eq!(open(at(1600)), Err(PendingError::Expired(Box::new(pending()))));
    }

    #[test]
    fn a_cookie_of_another_sp_or_secret_is_invalid() {
        let cookie = pending().seal_cookie(&secrets(), &app(), NONCE).unwrap();
        let other = Secrets::one(secret(2));
        let invalid = Err(PendingError::Invalid);
        assert_eq!(PendingLogin::open_cookie(&secrets(), &wiki(), &cookie, at(1000)), invalid);
        assert_eq!(PendingLogin::open_cookie(&other, &app(), &cookie, at(1000)), invalid);
        assert_eq!(PendingLogin::open_cookie(&secrets(), &app(), &cookie[1..], at(1000)), invalid);
        assert_eq!(PendingLogin::open_cookie(&secrets(), &app(), "", at(1000)), invalid);
        let long = "A".repeat(100_000);
        assert_eq!(PendingLogin::open_cookie(&secrets(), &app(), long, at(1000)), invalid);
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

    /// Browsers hold such records: changed bytes need another version.
    #[test]
    fn the_bytes_are_those_of_this_version() {
        const HEAD: &[u8] = b"!_5f2b8c1d9e3a47f0a6b5c4d3e2f1a0b9\
            \x04corp\x1dhttps://app.example.com/a?b=c\x00\x00\x03\xe8\xd8\x04";
        let whole = [b"\x03\x19", HEAD, &[5; 32], b"\x05exact\x01\x14\x08Password"].concat();
        assert_bytes(pending(), &whole);
        let hex = PendingLogin { request_id: format!("_{}", "a1".repeat(20)), ..pending() };
        let rest = whole.get(2 + 34..).unwrap();
        assert_bytes(hex, &[b"\x03\x39", &[0xa1; 20][..], rest].concat());

        let (force_authn, replaces, authn_context) = (false, None, None);
        let bare =
            PendingLogin { passive: true, force_authn, replaces, authn_context, ..pending() };
        assert_bytes(bare.clone(), &[b"\x03\x02", HEAD].concat());
        let comparisons: [(Comparison, &[u8]); 4] = [
            (Comparison::Exact, b"\x05exact"),
            (Comparison::Minimum, b"\x07minimum"),
            (Comparison::Maximum, b"\x07maximum"),
            (Comparison::Better, b"\x06better"),
        ];
        for (comparison, bytes) in comparisons {
            let classes = vec!["urn:x".into(), "https://refeds.org/profile/mfa".into()];
            let authn_context = Some(RequestedAuthnContext { classes, comparison });
            let asking = PendingLogin { authn_context, ..bare.clone() };
            let classes = b"\x02\x00\x05urn:x\x17\x16refeds.org/profile/mfa";
            assert_bytes(asking, &[b"\x03\x12", HEAD, bytes, classes].concat());
        }
    }

    #[test]
    fn a_preference_is_remembered_behind_its_context() {
        let preferring = PendingLogin { preference: Some(2), ..pending() };
        let mut bytes = pending().encode();
        bytes[1] |= 0x40;
        bytes.push(2);
        assert_bytes(preferring.clone(), &bytes);
        assert_eq!(preferring.answered().preference, None);
        *bytes.last_mut().unwrap() = 0x80;
        bytes.push(2);
        assert_eq!(PendingLogin::decode(&bytes), None, "256 is too many");
    }

    #[test]
    fn a_kept_form_is_remembered_last() {
        let token = || PostToken::from_random([9; 32]);
        let keeping = PendingLogin { post: Some(token()), ..pending() };
        let mut bytes = pending().encode();
        bytes.splice(1..2, [bytes[1] | 0x80, 1]);
        bytes.extend([9; 32]);
        assert_bytes(keeping.clone(), &bytes);
        assert_eq!(keeping.answered().post, None);
        assert_eq!(PendingLogin::decode(&bytes[..bytes.len() - 1]), None);
        let preferring = PendingLogin { preference: Some(2), post: Some(token()), ..pending() };
        assert_eq!(PendingLogin::decode(&preferring.encode()), Some(preferring));
    }

    #[test]
    fn a_comparison_that_nobody_knows_makes_the_record_none() {
        let bytes = pending().encode();
        let place = bytes.windows(5).position(|window| window == b"exact").unwrap();
        for other in [b"Exact", b"exacT", b"\0\0\0\0\0"] {
            let mut bytes = bytes.clone();
            bytes[place..place + 5].copy_from_slice(other);
            assert_eq!(PendingLogin::decode(&bytes), None);
        }
    }

    #[track_caller]
    fn assert_bytes(pending: PendingLogin, bytes: &[u8]) {
        let encoded = pending.encode();
        assert_eq!(encoded.escape_ascii().to_string(), bytes.escape_ascii().to_string());
        assert_eq!(PendingLogin::decode(bytes), Some(pending));
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
    fn any_id_survives_and_ours_take_half_the_room() {
        for id in ["", "_", "_0", "_0a", "_0A", "0a", "_zz", "é", "_00ff"] {
            let pending = PendingLogin { request_id: id.into(), ..pending() };
            assert_eq!(PendingLogin::decode(&pending.encode()), Some(pending), "{id}");
        }
        let ours = PendingLogin { request_id: format!("_{}", "a1".repeat(20)), ..pending() };
        let other = PendingLogin { request_id: format!("x{}", "a1".repeat(20)), ..pending() };
        assert_eq!(other.encode().len() - ours.encode().len(), 22);
    }

    #[test]
    fn a_login_for_a_short_address_takes_little_of_a_header() {
        let pending = PendingLogin {
            request_id: format!("_{}", "a1".repeat(20)),
            return_url: "/page.html?tab=19".into(),
            issue_instant: at(1_800_000_000),
            expires: at(1_800_000_600),
            force_authn: false,
            authn_context: None,
            replaces: None,
            ..pending()
        };
        let value = pending.seal_cookie(&secrets(), &app(), NONCE).unwrap();
        assert!(value.len() <= 107, "{}", value.len());
    }

    #[test]
    fn an_answered_login_is_a_stub() {
        let stub = |return_url: &str| {
            let stub = PendingLogin { return_url: return_url.into(), ..pending() }.answered();
            assert!(stub.answered && stub.replaces.is_none() && stub.authn_context.is_none());
            stub.return_url
        };
        assert_eq!(stub("/a?b=c"), "/a?b=c");
        assert_eq!(stub(&format!("/a?{}", "b".repeat(200))), "/a");
        assert_eq!(stub(&format!("/{}?b", "a".repeat(200))), "/");
    }

    #[test]
    fn the_suffix_is_safe_in_a_cookie_name() {
        assert_eq!(cookie_suffix("_5f2b8c1d9e3a47f0a6b5c4d3e2f1a0b9"), "5f2b8c");
        assert_eq!(cookie_suffix("_short"), "short");
        assert_eq!(cookie_suffix("ab; Path=/x"), "ab");
        assert_eq!(cookie_suffix("éa"), "");
        assert_eq!(cookie_suffix("aé"), "a");
        assert_eq!(cookie_suffix(""), "");
    }
}
