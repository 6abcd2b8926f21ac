//! A form that was sent without a session, kept while its sender logs in.
//!
//! The store has it sealed under a token. The token is in the browser's cookie of the login, and when that has
//! succeeded in a ticket, which serves at one page and in one session.

use std::fmt;

use clock::UnixTime;
use openssl::sha::Sha256;

use crate::bound_key::{NONCE_LEN, SealError};
use crate::secret::Secrets;
use crate::sp_id::SpId;
use crate::token::StoreKey;
use crate::wire::{Reader, Writer};

const VERSION: u8 = 1;

const PRESERVED: &str = "preserved post";
const AWAITED: &str = "awaited post";
const TICKET: &str = "preserved post ticket";

/// Keeps the store key apart from every other hash.
const STORE_KEY_DOMAIN: &[u8] = b"saml post\0";

const TOKEN_LEN: usize = 32;

/// Version, token, session and page; sealed: a version, nonce and tag more.
const SEALED_TICKET_LEN: usize = (1 + TOKEN_LEN + 32 + 32) + (1 + NONCE_LEN + 16);

/// Characters of a ticket: base64url without padding.
const TICKET_LEN: usize = (SEALED_TICKET_LEN * 4).div_ceil(3);

/// 256 random bits by which one kept form is found and opened. Neither `Debug` nor a store shows them.
#[derive(Clone, PartialEq, Eq)]
pub struct PostToken([u8; TOKEN_LEN]);

/// A form, as it was sent (HTML 4.10.21).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreservedPost {
    /// Path and query that it was sent to, as they are written in a header.
    pub target: String,
    /// Its `Content-Type`, with the boundary where it has one.
    pub content_type: String,
    /// All octets of it.
    pub body: Vec<u8>,
}

/// A kept form whose sender is choosing an IdP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwaitedPost {
    /// Opens the form.
    pub token: PostToken,
    /// Where its login ends, as [`PendingLogin::return_url`](crate::PendingLogin::return_url).
    pub return_url: String,
    /// No longer usable at this instant.
    pub expires: UnixTime,
}

/// What sends a kept form: once, to its page, in the session that the login made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostTicket {
    /// Opens the form.
    pub token: PostToken,
    /// Where that session lies.
    pub session: StoreKey,
    page: [u8; 32],
}

impl PostToken {
    /// A token of bytes fresh from a cryptographic random source.
    pub fn from_random(random: [u8; TOKEN_LEN]) -> Self {
        Self(random)
    }

    /// SHA-256 over a domain prefix, the SP and the token.
    pub fn store_key(&self, sp: &SpId) -> StoreKey {
        let mut hash = Sha256::new();
        hash.update(STORE_KEY_DOMAIN);
        hash.update(sp.as_bytes());
        hash.update(&self.0);
        StoreKey(hash.finish())
    }

    pub(crate) fn as_bytes(&self) -> &[u8; TOKEN_LEN] {
        &self.0
    }

    /// What a form is sealed for.
    fn context(&self, sp: &SpId) -> Vec<u8> {
        [sp.as_bytes().as_slice(), &self.0].concat()
    }
}

impl fmt::Debug for PostToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PostToken(..)")
    }
}

impl PreservedPost {
    /// Longest form that is kept, bytes: with what belongs to it, one entry of a store.
    pub const MAX_BODY: usize = 500 * 1024;

    /// Bytes that sealing adds to those of the three fields, at most.
    pub const OVERHEAD: usize = 1 + 2 * 5 + 1 + NONCE_LEN + 16;

    /// What the store gets.
    ///
    /// # Errors
    /// libcrypto failed.
    pub fn seal(
        &self,
        secrets: &Secrets,
        sp: &SpId,
        token: &PostToken,
        nonce: [u8; NONCE_LEN],
    ) -> Result<Vec<u8>, SealError> {
        let mut writer = Writer::new(VERSION);
        writer.string(&self.target);
        writer.string(&self.content_type);
        let mut plain = writer.finish();
        plain.extend_from_slice(&self.body);
        secrets.seal(PRESERVED, &token.context(sp), nonce, &plain)
    }

    /// Opens what the store had; `None` = it is of another token, SP or secret, or altered.
    pub fn open(secrets: &Secrets, sp: &SpId, token: &PostToken, sealed: &[u8]) -> Option<Self> {
        let plain = secrets.open(PRESERVED, &token.context(sp), sealed)?;
        let mut reader = Reader::new(&plain, VERSION)?;
        let (target, content_type) = (reader.string()?, reader.string()?);
        Some(Self { target, content_type, body: reader.rest().to_vec() })
    }
}

