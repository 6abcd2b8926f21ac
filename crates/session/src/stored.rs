//! What a store on the network holds: sealed values under keys that tell nothing.
//!
//! A session is sealed under its token, which only the browser has. Everything else is sealed under
//! the store's secret and bound to its key, so that values neither open nor move elsewhere.

use crate::bound_key::{NONCE_LEN, SealError};
use crate::length::length_octets;
use crate::record::Session;
use crate::secret::Secrets;
use crate::token::{SessionToken, StoreKey};

/// First byte of a session that lives.
const ALIVE: u8 = b'A';
/// First byte of what is left of a session that was ended.
const ENDED: u8 = b'E';

const SESSION: &str = "stored session";
const ENDED_SESSION: &str = "ended session";
const NAMED: &str = "stored entry";
const NAME: &[u8] = b"saml store key of a name\0";

/// A session's value as a store had it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredSession {
    /// The session, as it was last written.
    Alive(Box<Session>),
    /// A logout came by. It outweighs every living copy: a node that slept through the logout may
    /// still have one.
    Ended,
}

/// Does a session's value, which nobody has opened, say that it was ended? Whoever writes to the store can say so.
pub fn is_ended(value: &[u8]) -> bool {
    value.first() == Some(&ENDED)
}

/// What tells a living session's value from any other that its key may ever have: 31 bits of its authentication tag
/// and a first one, so that it is not 0, as it is for the end of a session, and always as long in digits. Whoever
/// writes to the store can say what mark they like.
pub fn mark(value: &[u8]) -> u32 {
    let tag = value.last_chunk().copied().map(u32::from_be_bytes);
    if value.first() == Some(&ALIVE) { tag.map_or(0, |tag| tag | 1 << 31) } else { 0 }
}

impl Secrets {
    /// Seals a session for its token.
    ///
    /// # Errors
    /// libcrypto failed.
    pub fn seal_session(
        &self,
        token: &SessionToken,
        nonce: [u8; NONCE_LEN],
        session: &Session,
    ) -> Result<Vec<u8>, SealError> {
        let sealed = self.seal(SESSION, token.as_bytes(), nonce, &session.encode())?;
        Ok([&[ALIVE], sealed.as_slice()].concat())
    }

    /// The value that takes the place of a session when it ends.
    ///
    /// # Errors
    /// libcrypto failed.
    pub fn seal_ended(&self, key: &StoreKey, nonce: [u8; NONCE_LEN]) -> Result<Vec<u8>, SealError> {
        let sealed = self.seal(ENDED_SESSION, key.as_bytes(), nonce, b"")?;
        Ok([&[ENDED], sealed.as_slice()].concat())
    }

    /// Opens a session's value, found under the token's `key`; `None` for what somebody else, another
    /// version or another session wrote.
    pub fn open_session(
        &self,
        token: &SessionToken,
        key: &StoreKey,
        value: &[u8],
    ) -> Option<StoredSession> {
        let (state, sealed) = value.split_first()?;
        match *state {
            ALIVE => {
                let bytes = self.open(SESSION, token.as_bytes(), sealed)?;
                Some(StoredSession::Alive(Box::new(Session::decode(&bytes)?)))
            }
            ENDED => {
                self.open(ENDED_SESSION, key.as_bytes(), sealed)?;
                Some(StoredSession::Ended)
            }
            _ => None,
        }
    }

    /// Seals the value of an entry that is no session.
    ///
    /// # Errors
    /// libcrypto failed.
    pub fn seal_entry(
        &self,
        key: &StoreKey,
        nonce: [u8; NONCE_LEN],
        value: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        self.seal(NAMED, key.as_bytes(), nonce, value)
    }

    /// Opens what [`Secrets::seal_entry`] sealed for this key.
    pub fn open_entry(&self, key: &StoreKey, value: &[u8]) -> Option<Vec<u8>> {
        self.open(NAMED, key.as_bytes(), value)
    }

