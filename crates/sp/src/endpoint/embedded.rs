//! Requests that no person makes: a page makes them by itself.

use http::{Headers, browser};
use saml::reason;
use saml::refusal::{Refusal, quote};

/// Images, scripts and other parts of a page (Fetch 2.2.5) begin and end nothing: no person asked for
/// them. Of frames, `frames` do.
pub(super) fn refuse_embedded(head: &impl Headers, frames: Frames) -> Result<(), Refusal> {
    let is_part = match (browser::is_framed(head), frames) {
        (true, Frames::Any) => false,
        (true, Frames::OfAPerson) => head.first("sec-fetch-user") != Some(b"?1"),
        (false, _) => browser::is_subresource(head),
    };
    if !is_part {
        return Ok(());
    }
    let destination = head.first("sec-fetch-dest").unwrap_or_default();
    let destination = quote(&String::from_utf8_lossy(destination));
    let detail = format!("Sec-Fetch-Dest is {destination}, no person's navigation and no fetch()");
    Err(Refusal::new(&reason::REQUEST_EMBEDDED, detail))
}

/// The frames in which something may begin or end.
pub(super) enum Frames {
    Any,
    /// Those that a person has just clicked in.
    OfAPerson,
}
