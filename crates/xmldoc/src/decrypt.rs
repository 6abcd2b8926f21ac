//! XML Encryption as SAML uses it (xmlenc-core1, SAML Core 6): one element, wrapped for one SP.
//!
//! What a ciphertext may do to the answer is bounded by who vouches for it: inside a verified
//! signature it is the IdP's own; outside, the plaintext counts only by its own signature.
pub(crate) mod algorithm;
mod cipher;
mod encrypted;
mod error;
pub(crate) mod fields;
mod hint;
mod key;
mod key_agreement;
mod key_transport;
pub(crate) mod key_wrap;
mod plaintext;
mod plaintexts;
mod policy;

use crate::element::{ASSERTION, plaintext_name};
use crate::{
    Document, Element, Limits, SignaturePolicy, SignedBy, Verified, VerifyError, VerifyingKey,
};

pub use error::DecryptError;
pub use key::DecryptionKey;
pub use plaintexts::{Plaintext, Plaintexts};
pub use policy::DecryptionPolicy;

use encrypted::{Encrypted, KeySource};
use policy::{Coverage, MOST_ATTEMPTS};

/// Encrypted elements in one message; each costs private key operations.
const MOST_ENCRYPTED: usize = 64;

/// All that decrypting needs.
#[derive(Clone, Copy, Debug)]
pub struct Decryption<'a> {
    /// The SP's keys (rollover): those that an EncryptedKey or AgreementMethod says it is for are tried
    /// first, then in this order.
    pub keys: &'a [DecryptionKey],
    /// entityID of the SP, which an EncryptedKey may name as its Recipient.
    pub sp: &'a str,
    /// Weak algorithms that are allowed all the same.
    pub policy: DecryptionPolicy,
    /// Bounds on each plaintext.
    pub limits: &'a Limits,
    /// Where plaintexts are kept for who looks for a mistake; `None` = nowhere.
    pub plaintexts: Option<&'a Plaintexts>,
}

impl Decryption<'_> {
    /// Everything before the first key operation may be told to anybody; nothing after it may.
    fn open(&self, holder: &Element, coverage: Coverage) -> Result<Opened, DecryptError> {
        let name = plaintext_name(&holder.namespace, &holder.name)
            .ok_or(DecryptError::Structure("the element is none that holds EncryptedData"))?;
        let encrypted = Encrypted::read(holder)?.allowed(&self.policy, coverage)?;
        if self.keys.is_empty() {
            return Err(DecryptError::NoKey);
        }
        let (document, source, key) = self
            .attempts(&encrypted.keys, coverage)?
            .into_iter()
            .find_map(|(source, key)| {
                let length = encrypted.cipher.key_length();
                let content_key = key.content_key(source, length)?;
                let plaintext = encrypted.cipher.decrypt(&content_key, &encrypted.ciphertext)?;
                let document = plaintext::parse(&plaintext.octets, &holder.scope, self.limits);
                let document = document.ok().filter(|document| document.root_is(ASSERTION, name));
                // The last check, so that bad padding costs what good padding does.
                let document = document.filter(|_| plaintext.is_padded)?;
                Some((document, source, key))
            })
            .ok_or(DecryptError::Failed)?;
        let mut plaintext = self.plaintexts.map(|_| Plaintext {
            holder: holder.name.to_string(),
            cipher: encrypted.cipher.uri(),
            key_method: source.describe(),
            key: key.describe(),
            lines: document.picture(),
        });
        let is_authenticated = encrypted.cipher.is_authenticated();
        if is_authenticated || coverage == Coverage::Signed {
            self.keep(plaintext.take());
        }
        Ok(Opened { document, is_authenticated, plaintext })
    }
}

impl<'a> Decryption<'a> {
    /// Keeps a plaintext for which somebody vouches.
    fn keep(&self, plaintext: Option<Plaintext>) {
        if let (Some(plaintexts), Some(plaintext)) = (self.plaintexts, plaintext) {
            plaintexts.add(plaintext);
        }
    }

    /// What to try, the likeliest first: each is a private key operation.
    fn attempts<'k>(
        &self,
        sources: &'k [KeySource],
        coverage: Coverage,
    ) -> Result<Vec<(&'k KeySource, &'a DecryptionKey)>, DecryptError> {
        let pairs = self.keys.iter().flat_map(|key| sources.iter().map(move |s| (s, key)));
        let mut pairs: Vec<_> = pairs.collect();
        if pairs.len() > MOST_ATTEMPTS {
            return Err(DecryptError::Structure("there are too many EncryptedKeys"));
        }
        pairs.retain(|(source, key)| key.fits(source));
        pairs.sort_by_key(|(source, key)| key.distance(source, self.sp));
        pairs.truncate(coverage.most_attempts());
        Ok(pairs)
    }
}

