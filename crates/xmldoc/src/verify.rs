//! Enveloped signatures: what they must look like, and what they vouch for.
mod error;
mod policy;
mod signed_info;

use std::ops::Deref;

use crate::ffi::{Dsig, DsigFailure, Node, Tree};
use crate::{DigestAlgorithm, Element, SignatureAlgorithm, VerifyingKey, element};

pub use error::VerifyError;
pub use policy::SignaturePolicy;
use signed_info::SignedInfo;

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
    pub fn into_child(self, namespace: &str, name: &str) -> Option<Verified<Element>> {
        self.0.children.into_iter().find(|c| c.is(namespace, name)).map(Verified)
    }
}

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedBy {
    /// Index into the trusted keys.
    pub key: usize,
    pub signature: SignatureAlgorithm,
    pub digest: DigestAlgorithm,
}

/// Verifies the one `ds:Signature` child of `target`, and reads the bytes that were digested.
pub(crate) fn verify(
    tree: &Tree,
    target: Node<'_>,
    keys: &[VerifyingKey],
    policy: &SignaturePolicy,
) -> Result<(Verified<Element>, SignedBy), VerifyError> {
    let signature = signed_info::signature_of(target)?;
    let id = signed_info::target_id(target)?;
    let signed_info = SignedInfo::read(signature, &id, policy)?;
    let candidates = candidates(keys, signed_info.signature, policy)?;
    if !tree.register_id(target, &id) {
        return Err(VerifyError::ReferenceUri(format!("#{id}, a name that leads elsewhere")));
    }
    let (key, digested) = first_that_fits(signature, &signed_info, &id, &candidates)?;
    let element = element::from_canonical(&digested).map_err(|_| VerifyError::Void)?;
    if !element.is(target.namespace(), target.name()) || element.attribute("ID") != Some(&id) {
        return Err(VerifyError::Structure("the digested bytes are not the signed element"));
    }
    let by = SignedBy { key, signature: signed_info.signature, digest: signed_info.digest };
    Ok((Verified(element), by))
}

/// Verifies a detached signature over octets (Bindings 3.4.4.1).
pub(crate) fn verify_octets(
    octets: &[u8],
    algorithm: &str,
    signature: &[u8],
    keys: &[VerifyingKey],
    policy: &SignaturePolicy,
) -> Result<(), VerifyError> {
    let algorithm = SignatureAlgorithm::from_uri(algorithm)
        .filter(|algorithm| policy.allows_signature(*algorithm))
        .ok_or_else(|| VerifyError::SignatureAlgorithm(algorithm.to_owned()))?;
    let candidates = candidates(keys, algorithm, policy)?;
    if candidates.iter().any(|(_, key)| key.verify_octets(algorithm, policy, octets, signature)) {
        return Ok(());
    }
    Err(VerifyError::Invalid { tried: candidates.len() })
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

/// Tries the keys in order (an IdP that rolls its key over publishes two).
fn first_that_fits(
    signature: Node<'_>,
    signed_info: &SignedInfo,
    id: &str,
    candidates: &[(usize, &VerifyingKey)],
) -> Result<(usize, Vec<u8>), VerifyError> {
    let reference = format!("#{id}");
    let dsig = Dsig {
        signature_method: signed_info.signature.uri(),
        digest_method: signed_info.digest.uri(),
        reference: &reference,
    };
    for (index, key) in candidates {
        match dsig.verify(signature, key.sec()) {
            Ok(digested) => return Ok((*index, digested)),
            // A signature value of another length than the key's is refused, not invalid.
            Err(DsigFailure::Invalid | DsigFailure::Refused) => {}
            Err(DsigFailure::Digest) => return Err(VerifyError::DigestMismatch),
            Err(DsigFailure::Reference) => return Err(VerifyError::ReferenceCount),
            Err(DsigFailure::Void) => return Err(VerifyError::Void),
        }
    }
    Err(VerifyError::Invalid { tried: candidates.len() })
}

#[cfg(test)]
mod tests;
