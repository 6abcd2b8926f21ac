//! The session token: the only thing that opens a session, known to the browser and to no store.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::sha::Sha256;

use crate::sp_id::SpId;

const TOKEN_LEN: usize = 32;

/// 32 bytes in base64url without padding.
const COOKIE_LEN: usize = 43;

/// What may be a token as a cookie spells it: nobody has looked at its characters yet.
pub type TokenText = [u8; COOKIE_LEN];

/// Keeps the store key apart from every other hash. With the SP and the token it fills one block of
/// SHA-256, and every request pays for that hash.
const STORE_KEY_DOMAIN: &[u8] = b"saml k\0";

/// 256 random bits carried by the session cookie. Neither `Debug` nor a store shows it.
#[derive(Clone)]
pub struct SessionToken([u8; TOKEN_LEN]);

/// Where a session lies in a store: a hash from which the token cannot be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreKey(pub [u8; 32]);

impl SessionToken {
    /// A token of bytes fresh from a cryptographic random source.
    pub fn from_random(random: [u8; TOKEN_LEN]) -> Self {
        Self(random)
    }

    /// Reads a cookie value: exactly 43 base64url characters, unpadded, with no stray bits, so
    /// that a token has one spelling.
    pub fn from_cookie(value: impl AsRef<[u8]>) -> Option<Self> {
        let text: &TokenText = value.as_ref().try_into().ok()?;
        Self::from_text(text)
    }

    /// As [`SessionToken::from_cookie`], of a value that has the length.
    pub fn from_text(text: &TokenText) -> Option<Self> {
        let mut token = [0; TOKEN_LEN];
        let len = URL_SAFE_NO_PAD.decode_slice(text, &mut token).ok()?;
        (len == TOKEN_LEN).then_some(Self(token))
    }

    /// The cookie value in its one spelling.
    pub fn to_text(&self) -> TokenText {
        let mut text = [0; COOKIE_LEN];
        let len = URL_SAFE_NO_PAD.encode_slice(self.0, &mut text);
        debug_assert_eq!(len, Ok(COOKIE_LEN));
        text
    }

    /// The cookie value.
    pub fn to_cookie(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// SHA-256 over a domain prefix, the SP and the token: a token of another SP leads nowhere.
    pub fn store_key(&self, sp: &SpId) -> StoreKey {
        let mut hash = Sha256::new();
        hash.update(STORE_KEY_DOMAIN);
        hash.update(sp.as_bytes());
        hash.update(&self.0);
        StoreKey(hash.finish())
    }

    /// The bytes, as the context that seals the session they open.
    pub fn as_bytes(&self) -> &[u8; TOKEN_LEN] {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SessionToken(..)")
    }
}

impl StoreKey {
    /// In hexadecimal digits, as part of a name.
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// For keys of stores; it is no secret.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{app, wiki};

    fn token(byte: u8) -> SessionToken {
        SessionToken::from_random([byte; TOKEN_LEN])
    }

    #[test]
    fn a_token_survives_the_cookie() {
        for byte in [0, 0x5a, 0xfb, 0xff] {
            let cookie = token(byte).to_cookie();
            assert_eq!(cookie.len(), COOKIE_LEN);
            assert_eq!(token(byte).to_text(), cookie.as_bytes());
            let back = SessionToken::from_cookie(&cookie).unwrap();
            assert_eq!(back.as_bytes(), &[byte; TOKEN_LEN]);
        }
    }

    #[test]
    fn only_the_one_spelling_is_read() {
        let cookie = token(0xff).to_cookie();
        assert_eq!(&cookie[40..], "__8", "the alphabet is base64url, the last two bits are zero");
        let refused = [
            String::new(),
            cookie[..42].to_owned(),
            format!("{cookie}="),
            format!("{cookie}A"),
            format!("{}9", &cookie[..42]),
            format!("{}=", &cookie[..42]),
            cookie.replace('_', "/"),
            format!(" {}", &cookie[..42]),
            "é".repeat(21) + "A",
        ];
        for value in refused {
            assert!(SessionToken::from_cookie(&value).is_none(), "{value}");
        }
    }

    #[test]
    fn the_store_key_is_a_hash_in_its_own_domain() {
        let key = token(7).store_key(&app());
        assert_eq!(key, token(7).store_key(&app()));
        assert_ne!(key, token(8).store_key(&app()));
        assert_ne!(key, token(7).store_key(&wiki()), "of another SP");
        assert_ne!(key.0, openssl::sha::sha256(&[7; TOKEN_LEN]));
        assert_ne!(&key.0, token(7).as_bytes());
    }

    #[test]
    fn the_store_key_is_a_hash_of_one_block() {
        let len = STORE_KEY_DOMAIN.len() + app().as_bytes().len() + TOKEN_LEN;
        assert!(len <= 64 - 9, "{len} bytes and SHA-256's own padding");
    }

    #[test]
    fn debug_does_not_show_the_token() {
        assert_eq!(format!("{:?}", token(0x41)), "SessionToken(..)");
    }
}