impl AwaitedPost {
    /// The value of its cookie, bound to `sp`.
    ///
    /// # Errors
    /// libcrypto failed.
    pub fn seal_cookie(
        &self,
        secrets: &Secrets,
        sp: &SpId,
        nonce: [u8; NONCE_LEN],
    ) -> Result<String, SealError> {
        let mut writer = Writer::new(VERSION);
        writer.array(&self.token.0);
        writer.string(&self.return_url);
        writer.instant(self.expires);
        secrets.seal_text(AWAITED, sp, nonce, &writer.finish())
    }

    /// Opens a cookie's value at `sp`, until it expires.
    pub fn open_cookie(secrets: &Secrets, sp: &SpId, value: &[u8], now: UnixTime) -> Option<Self> {
        let plain = secrets.open_text(AWAITED, sp, value)?;
        let mut reader = Reader::new(&plain, VERSION)?;
        let token = PostToken(reader.array()?);
        let awaited = Self { token, return_url: reader.string()?, expires: reader.instant()? };
        reader.finish()?;
        (now < awaited.expires).then_some(awaited)
    }
}

impl PostTicket {
    /// The name of the form's field that has it.
    pub const FIELD: &'static str = "saml_preserved_post";

    /// Bytes of a form with a ticket and nothing else. All are of this length, so that no other has to be read.
    pub const FORM_LEN: usize = Self::FIELD.len() + 1 + TICKET_LEN;

    /// For the page at path and query `target`.
    pub fn new(token: PostToken, session: StoreKey, target: &str) -> Self {
        Self { token, session, page: openssl::sha::sha256(target.as_bytes()) }
    }

    /// Is it for the page at path and query `target`?
    pub fn is_for(&self, target: &str) -> bool {
        self.page == openssl::sha::sha256(target.as_bytes())
    }

    /// The field's value, bound to `sp`.
    ///
    /// # Errors
    /// libcrypto failed.
    pub fn seal(
        &self,
        secrets: &Secrets,
        sp: &SpId,
        nonce: [u8; NONCE_LEN],
    ) -> Result<String, SealError> {
        let mut writer = Writer::new(VERSION);
        writer.array(&self.token.0);
        writer.array(self.session.as_bytes());
        writer.array(&self.page);
        secrets.seal_text(TICKET, sp, nonce, &writer.finish())
    }

    /// Opens a field's value; `None` = it is none of ours.
    pub fn open(secrets: &Secrets, sp: &SpId, value: &[u8]) -> Option<Self> {
        let plain = secrets.open_text(TICKET, sp, value)?;
        let mut reader = Reader::new(&plain, VERSION)?;
        let (token, session) = (PostToken(reader.array()?), StoreKey(reader.array()?));
        let ticket = Self { token, session, page: reader.array()? };
        reader.finish()?;
        Some(ticket)
    }

    /// The field's value, when a form of [`FORM_LEN`](Self::FORM_LEN) bytes has this field alone.
    pub fn in_form(body: &[u8]) -> Option<&[u8]> {
        let value = body.strip_prefix(Self::FIELD.as_bytes())?.strip_prefix(b"=")?;
        let is_text = value.iter().all(|byte| URL_SAFE.contains(byte));
        (value.len() == TICKET_LEN && is_text).then_some(value)
    }
}

