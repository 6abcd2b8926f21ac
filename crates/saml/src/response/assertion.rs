//! The one Assertion of a Response, out of bytes that a valid signature covers.

use xmldoc::{Decryption, Document, Element, SignedBy, Verified};

use crate::examination::{Examiner, Place};
use crate::message::encryption;
use crate::message::envelope::{Envelope, refuse_signature};
use crate::namespace::ASSERTION;
use crate::provider::{Encryption, Idp, Policy};
use crate::reason;
use crate::refusal::{Refusal, quote};

/// The one Assertion, out of bytes that a valid signature covers.
///
/// Every signature that is there must verify: its own, the Response's, or both.
pub(super) fn assertion(
    document: &Document,
    envelope: Envelope,
    idp: &Idp,
    decryption: &Decryption<'_>,
    examiner: Examiner<'_>,
) -> Result<Verified<Element>, Refusal> {
    match exactly_one(&envelope)? {
        Form::Clear => clear(document, envelope, idp, examiner),
        Form::Encrypted => encrypted(document, envelope, idp, decryption, examiner),
    }
}

fn clear(
    document: &Document,
    envelope: Envelope,
    idp: &Idp,
    examiner: Examiner<'_>,
) -> Result<Verified<Element>, Refusal> {
    let own_signature = document.child_is_signed(ASSERTION, "Assertion");
    signed_as_wanted(envelope.is_signed(), own_signature, &idp.policy)?;
    if idp.policy.encryption == Encryption::Require {
        let detail = "the Response holds an Assertion in the clear, encryption is \"require\"";
        return Err(Refusal::new(&reason::ASSERTION_NOT_ENCRYPTED, detail));
    }
    if own_signature {
        return document
            .verify_child(ASSERTION, "Assertion", &idp.keys, &idp.policy.signature)
            .map(|verified| noted(verified, Place::Message, idp, examiner))
            .map_err(|error| refuse_signature("Assertion", &error, idp));
    }
    match envelope {
        Envelope::Signed(response) => {
            response.into_child(ASSERTION, "Assertion").ok_or_else(assertion_missing)
        }
        Envelope::Unsigned(_) => Err(signature_missing()),
    }
}

/// Under a signed Response its signature vouches for the ciphertext; else the Assertion inside must
/// be signed itself.
fn encrypted(
    document: &Document,
    envelope: Envelope,
    idp: &Idp,
    decryption: &Decryption<'_>,
    examiner: Examiner<'_>,
) -> Result<Verified<Element>, Refusal> {
    const NAME: &str = "EncryptedAssertion";
    let (keys, policy) = (&idp.keys, &idp.policy.signature);
    let refuse_encrypted = |error| encryption::refuse("Assertion", &error);
    let Envelope::Signed(response) = envelope else {
        signed_as_wanted(false, true, &idp.policy)?;
        let decrypted =
            document.decrypt_and_verify_child(ASSERTION, NAME, decryption, keys, policy);
        return decrypted
            .map(|verified| noted(verified, Place::LastPlaintext, idp, examiner))
            .map_err(refuse_encrypted);
    };
    let encrypted = response.into_child(ASSERTION, NAME).ok_or_else(assertion_missing)?;
    let decrypted = encrypted.decrypt(decryption).map_err(refuse_encrypted)?;
    signed_as_wanted(true, decrypted.is_signed(), &idp.policy)?;
    if !decrypted.is_signed() {
        return Ok(decrypted.into_element());
    }
    let verified = decrypted.verify(keys, policy);
    verified
        .map(|verified| noted(verified, Place::LastPlaintext, idp, examiner))
        .map_err(|error| refuse_signature("Assertion", &error, idp))
}

/// The Assertion whose own signature is good, which is noted.
fn noted(
    (assertion, by): (Verified<Element>, SignedBy),
    place: Place,
    idp: &Idp,
    examiner: Examiner<'_>,
) -> Verified<Element> {
    let id = assertion.attribute("ID");
    examiner.verified(place, "Assertion", id, idp.keys.get(by.key), Some(by));
    assertion
}

/// How the one Assertion comes.
enum Form {
    Clear,
    Encrypted,
}

/// One Assertion as a child of the Response, encrypted or not, and none anywhere else.
fn exactly_one(response: &Element) -> Result<Form, Refusal> {
    let count = response.children_named(ASSERTION, "Assertion").count();
    let encrypted = response.children_named(ASSERTION, "EncryptedAssertion").count();
    let misplaced = response.children.iter().filter(|c| !is_assertion(c)).find_map(holds_assertion);
    if let Some(parent) = misplaced {
        let detail = format!("an Assertion stands in a {}", quote(&parent.name));
        return Err(Refusal::new(&reason::ASSERTION_MISPLACED, detail));
    }
    match (count, encrypted) {
        (1, 0) => Ok(Form::Clear),
        (0, 1) => Ok(Form::Encrypted),
        (0, 0) => Err(assertion_missing()),
        _ => {
            let detail = format!(
                "the Response holds {count} Assertions and {encrypted} EncryptedAssertions"
            );
            Err(Refusal::new(&reason::ASSERTION_MULTIPLE, detail))
        }
    }
}

fn is_assertion(element: &Element) -> bool {
    element.is(ASSERTION, "Assertion") || element.is(ASSERTION, "EncryptedAssertion")
}

/// The element inside `element` (or itself) that has an Assertion as its child.
fn holds_assertion(element: &Element) -> Option<&Element> {
    if element.children.iter().any(is_assertion) {
        return Some(element);
    }
    element.children.iter().find_map(holds_assertion)
}

/// At least one signature, and those that the administrator wants.
fn signed_as_wanted(response: bool, assertion: bool, policy: &Policy) -> Result<(), Refusal> {
    if !response && !assertion {
        return Err(signature_missing());
    }
    if policy.want_response_signed && !response {
        return Err(Refusal::new(
            &reason::RESPONSE_UNSIGNED,
            "only the Assertion is signed, want_response_signed is on",
        ));
    }
    if policy.want_assertion_signed && !assertion {
        return Err(Refusal::new(
            &reason::ASSERTION_UNSIGNED,
            "only the Response is signed, want_assertion_signed is on",
        ));
    }
    Ok(())
}

fn assertion_missing() -> Refusal {
    Refusal::new(&reason::ASSERTION_MISSING, "the status is Success, the Response has no Assertion")
}

fn signature_missing() -> Refusal {
    Refusal::new(&reason::SIGNATURE_MISSING, "neither the Response nor the Assertion is signed")
}