/// A plaintext, parsed. `is_authenticated`: nobody without the content key has changed it.
struct Opened {
    document: Document,
    is_authenticated: bool,
    /// Not kept yet: nobody vouches for it so far.
    plaintext: Option<Plaintext>,
}

/// What was decrypted under a verified signature.
pub struct Decrypted {
    document: Document,
}

impl Decrypted {
    /// Has it a `ds:Signature` of its own? Then [`Decrypted::verify`] must not fail.
    pub fn is_signed(&self) -> bool {
        self.document.root_is_signed()
    }

    /// Verifies its own signature and returns what that digested.
    ///
    /// # Errors
    /// It has no signature, or one that breaks the policy or is of none of the keys.
    pub fn verify(
        &self,
        keys: &[VerifyingKey],
        policy: &SignaturePolicy,
    ) -> Result<(Verified<Element>, SignedBy), VerifyError> {
        self.document.verify_root(keys, policy)
    }

    /// The element, for which the signature around the ciphertext vouches.
    pub fn into_element(self) -> Verified<Element> {
        Verified::whole(self.document.trusted_root())
    }
}

impl Verified<Element> {
    /// Decrypts this `EncryptedAssertion`, `EncryptedID` or `EncryptedAttribute`.
    ///
    /// # Errors
    /// The ciphertext is in no form that is taken, or does not decrypt.
    pub fn decrypt(&self, with: &Decryption<'_>) -> Result<Decrypted, DecryptError> {
        let opened = with.open(self, Coverage::Signed)?;
        Ok(Decrypted { document: opened.document })
    }

    /// Puts what they decrypt to in the place of each `EncryptedID` and `EncryptedAttribute` inside.
    ///
    /// # Errors
    /// As [`Verified::decrypt`], for the first that fails; or more than 64 are encrypted.
    pub fn decrypt_within(self, with: &Decryption<'_>) -> Result<Self, DecryptError> {
        let mut element = self.into_inner();
        replace(&mut element, with, &mut 0)?;
        Ok(Self::whole(element))
    }
}

/// Recursion is bounded by the gate's depth.
fn replace(
    element: &mut Element,
    with: &Decryption<'_>,
    count: &mut usize,
) -> Result<(), DecryptError> {
    for child in &mut element.children {
        match plaintext_name(&child.namespace, &child.name) {
            Some("NameID" | "Attribute") => {
                *count += 1;
                if *count > MOST_ENCRYPTED {
                    return Err(DecryptError::Structure("more than 64 elements are encrypted"));
                }
                *child = with.open(child, Coverage::Signed)?.document.trusted_root();
            }
            // An Assertion inside an Assertion is nothing that anybody reads.
            Some(_) => {}
            None => replace(child, with, count)?,
        }
    }
    Ok(())
}

impl Document {
    /// Decrypts the root's only child `{namespace}name`, for which no signature vouches, and
    /// verifies the signature of what comes out.
    ///
    /// # Errors
    /// There is not exactly one such child, it does not decrypt, or what comes out is not verified.
    pub fn decrypt_and_verify_child(
        &self,
        namespace: &str,
        name: &str,
        with: &Decryption<'_>,
        keys: &[VerifyingKey],
        policy: &SignaturePolicy,
    ) -> Result<(Verified<Element>, SignedBy), DecryptError> {
        let child = self.copy_only_child(namespace, name).ok_or(DecryptError::Structure(
            "the root has not exactly one child of the encrypted element's name",
        ))?;
        let opened = with.open(&child, Coverage::Unsigned)?;
        let verified = opened.document.verify_root(keys, policy);
        if verified.is_ok() {
            with.keep(opened.plaintext);
        }
        verified.map_err(|error| {
            // Which plaintexts get as far as their signature tells what a changed block decrypts to;
            // whoever asks the second verifier has the IdP's own.
            if opened.is_authenticated || matches!(error, VerifyError::SecondVerifier(_)) {
                DecryptError::Signature(error)
            } else {
                DecryptError::Failed
            }
        })
    }
}

#[cfg(test)]
mod tests;
