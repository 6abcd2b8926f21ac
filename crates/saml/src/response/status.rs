//! How the login ended, by the IdP's account.

use xmldoc::Element;

use crate::message::status::Status;
use crate::namespace::{STATUS_NO_AUTHN_CONTEXT, STATUS_NO_PASSIVE, STATUS_SUCCESS};
use crate::reason;
use crate::refusal::Refusal;

/// The top-level StatusCode is Success (Core 3.2.2.2).
pub(super) fn success(envelope: &Element) -> Result<(), Refusal> {
    let status = Status::of(envelope)?;
    if status.code == Some(STATUS_SUCCESS) {
        return Ok(());
    }
    let reason = match status.nested {
        Some(STATUS_NO_AUTHN_CONTEXT) => &reason::NO_AUTHN_CONTEXT,
        Some(STATUS_NO_PASSIVE) => &reason::NO_PASSIVE,
        _ => &reason::STATUS_NOT_SUCCESS,
    };
    Err(Refusal::new(reason, status.to_string()))
}
