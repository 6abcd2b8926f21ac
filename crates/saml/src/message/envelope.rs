//! A message, and who vouches for it (docs/validation.md): what is signed is read from signed bytes alone.

use std::ops::Deref;

use xmldoc::{Document, Element, Unverified, Verified, VerifyError};

use crate::binding::DetachedSignature;
use crate::provider::Idp;
use crate::refusal::{Refusal, quote};
use crate::xml_error::signature_reason;

/// A message, or the Response around the Assertion: what its signature covers when it has one.
pub(crate) enum Envelope {
    Signed(Verified<Element>),
    /// Good for refusing only, or for what an administrator lets anybody do; the Assertion in it is an
    /// empty shell.
    Unsigned(Unverified<Element>),
}

impl Envelope {
    /// A signed message (`name` is its element's) is read from its verified bytes and from nowhere
    /// else; both of its signatures must verify, when it has two.
    pub(crate) fn read(
        name: &str,
        document: &Document,
        detached: Option<DetachedSignature>,
        idp: &Idp,
    ) -> Result<Self, Refusal> {
        let (keys, policy) = (&idp.keys, &idp.policy.signature);
        let mut envelope = None;
        if let Some(DetachedSignature { of, algorithm, value }) = detached {
            let message = document
                .verify_octets(&algorithm, &value, keys, policy)
                .map_err(|error| refuse_signature(of, &error, idp))?;
            envelope = Some(Self::Signed(message));
        }
        if document.root_is_signed() {
            let (message, _) = document
                .verify_root(keys, policy)
                .map_err(|error| refuse_signature(name, &error, idp))?;
            envelope = Some(Self::Signed(message));
        }
        Ok(envelope.unwrap_or_else(|| Self::Unsigned(document.envelope().clone())))
    }

    pub(crate) fn is_signed(&self) -> bool {
        matches!(self, Self::Signed(_))
    }
}

impl Deref for Envelope {
    type Target = Element;
    fn deref(&self) -> &Element {
        match self {
            Self::Signed(message) => message,
            Self::Unsigned(message) => message,
        }
    }
}

/// With the keys that were tried: an administrator compares them with those of the IdP.
pub(crate) fn refuse_signature(element: &str, error: &VerifyError, idp: &Idp) -> Refusal {
    let keys: Vec<String> = idp.keys.iter().map(|key| key.describe()).collect();
    let detail = format!(
        "the signature of the {element}: {}; the IdP {} has these keys: {}",
        quote(&error.to_string()),
        quote(&idp.entity_id),
        keys.join(", ")
    );
    Refusal::new(signature_reason(error), detail)
}
