//! What tells a copy that we have written from one that somebody else has.

use std::io;
use std::sync::Arc;

use openssl::hash::MessageDigest;
use openssl::memcmp;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use zeroize::Zeroizing;

const PURPOSE: &[u8] = b"saml: a copy on the shelf";

type Key = Zeroizing<Vec<u8>>;

/// HMAC-SHA256 by a key that was derived from a secret of this host.
#[derive(Clone)]
pub struct Seal(Arc<[Key]>);

impl Seal {
    /// By the first of these secrets; what one of the others has sealed is good as well. Without any,
    /// nothing can be sealed.
    pub fn by<'s>(secrets: impl IntoIterator<Item = &'s [u8]>) -> Self {
        Self(secrets.into_iter().filter_map(|secret| hmac(secret, &[PURPOSE])).collect())
    }

    /// The seal of these parts, in hexadecimal digits.
    pub(crate) fn over(&self, parts: &[&[u8]]) -> io::Result<String> {
        let sealed = self.0.first().and_then(|key| hmac(key, parts));
        let sealed = sealed.ok_or_else(|| io::Error::other("there is no key to seal it with"))?;
        Ok(hex(&sealed))
    }

    /// Has one of the keys sealed these parts so?
    pub(crate) fn is_of(&self, seal: &str, parts: &[&[u8]]) -> bool {
        let mut sealed = self.0.iter().filter_map(|key| hmac(key, parts)).map(|mac| hex(&mac));
        sealed.any(|good| good.len() == seal.len() && memcmp::eq(good.as_bytes(), seal.as_bytes()))
    }
}

/// Over the parts, each behind its length. `None` = libcrypto has failed.
fn hmac(key: &[u8], parts: &[&[u8]]) -> Option<Key> {
    let key = PKey::hmac(key).ok()?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key).ok()?;
    for part in parts {
        signer.update(&(part.len() as u64).to_be_bytes()).ok()?;
        signer.update(part).ok()?;
    }
    signer.sign_to_vec().ok().map(Zeroizing::new)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
