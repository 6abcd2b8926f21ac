//! A message, and who vouches for it (docs/validation.md): what is signed is read from signed bytes alone.

use std::ops::Deref;

use xmldoc::{Document, Element, Unverified, Verified, VerifyError};

use crate::binding::DetachedSignature;
use crate::examination::{Examiner, Place};
use crate::provider::Idp;
use crate::reason;
use crate::refusal::{Refusal, quote};
use crate::xml_error::signature_reason;

/// A message, or the Response around the Assertion: what its signature covers when it has one.
pub(crate) enum Envelope {
    Signed(Verified<Element>),
    /// Good for refusing only, or for what an administrator lets anybody do; the Assertion in it is an
    /// empty shell.
    Unsigned(Unverified<Element>),
}

/// What vouches for a message from outside of it.
pub(crate) enum Voucher {
    /// The signature beside it, in the query or form that it came in.
    Detached(DetachedSignature),
    /// The ArtifactResponse that it came in.
    ArtifactResponse(Box<Resolved>),
}

/// Who has sent a Response in answer to an ArtifactResolve.
pub(crate) struct Resolved {
    /// The entityID of the IdP that was asked.
    pub idp: String,
    /// The Response out of the bytes that the signature of the ArtifactResponse covers, when it has one:
    /// the keys of that IdP have verified it.
    pub response: Option<Verified<Element>>,
}

impl Voucher {
    /// Is there a signature?
    pub(crate) fn is_signed(&self) -> bool {
        match self {
            Self::Detached(_) => true,
            Self::ArtifactResponse(resolved) => resolved.response.is_some(),
        }
    }
}

impl Envelope {
    /// A signed message (`name` is its element's) is read from its verified bytes and from nowhere
    /// else; both of its signatures must verify, when it has two.
    pub(crate) fn read(
        name: &str,
        document: &Document,
        voucher: Option<Voucher>,
        idp: &Idp,
        examiner: Examiner<'_>,
    ) -> Result<Self, Refusal> {
        let (keys, policy) = (&idp.keys, &idp.policy.signature);
        let mut envelope = match voucher {
            Some(Voucher::Detached(DetachedSignature { of, algorithm, value })) => {
                let (message, key) = document
                    .verify_octets(&algorithm, &value, keys, policy)
                    .map_err(|error| refuse_signature(of, &error, idp))?;
                examiner.verified(Place::Message, name, None, keys.get(key), None);
                Some(Self::Signed(message))
            }
            Some(Voucher::ArtifactResponse(resolved)) => {
                of_the_asked(name, &resolved, idp)?;
                resolved.response.map(Self::Signed)
            }
            None => None,
        };
        if document.root_is_signed() {
            let (message, by) = document
                .verify_root(keys, policy)
                .map_err(|error| refuse_signature(name, &error, idp))?;
            let id = message.attribute("ID");
            examiner.verified(Place::Message, name, id, keys.get(by.key), Some(by));
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

/// The IdP that was asked speaks for itself alone: its keys have verified what it sent.
fn of_the_asked(name: &str, resolved: &Resolved, idp: &Idp) -> Result<(), Refusal> {
    if resolved.idp == idp.entity_id {
        return Ok(());
    }
    let (asked, idp) = (quote(&resolved.idp), quote(&idp.entity_id));
    let detail = format!("the {name} came from {asked}, the login is one of {idp}");
    Err(Refusal::new(&reason::ISSUER_MISMATCH, detail))
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
