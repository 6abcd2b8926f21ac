//! Which request a message answers (Core 3.2.2).

use crate::reason;
use crate::refusal::{Refusal, quote};

/// InResponseTo names a request, but not the one that must be answered.
pub(crate) fn answers_another(element: &str, found: &str, asked: &str) -> Refusal {
    let detail = format!(
        "the InResponseTo of the {element} is {}, the request is {}",
        quote(found),
        quote(asked)
    );
    Refusal::new(&reason::IN_RESPONSE_TO_MISMATCH, detail)
}
