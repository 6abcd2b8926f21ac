//! Where a message was to go (Core 3.2.1, 3.2.2).

use super::envelope::Envelope;
use crate::reason;
use crate::refusal::{Refusal, quote};
use http::is_address;

/// Destination is exactly `url`, but for a default port; what is signed must have one (Bindings 3.4.5.2,
/// 3.5.5.2). `is_connected`: who sends it is itself connected to the one it means (Bindings 3.2.2), and
/// need name no address; pysaml2 then leaves it empty.
///
/// `this_is` says in the log what `url` is, as in "it came to".
pub(crate) fn destination(
    envelope: &Envelope,
    is_connected: bool,
    url: &str,
    this_is: &str,
) -> Result<(), Refusal> {
    let name = &envelope.name;
    match envelope.attribute("Destination") {
        None | Some("") if is_connected => Ok(()),
        Some(destination) if is_address(destination, url) => Ok(()),
        Some(destination) => {
            let (destination, url) = (quote(destination), quote(url));
            let detail = format!("the Destination of the {name} is {destination}, {this_is} {url}");
            Err(Refusal::new(&reason::DESTINATION_MISMATCH, detail))
        }
        None if envelope.is_signed() => {
            let detail = format!("the signed {name} has no Destination, {this_is} {}", quote(url));
            Err(Refusal::new(&reason::DESTINATION_MISSING, detail))
        }
        None => Ok(()),
    }
}
