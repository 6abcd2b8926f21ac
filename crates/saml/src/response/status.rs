//! How the login ended, by the IdP's account.

use crate::message::envelope::Envelope;
use crate::message::status::Status;
use crate::namespace::{STATUS_NO_AUTHN_CONTEXT, STATUS_NO_PASSIVE, STATUS_SUCCESS};
use crate::reason;
use crate::refusal::Refusal;

/// The top-level StatusCode is Success (Core 3.2.2.2). The words of an IdP that signs its failures go to the
/// person; without a signature anybody's could.
pub(super) fn success(envelope: &Envelope) -> Result<(), Refusal> {
    let status = Status::of(envelope)?;
    if status.code == Some(STATUS_SUCCESS) {
        return Ok(());
    }
    let reason = match status.nested {
        Some(STATUS_NO_AUTHN_CONTEXT) => &reason::NO_AUTHN_CONTEXT,
        Some(STATUS_NO_PASSIVE) => &reason::NO_PASSIVE,
        _ => &reason::STATUS_NOT_SUCCESS,
    };
    let refusal = Refusal::new(reason, status.to_string());
    Err(match status.message {
        Some(words) if envelope.is_signed() => refusal.with_words(words),
        _ => refusal,
    })
}
