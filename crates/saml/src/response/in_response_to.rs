//! Which of our requests the Response answers (Core 3.2.2, Profiles 4.1.4.2, 4.1.5).

use super::asked::Asked;
use crate::message::envelope::Envelope;
use crate::message::in_response_to::answers_another;
use crate::provider::Idp;
use crate::reason;
use crate::refusal::{Refusal, quote};

/// Does the verified Response itself say that it answers our request? Then a confirmation need not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    ByVerifiedResponse,
    NotYetProven,
}

/// InResponseTo is our request; an unsolicited Response has none and must be allowed (Profiles 4.1.5).
pub(super) fn in_response_to(
    envelope: &Envelope,
    asked: Option<Asked<'_>>,
    idp: &Idp,
) -> Result<Answered, Refusal> {
    match (envelope.attribute("InResponseTo"), asked) {
        (Some(found), Some(asked)) if found == asked.id => Ok(if envelope.is_signed() {
            Answered::ByVerifiedResponse
        } else {
            Answered::NotYetProven
        }),
        (Some(found), Some(asked)) => Err(answers_another("Response", found, asked.id)),
        (Some(found), None) => Err(answers_unknown("Response", found)),
        (None, Some(_)) => Ok(Answered::NotYetProven),
        (None, None) if idp.policy.allow_unsolicited => Ok(Answered::NotYetProven),
        (None, None) => {
            let detail = format!(
                "the Response has no InResponseTo, allow_unsolicited is off for {}",
                quote(&idp.entity_id)
            );
            Err(Refusal::new(&reason::UNSOLICITED, detail))
        }
    }
}

/// InResponseTo names a request where none is pending.
pub(super) fn answers_unknown(element: &str, found: &str) -> Refusal {
    let detail =
        format!("the InResponseTo of the {element} is {}, no login is pending", quote(found));
    Refusal::new(&reason::REQUEST_UNKNOWN, detail)
}
