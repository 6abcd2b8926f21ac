//! Who tells an SP what has happened to the users of an IdP (SSF 1.0): a transmitter of security events.

use std::cell::RefCell;
use std::rc::Rc;

use clock::Seconds;
use http::Headers;
use jwt::TrustedKeys;
use openssl::memcmp;
use openssl::sha::sha256;

use crate::back_channel::BackChannel;

/// A transmitter, as the block of its IdP has it.
pub struct Transmitter {
    /// `iss` of its tokens.
    pub issuer: String,
    /// `aud` of its tokens is one of these; empty = the SP's entityID.
    pub audience: Vec<String>,
    /// Sessions are called there as in SAML: an event about one session ends that one alone.
    pub knows_session_indexes: bool,
    /// SHA-256 of the secret by which it proves itself, if it has one.
    bearer: Option<[u8; 32]>,
    /// Where it hands out tokens, if they are not pushed.
    pub poll: Option<EventPoll>,
    keys: RefCell<Option<Rc<TrustedKeys>>>,
}

/// Where a transmitter is asked for tokens.
pub struct EventPoll {
    /// Its endpoint; absolute, by https.
    pub url: String,
    /// How often.
    pub interval: Seconds,
    /// What it wants as Authorization (RFC 6750 2.1).
    pub authorization: Option<String>,
    /// The way there.
    pub way: Rc<dyn BackChannel>,
}

impl Transmitter {
    /// With no keys, it is awaited: none of its tokens is taken.
    pub fn new(
        issuer: String,
        audience: Vec<String>,
        knows_session_indexes: bool,
        bearer: Option<&[u8]>,
        keys: Option<TrustedKeys>,
    ) -> Self {
        let (bearer, keys) = (bearer.map(sha256), RefCell::new(keys.map(Rc::new)));
        Self { issuer, audience, knows_session_indexes, bearer, poll: None, keys }
    }

    /// With where it hands out tokens.
    #[must_use]
    pub fn with_poll(self, poll: Option<EventPoll>) -> Self {
        Self { poll, ..self }
    }

    /// Its keys; `None` = they are awaited.
    pub fn keys(&self) -> Option<Rc<TrustedKeys>> {
        self.keys.borrow().clone()
    }

    /// From now on these are its keys.
    pub fn replace_keys(&self, keys: Rc<TrustedKeys>) {
        drop(self.keys.replace(Some(keys)));
    }

    /// Does who sends this know the secret (RFC 6750 2.1)? Everybody does, where there is none.
    pub(crate) fn admits(&self, headers: &impl Headers) -> bool {
        let Some(expected) = &self.bearer else { return true };
        let mut given = headers.values("authorization");
        let (Some(given), None) = (given.next(), given.next()) else { return false };
        let Some((scheme, secret)) = given.split_at_checked(BEARER.len()) else { return false };
        // Hashes, so that neither its length nor its first octets show in the time.
        scheme.eq_ignore_ascii_case(BEARER) && memcmp::eq(&sha256(secret), expected)
    }
}

const BEARER: &[u8] = b"Bearer ";

#[cfg(test)]
mod tests {
    use http::Head;

    use super::*;

    #[test]
    fn who_knows_the_secret_is_let_in() {
        let with = |bearer| Transmitter::new(String::new(), Vec::new(), false, bearer, None);
        let sends = |value: &str| Head::new("POST", "").with("Authorization", value);
        let closed = with(Some(b"s3cret".as_slice()));
        for good in ["Bearer s3cret", "bearer s3cret"] {
            assert!(closed.admits(&sends(good)), "{good}");
        }
        for bad in
            ["", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets", "Basic s3cret", "s3cret"]
        {
            assert!(!closed.admits(&sends(bad)), "{bad}");
        }
        assert!(!closed.admits(&Head::new("POST", "")));
        let twice = sends("Bearer s3cret").with("Authorization", "Bearer s3cret");
        assert!(!closed.admits(&twice));
        assert!(with(None).admits(&Head::new("POST", "")));
    }
}
