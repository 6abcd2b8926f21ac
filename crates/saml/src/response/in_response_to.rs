//! Rules on the Response around the Assertion (Core 3.2.2, Profiles 4.1.4.2).

use xmldoc::Element;

use super::Expected;
use super::assertion::Envelope;
use crate::http_url::is_address;
use crate::message::status::Status;
use crate::namespace::{STATUS_NO_PASSIVE, STATUS_SUCCESS};
use crate::reason;
use crate::refusal::{Refusal, quote};

/// Does the verified Response itself say that it answers our request? Then a confirmation need not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    ByVerifiedResponse,
    NotYetProven,
}

/// Destination is exactly the ACS URL, but for a default port; a signed Response must have one (Bindings 3.5.5.2).
pub fn destination(envelope: &Envelope, acs_url: &str) -> Result<(), Refusal> {
    match envelope.attribute("Destination") {
        Some(destination) if is_address(destination, acs_url) => Ok(()),
        Some(destination) => {
            let detail = format!(
                "the Destination of the Response is {}, the ACS URL of this SP is {}",
                quote(destination),
                quote(acs_url)
            );
            Err(Refusal::new(&reason::DESTINATION_MISMATCH, detail))
        }
        None if envelope.is_signed() => {
            let detail = format!(
                "the signed Response has no Destination, the ACS URL of this SP is {}",
                quote(acs_url)
            );
            Err(Refusal::new(&reason::DESTINATION_MISSING, detail))
        }
        None => Ok(()),
    }
}

/// The top-level StatusCode is Success (Core 3.2.2.2).
pub fn status(envelope: &Element) -> Result<(), Refusal> {
    let status = Status::of(envelope)?;
    if status.code == Some(STATUS_SUCCESS) {
        return Ok(());
    }
    let reason = match status.nested {
        Some(STATUS_NO_PASSIVE) => &reason::NO_PASSIVE,
        _ => &reason::STATUS_NOT_SUCCESS,
    };
    Err(Refusal::new(reason, status.to_string()))
}

/// InResponseTo is our request; an unsolicited Response has none and must be allowed (Profiles 4.1.5).
pub fn in_response_to(envelope: &Envelope, expected: &Expected<'_>) -> Result<Answered, Refusal> {
    match (envelope.attribute("InResponseTo"), expected.request) {
        (Some(found), Some(asked)) if found == asked.id => Ok(if envelope.is_signed() {
            Answered::ByVerifiedResponse
        } else {
            Answered::NotYetProven
        }),
        (Some(found), Some(asked)) => Err(answers_another("Response", found, asked.id)),
        (Some(found), None) => Err(answers_unknown("Response", found)),
        (None, Some(_)) => Ok(Answered::NotYetProven),
        (None, None) if expected.idp.policy.allow_unsolicited => Ok(Answered::NotYetProven),
        (None, None) => {
            let detail = format!(
                "the Response has no InResponseTo, allow_unsolicited is off for {}",
                quote(&expected.idp.entity_id)
            );
            Err(Refusal::new(&reason::UNSOLICITED, detail))
        }
    }
}

/// InResponseTo names a request, but not the one that must be answered.
pub fn answers_another(element: &str, found: &str, asked: &str) -> Refusal {
    let detail = format!(
        "the InResponseTo of the {element} is {}, the request is {}",
        quote(found),
        quote(asked)
    );
    Refusal::new(&reason::IN_RESPONSE_TO_MISMATCH, detail)
}

/// InResponseTo names a request where none is pending.
pub fn answers_unknown(element: &str, found: &str) -> Refusal {
    let detail =
        format!("the InResponseTo of the {element} is {}, no login is pending", quote(found));
    Refusal::new(&reason::REQUEST_UNKNOWN, detail)
}
