//! A value of a query or form that is in base64: a message, or a signature.

use crate::base64_binary::{Error, decode_owned};
use crate::reason;
use crate::refusal::{Refusal, quote};

/// What the value of `name` holds, `max` octets at most.
pub(super) fn decode(name: &str, digits: Vec<u8>, max: usize) -> Result<Vec<u8>, Refusal> {
    let length = digits.len();
    decode_owned(digits, max).map_err(|error| match error {
        Error::TooLarge => too_large(max),
        Error::Invalid => {
            let detail = format!("{} of {length} octets is not base64", quote(name));
            Refusal::new(&reason::BASE64_INVALID, detail)
        }
    })
}

/// It holds, or inflates to, more than `max` octets.
pub(super) fn too_large(max: usize) -> Refusal {
    let detail = format!("the message decodes to more than max_message_size, {max} bytes");
    Refusal::new(&reason::MESSAGE_TOO_LARGE, detail)
}
