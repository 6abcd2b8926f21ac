//! Enveloped signatures: what they must look like, and what they vouch for.
mod error;
mod policy;
mod second;
mod signature;

use std::ops::Deref;

use openssl::hash::hash;
use openssl::memcmp;

use crate::canonical::{Canonical, Octets};
use crate::outline::{DSIG, Node};
use crate::{DigestAlgorithm, Element, SignatureAlgorithm, VerifyingKey, base64_binary};

pub use error::VerifyError;
pub use policy::SignaturePolicy;
use second::Signed;
pub(crate) use signature::{ENVELOPED, EXC_C14N, is_plain};
use signature::{Reference, Signature};

/// Bytes of a canonical SignedInfo: anybody can make us write it. The longest PrefixList with the
/// longest namespaces has room in it twice.
const LONGEST_SIGNED_INFO: usize = 16 * 1024;

/// Canonicalising makes at most six bytes of one, and repeats namespaces.
const MOST_GROWTH: usize = 8;
const ROOM_FOR_NAMESPACES: usize = 64 * 1024;

/// Data copied from the bytes that a valid signature covers. Only this crate can make one.
#[derive(Clone, Debug)]
pub struct Verified<T>(T);

impl<T> Deref for Verified<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Verified<T> {
    /// For what a detached signature covers.
    pub(crate) fn whole(data: T) -> Self {
        Self(data)
    }

    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

impl Verified<Element> {
    /// The first child `{namespace}name`, as verified as its parent.
    pub fn into_child(self, namespace: &str, name: &str) -> Option<Self> {
        self.0.children.into_iter().find(|c| c.is(namespace, name)).map(Verified)
    }
}

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedBy {
    /// Index into the trusted keys.
    pub key: usize,
    /// SignatureMethod's: one that the policy allows.
    pub signature: SignatureAlgorithm,
    /// DigestMethod's: one that the policy allows.
    pub digest: DigestAlgorithm,
}

/// Verifies the one `ds:Signature` child of `element`, and reads the octets that were digested.
///
/// What a stranger sends is canonicalised and digested only after a key has vouched for SignedInfo.
pub(crate) fn verify(
    element: Node<'_>,
    keys: &[VerifyingKey],
    policy: &SignaturePolicy,
) -> Result<(Verified<Element>, SignedBy), VerifyError> {
    let node = signature_of(element)?;
    let id = element.attribute("ID").unwrap_or_default();
    signature::check_id(&id)?;
    let signature = Signature::read(node, &id, policy)?;
    let (key, signed) = signer(&signature, keys, policy)?;
    let octets = digested(element, node, &signature.reference)?;
    let verified = octets.element().ok_or(VerifyError::Void)?;
    let (namespace, name) = (element.namespace(), element.name());
    if !verified.is(namespace, name) || verified.attribute("ID") != Some(&*id) {
        return Err(VerifyError::Structure("the digested bytes are not the signed element"));
    }
    signed.confirm(octets.text())?;
    let by = SignedBy { key, signature: signature.algorithm, digest: signature.reference.digest };
    Ok((Verified(verified), by))
}

/// The one signature that an element may have.
fn signature_of(element: Node<'_>) -> Result<Node<'_>, VerifyError> {
    let mut signatures = element.children_named(DSIG, "Signature");
    let signature = signatures.next().ok_or(VerifyError::Missing)?;
    if signatures.next().is_some() {
        return Err(VerifyError::Multiple);
    }
    Ok(signature)
}

/// The index of the key that has signed SignedInfo, and what it has signed.
fn signer<'k>(
    signature: &Signature<'_>,
    keys: &'k [VerifyingKey],
    policy: &SignaturePolicy,
) -> Result<(usize, Signed<'k>), VerifyError> {
    let candidates = candidates(keys, signature.algorithm, policy)?;
    let Signature { signed_info: element, prefixes, .. } = signature;
    let signed_info =
        Canonical { element: *element, without: None, prefixes, with_comments: false };
    let signed_info = signed_info.octets(LONGEST_SIGNED_INFO).ok_or(VerifyError::Void)?.into_text();
    let value = base64_binary::decode(&signature.value).unwrap_or_default();
    let algorithm = signature.algorithm;
    // In order: an IdP that rolls its key over publishes two.
    let found = candidates
        .iter()
        .find(|(_, key)| key.verify_signed_info(algorithm, policy, signed_info.as_bytes(), &value));
    let (index, key) = *found.ok_or(VerifyError::Invalid { tried: candidates.len() })?;
    Ok((index, Signed { key, signed_info, value }))
}

/// The canonical element without its signature, when its digest is the one that was signed.
fn digested(
    element: Node<'_>,
    signature: Node<'_>,
    reference: &Reference<'_>,
) -> Result<Octets, VerifyError> {
    let Reference { prefixes, digest, value } = reference;
    let most = MOST_GROWTH * element.text.len() + ROOM_FOR_NAMESPACES;
    let without = Some(signature.number);
    let octets = Canonical { element, without, prefixes, with_comments: false }.octets(most);
    let octets = octets.ok_or(VerifyError::Void)?;
    let found = hash(digest.message_digest(), octets.text().as_bytes()).ok();
    let signed = base64_binary::decode(value);
    let is_same = found
        .zip(signed)
        .is_some_and(|(found, signed)| found.len() == signed.len() && memcmp::eq(&found, &signed));
    if is_same { Ok(octets) } else { Err(VerifyError::DigestMismatch) }
}

/// Verifies a detached signature over octets (Bindings 3.4.4.1); the index of the key that has made it.
pub(crate) fn verify_octets(
    octets: &[u8],
    algorithm: &str,
    signature: &[u8],
    keys: &[VerifyingKey],
    policy: &SignaturePolicy,
) -> Result<usize, VerifyError> {
    let algorithm = SignatureAlgorithm::from_uri(algorithm)
        .filter(|algorithm| policy.allows_signature(*algorithm))
        .ok_or_else(|| VerifyError::SignatureAlgorithm(algorithm.to_owned()))?;
    let candidates = candidates(keys, algorithm, policy)?;
    let found =
        candidates.iter().find(|(_, key)| key.verify_octets(algorithm, policy, octets, signature));
    found.map(|(index, _)| *index).ok_or(VerifyError::Invalid { tried: candidates.len() })
}

/// The keys that may have made the signature, with their indices.
fn candidates<'k>(
    keys: &'k [VerifyingKey],
    algorithm: SignatureAlgorithm,
    policy: &SignaturePolicy,
) -> Result<Vec<(usize, &'k VerifyingKey)>, VerifyError> {
    let fitting = || keys.iter().enumerate().filter(|(_, k)| k.kind().fits(algorithm));
    let Some((_, first)) = fitting().next() else {
        return Err(VerifyError::KeyType(algorithm));
    };
    let allowed: Vec<_> = fitting().filter(|(_, key)| policy.allows_key(key.kind())).collect();
    if allowed.is_empty() {
        return Err(VerifyError::KeyTooSmall(first.describe()));
    }
    Ok(allowed)
}

#[cfg(test)]
mod tests;