/// The letters of base64url.
const URL_SAFE: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{app, at, wiki};
    use crate::secret::tests::secret;

    const NONCE: [u8; NONCE_LEN] = [3; NONCE_LEN];

    fn secrets() -> Secrets {
        Secrets::one(secret(1))
    }

    fn token(byte: u8) -> PostToken {
        PostToken::from_random([byte; TOKEN_LEN])
    }

    fn post() -> PreservedPost {
        PreservedPost {
            target: "/form?x=1".into(),
            content_type: "multipart/form-data; boundary=x".into(),
            body: (0..=255).collect(),
        }
    }

    #[test]
    fn a_form_opens_with_its_token_at_its_sp() {
        let sealed = post().seal(&secrets(), &app(), &token(7), NONCE).unwrap();
        let open = |sp, token, sealed: &[u8]| PreservedPost::open(&secrets(), &sp, &token, sealed);
        assert_eq!(open(app(), token(7), &sealed), Some(post()));
        assert_eq!(open(app(), token(8), &sealed), None);
        assert_eq!(open(wiki(), token(7), &sealed), None);
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert_eq!(open(app(), token(7), &altered), None, "byte {at}");
            assert_eq!(open(app(), token(7), &sealed[..at]), None, "cut at {at}");
        }
        let others = Secrets::one(secret(2));
        assert_eq!(PreservedPost::open(&others, &app(), &token(7), &sealed), None);
    }

    #[test]
    fn a_store_sees_nothing_of_it() {
        let sealed = post().seal(&secrets(), &app(), &token(7), NONCE).unwrap();
        for text in ["/form", "multipart", "boundary"] {
            let shows = sealed.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!shows, "{text}");
        }
        assert_ne!(token(7).store_key(&app()), token(7).store_key(&wiki()));
        assert_ne!(token(7).store_key(&app()).as_bytes(), token(7).as_bytes());
        assert_eq!(format!("{:?}", token(0x41)), "PostToken(..)");
    }

    #[test]
    fn sealing_adds_no_more_than_is_said() {
        for len in [0, 200, 20_000] {
            let post = PreservedPost { target: "x".repeat(len), body: vec![0; len], ..post() };
            let sealed = post.seal(&secrets(), &app(), &token(7), NONCE).unwrap();
            let fields = post.target.len() + post.content_type.len() + post.body.len();
            assert!(sealed.len() <= fields + PreservedPost::OVERHEAD, "{len}");
        }
        let empty = PreservedPost { body: Vec::new(), ..post() };
        let sealed = empty.seal(&secrets(), &app(), &token(7), NONCE).unwrap();
        assert_eq!(PreservedPost::open(&secrets(), &app(), &token(7), &sealed), Some(empty));
    }

    #[test]
    fn an_awaited_one_opens_at_its_sp_until_it_expires() {
        let awaited =
            AwaitedPost { token: token(7), return_url: "/form?x=1".into(), expires: at(1000) };
        let cookie = awaited.seal_cookie(&secrets(), &app(), NONCE).unwrap();
        let open = |sp, now| AwaitedPost::open_cookie(&secrets(), &sp, cookie.as_bytes(), at(now));
        assert_eq!(open(app(), 999), Some(awaited));
        assert_eq!(open(app(), 1000), None);
        assert_eq!(open(wiki(), 999), None);
        assert_eq!(AwaitedPost::open_cookie(&secrets(), &app(), b"", at(1)), None);
        let ticket = PostTicket::new(token(7), StoreKey([5; 32]), "/form?x=1");
        let ticket = ticket.seal(&secrets(), &app(), NONCE).unwrap();
        let as_cookie = AwaitedPost::open_cookie(&secrets(), &app(), ticket.as_bytes(), at(1));
        assert_eq!(as_cookie, None, "a ticket is no cookie");
    }

    #[test]
    fn a_ticket_is_for_one_page_and_session_of_its_sp() {
        let ticket = PostTicket::new(token(7), StoreKey([5; 32]), "/form?x=1");
        let value = ticket.seal(&secrets(), &app(), NONCE).unwrap();
        let opened = PostTicket::open(&secrets(), &app(), value.as_bytes()).unwrap();
        assert_eq!(opened, ticket);
        assert_eq!((&opened.token, opened.session), (&token(7), StoreKey([5; 32])));
        assert!(opened.is_for("/form?x=1") && !opened.is_for("/form") && !opened.is_for(""));
        assert_eq!(PostTicket::open(&secrets(), &wiki(), value.as_bytes()), None);
        let others = Secrets::one(secret(2));
        assert_eq!(PostTicket::open(&others, &app(), value.as_bytes()), None);
    }

    #[test]
    fn a_form_with_a_ticket_is_told_by_its_length_and_its_field() {
        let ticket = PostTicket::new(token(0xff), StoreKey([5; 32]), "");
        let value = ticket.seal(&secrets(), &app(), NONCE).unwrap();
        let form = format!("saml_preserved_post={value}");
        assert_eq!(form.len(), PostTicket::FORM_LEN);
        assert_eq!(PostTicket::in_form(form.as_bytes()), Some(value.as_bytes()));
        for other in [
            format!("{form}&a=b"),
            form[..form.len() - 1].to_owned(),
            form.replace('=', "%3D"),
            form.replacen("saml", "sAml", 1),
            format!("{}%", &form[..form.len() - 1]),
            String::new(),
        ] {
            assert_eq!(PostTicket::in_form(other.as_bytes()), None, "{other}");
        }
    }
}
