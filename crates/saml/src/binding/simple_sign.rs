//! HTTP-POST-SimpleSign: the signature of a form is over octets, and no XML has to be canonicalised.

use std::ops::Range;

use crate::binding::percent::{self, Field};

/// What such a signature covers (HTTP-POST-SimpleSign 2.4): `name=message&RelayState=…&SigAlg=…`, each
/// value as it was before base64 or the form's encoding; and where the message stands in it.
///
/// The others follow as they stand in the form. RelayState is not there when the form has none; an empty
/// one is, so that nobody can add or take away one.
///
/// The octets can be read in one way alone, although nothing in them is escaped: a document does not go on
/// with `&` behind its root, and what follows `SigAlg=` is the name of an algorithm or refused.
pub(super) fn covered(
    name: &str,
    message: &[u8],
    others: [Option<Field<'_>>; 2],
) -> (Vec<u8>, Range<usize>) {
    let mut octets = format!("{name}=").into_bytes();
    let start = octets.len();
    octets.extend_from_slice(message);
    let place = start..octets.len();
    for field in others.into_iter().flatten() {
        octets.extend_from_slice(format!("&{}=", field.name()).as_bytes());
        octets.extend_from_slice(&percent::decode(field.value));
    }
    (octets, place)
}
