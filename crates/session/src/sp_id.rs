//! Which SP something belongs to, for hosts that share a store and a secret.

use std::fmt;

use openssl::sha::Sha256;

use crate::length::length_octets;

/// Keeps this hash apart from every other one.
const DOMAIN: &[u8] = b"saml service provider\0";

const LEN: usize = 16;

/// Bytes of the identity that name cookies.
const TAG_LEN: usize = 4;

/// The identity of an SP: 128 bits of SHA-256 over its entityID and the origin of its `base_url`.
///
/// The same on every host that serves the SP, and another one for every other SP. The name of the
/// `saml_sp` block is none: every site has an `app`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct SpId([u8; LEN]);

impl SpId {
    /// `origin` is `base_url` in its one spelling, `https://app.example.com`.
    pub fn new(entity_id: &str, origin: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        for part in [entity_id, origin] {
            // The length first, so that no two pairs run together.
            hash.update(&length_octets(part.len()));
            hash.update(part.as_bytes());
        }
        let digest = hash.finish();
        Self(digest.first_chunk().copied().unwrap_or_default())
    }

    /// As it is stored and hashed, the same on every host.
    pub fn as_bytes(&self) -> &[u8; LEN] {
        &self.0
    }

    /// Reads what [`SpId::as_bytes`] gave.
    pub fn from_bytes(bytes: [u8; LEN]) -> Self {
        Self(bytes)
    }

    /// Eight hexadecimal digits, for the names of cookies. Two SPs that share them by chance get in
    /// each other's way, no more: what a cookie holds is bound to the whole identity.
    pub fn tag(&self) -> String {
        self.0.iter().take(TAG_LEN).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Hexadecimal, as it stands in the names of a store's entries.
impl fmt::Display for SpId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for SpId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SpId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: (&str, &str) = ("https://app.example.com/saml/metadata", "https://app.example.com");

    #[test]
    fn it_is_the_entity_and_the_origin() {
        let id = SpId::new(APP.0, APP.1);
        assert_eq!(id, SpId::new(APP.0, APP.1));
        assert_ne!(id, SpId::new(APP.0, "https://app.example.com:8443"));
        assert_ne!(id, SpId::new("https://wiki.example.com/saml/metadata", APP.1));
        assert_ne!(id, SpId::new(APP.1, APP.0));
    }

    #[test]
    fn its_parts_do_not_run_together() {
        assert_ne!(SpId::new("ab", "c"), SpId::new("a", "bc"));
        assert_ne!(SpId::new("abc", ""), SpId::new("", "abc"));
    }

    /// Hosts of different builds share a store: it may never change.
    #[test]
    fn it_stays_what_it_is() {
        let id = SpId::new(APP.0, APP.1);
        assert_eq!(id.to_string(), "306650b636f3772b90bbc2d48251b306");
        assert_eq!(id.tag(), id.to_string()[..8]);
        assert_eq!(SpId::from_bytes(*id.as_bytes()), id);
    }
}