    /// The keys of something that has a name of several parts (an IdP and an assertion ID, say):
    /// HMAC over the parts, each with its length so that no two names run together. One key for
    /// each secret, that of the first first: while secrets rotate, hosts may be at different ones.
    ///
    /// # Errors
    /// libcrypto failed.
    pub fn keys_of_name(&self, parts: &[&str]) -> Result<Vec<StoreKey>, SealError> {
        // In one piece, which libcrypto hashes faster than many.
        let mut name = NAME.to_vec();
        for part in parts {
            name.extend_from_slice(&length_octets(part.len()));
            name.extend_from_slice(part.as_bytes());
        }
        self.opening()
            .map(|secret| secret.derive(&[&name]).map(|key| StoreKey(*key)).ok_or(SealError))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{app, typical, wiki};
    use crate::secret::tests::secret;

    const NONCE: [u8; NONCE_LEN] = [3; NONCE_LEN];

    fn secrets(bytes: &[u8]) -> Secrets {
        Secrets::new(bytes.iter().map(|byte| secret(*byte)).collect()).unwrap()
    }

    fn token(byte: u8) -> SessionToken {
        SessionToken::from_random([byte; 32])
    }

    fn key(byte: u8) -> StoreKey {
        token(byte).store_key(&app())
    }

    fn open(secrets: &Secrets, byte: u8, value: &[u8]) -> Option<StoredSession> {
        secrets.open_session(&token(byte), &key(byte), value)
    }

    #[test]
    fn a_session_opens_with_its_token_alone() {
        let secrets = secrets(&[1]);
        let value = secrets.seal_session(&token(7), NONCE, &typical()).unwrap();
        let opened = open(&secrets, 7, &value);
        assert_eq!(opened, Some(StoredSession::Alive(Box::new(typical()))));
        assert_eq!(open(&secrets, 8, &value), None, "swapped between keys");
    }

    #[test]
    fn a_living_session_has_a_mark_of_its_own_and_its_end_has_none() {
        let secrets = secrets(&[1]);
        let alive = |byte| secrets.seal_session(&token(byte), NONCE, &typical()).unwrap();
        assert_ne!(mark(&alive(7)), 0);
        assert_eq!(mark(&alive(7)), mark(&alive(7)));
        assert_ne!(mark(&alive(7)), mark(&alive(8)));
        assert_eq!(mark(&secrets.seal_ended(&key(7), NONCE).unwrap()), 0);
        assert_eq!([mark(b""), mark(b"A"), mark(b"rubbish")], [0; 3]);
    }

    #[test]
    fn the_end_of_a_session_opens_for_its_key_alone() {
        let secrets = secrets(&[1]);
        let value = secrets.seal_ended(&key(7), NONCE).unwrap();
        assert_eq!(open(&secrets, 7, &value), Some(StoredSession::Ended));
        assert_eq!(open(&secrets, 8, &value), None);
        let elsewhere = token(7).store_key(&wiki());
        assert_eq!(secrets.open_session(&token(7), &elsewhere, &value), None, "of another SP");
    }

    #[test]
    fn one_state_does_not_become_the_other() {
        let secrets = secrets(&[1]);
        let mut value = secrets.seal_session(&token(7), NONCE, &typical()).unwrap();
        value[0] = ENDED;
        assert_eq!(open(&secrets, 7, &value), None);
        let mut value = secrets.seal_ended(&key(7), NONCE).unwrap();
        value[0] = ALIVE;
        assert_eq!(open(&secrets, 7, &value), None);
    }

    #[test]
    fn nothing_of_the_session_is_readable() {
        let value = secrets(&[1]).seal_session(&token(7), NONCE, &typical()).unwrap();
        for text in ["jdoe", "Jane", "example.com", "_f6a2b1f3"] {
            let found = value.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!found, "{text}");
        }
    }

    #[test]
    fn every_byte_of_a_value_matters() {
        let secrets = secrets(&[1]);
        let value = secrets.seal_session(&token(7), NONCE, &typical()).unwrap();
        for at in 0..value.len() {
            let mut tampered = value.clone();
            tampered[at] ^= 1;
            assert_eq!(open(&secrets, 7, &tampered), None, "byte {at}");
            assert_eq!(open(&secrets, 7, &value[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn an_entry_opens_at_its_key_under_any_secret() {
        let value = secrets(&[1]).seal_entry(&key(7), NONCE, b"set").unwrap();
        assert_eq!(secrets(&[2, 1]).open_entry(&key(7), &value).as_deref(), Some(&b"set"[..]));
        assert_eq!(secrets(&[2]).open_entry(&key(7), &value), None);
        assert_eq!(secrets(&[1]).open_entry(&key(8), &value), None);
    }

    #[test]
    fn a_name_has_a_key_for_each_secret() {
        let old = secrets(&[1]).keys_of_name(&["idp", "alice"]).unwrap();
        let rotated = secrets(&[2, 1]).keys_of_name(&["idp", "alice"]).unwrap();
        assert_eq!(rotated.len(), 2);
        assert_eq!(rotated[1], old[0]);
        assert_ne!(rotated[0], old[0]);
    }

    /// Hosts of different builds share a store: it may never change.
    #[test]
    fn the_key_of_a_name_stays_what_it_is() {
        let keys = secrets(&[1]).keys_of_name(&["idp", "alice"]).unwrap();
        let hex: String = keys[0].as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "cd901ad1a00599ff68c414a0fa98685833db0716e358e077b43b6e9d2cd3a823");
    }

    #[test]
    fn the_parts_of_a_name_do_not_run_together() {
        let secrets = secrets(&[1]);
        let key = |parts: &[&str]| secrets.keys_of_name(parts).unwrap()[0];
        assert_eq!(key(&["a", "b"]), key(&["a", "b"]));
        assert_ne!(key(&["ab", ""]), key(&["a", "b"]));
        assert_ne!(key(&["ab"]), key(&["ab", ""]));
    }
}
