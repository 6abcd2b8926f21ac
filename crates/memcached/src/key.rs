//! Keys: a prefix that tells installations apart, a letter for the kind of entry, 32 bytes as text.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// memcached takes keys of up to 250 bytes; a letter and 43 characters follow the prefix.
const MAX_PREFIX: usize = 200;

/// What every key of one store begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPrefix(String);

impl KeyPrefix {
    /// # Errors
    /// Longer than 200 bytes, or with a character that may not stand in a key.
    pub fn new(text: impl Into<String>) -> Result<Self, KeyPrefixError> {
        let text = text.into();
        if text.len() > MAX_PREFIX {
            return Err(KeyPrefixError::TooLong);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(KeyPrefixError::Character);
        }
        Ok(Self(text))
    }

    /// As configured.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text cannot begin keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPrefixError {
    /// Longer than 200 bytes.
    TooLong,
    /// Has a space, a control character or one beyond ASCII.
    Character,
}

impl fmt::Display for KeyPrefixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "is longer than 200 characters",
            Self::Character => "may only have visible ASCII characters, and no space",
        })
    }
}

impl std::error::Error for KeyPrefixError {}

/// A key as memcached takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(Vec<u8>);

impl Key {
    /// `letter` tells kinds of entries apart.
    pub fn new(prefix: &KeyPrefix, letter: KeyLetter, id: &[u8; 32]) -> Self {
        let mut key = String::with_capacity(prefix.0.len() + 44);
        key.push_str(&prefix.0);
        key.push(letter.0);
        URL_SAFE_NO_PAD.encode_string(id, &mut key);
        Self(key.into_bytes())
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// An ASCII letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLetter(char);

impl KeyLetter {
    /// # Panics
    /// When `letter` is none. Meant for constants, where that does not compile.
    pub const fn new(letter: char) -> Self {
        assert!(letter.is_ascii_alphabetic());
        Self(letter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_prefix_letter_and_id() {
        let prefix = KeyPrefix::new("app:").unwrap();
        let key = Key::new(&prefix, KeyLetter::new('s'), &[0xff; 32]).into_bytes();
        assert_eq!(key, b"app:s__________________________________________8");
    }

    #[test]
    fn the_longest_prefix_leaves_room() {
        let prefix = KeyPrefix::new("p".repeat(MAX_PREFIX)).unwrap();
        assert!(Key::new(&prefix, KeyLetter::new('s'), &[0; 32]).into_bytes().len() <= 250);
    }

    #[test]
    fn a_prefix_cannot_smuggle_a_command() {
        for text in ["a b", "a\r\nflush_all", "a\tb", "ä", "a\0"] {
            assert_eq!(KeyPrefix::new(text), Err(KeyPrefixError::Character));
        }
        assert_eq!(KeyPrefix::new("p".repeat(201)), Err(KeyPrefixError::TooLong));
        assert!(KeyPrefix::new("").is_ok());
    }
}
