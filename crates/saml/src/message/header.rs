//! What messages and Assertions begin with: Version, ID, IssueInstant, Issuer (Core 2.3.3, 3.2.2).

use clock::{Seconds, UnixTime};
use xmldoc::Element;

use super::clock::{Clock, required_instant};
use crate::identity_text;
use crate::namespace::{ASSERTION, NAME_ID_ENTITY};
use crate::provider::Idp;
use crate::reason;
use crate::refusal::{Refusal, quote, quote_option};

/// Version is exactly `2.0`.
pub(crate) fn version(element: &Element) -> Result<(), Refusal> {
    let version = element.attribute("Version");
    if version == Some("2.0") {
        return Ok(());
    }
    let detail = format!(
        "the Version of the {} is {}, this SP speaks \"2.0\"",
        element.name,
        quote_option(version)
    );
    Err(Refusal::new(&reason::VERSION_UNSUPPORTED, detail))
}

/// ID is there.
pub(crate) fn id(element: &Element) -> Result<String, Refusal> {
    match element.attribute("ID") {
        Some(id) if !id.is_empty() => Ok(id.to_owned()),
        found => {
            let detail = format!("the ID of the {} is {}", element.name, quote_option(found));
            Err(Refusal::new(&reason::ID_MISSING, detail))
        }
    }
}

/// IssueInstant is a time, and not in the future.
pub(crate) fn issue_instant(element: &Element, clock: &Clock) -> Result<UnixTime, Refusal> {
    let instant = required_instant(element, "IssueInstant")?;
    if clock.may_have_come(instant) {
        return Ok(instant);
    }
    let detail = clock.disagreement(element, "IssueInstant");
    Err(Refusal::new(&reason::ISSUE_INSTANT_FUTURE, detail))
}

/// The Assertion is not older than max_assertion_age. Its own end does not do: an IdP may say hours, and
/// what was issued before a logout must not come back when the logout is forgotten.
pub(crate) fn recent(
    assertion: &Element,
    issue_instant: UnixTime,
    max_age: Seconds,
    clock: &Clock,
) -> Result<(), Refusal> {
    if !clock.is_older(issue_instant, max_age) {
        return Ok(());
    }
    let disagreement = clock.disagreement(assertion, "IssueInstant");
    let detail = format!("{disagreement}, max_assertion_age is {max_age} s");
    Err(Refusal::new(&reason::ASSERTION_TOO_OLD, detail))
}

/// Issuer is the IdP.
pub(crate) fn issuer(element: &Element, idp: &Idp) -> Result<(), Refusal> {
    let Some(issuer) = element.child(ASSERTION, "Issuer") else {
        let detail =
            format!("the {} has no Issuer, the IdP is {}", element.name, quote(&idp.entity_id));
        return Err(Refusal::new(&reason::ISSUER_MISSING, detail));
    };
    let format = issuer.attribute("Format");
    let is_entity = format.is_none_or(|format| format == NAME_ID_ENTITY);
    if uri(issuer) == idp.entity_id && is_entity {
        return Ok(());
    }
    let detail = format!(
        "the Issuer of the {} is {} (Format {}), the IdP is {}",
        element.name,
        quote(uri(issuer)),
        quote_option(format),
        quote(&idp.entity_id)
    );
    Err(Refusal::new(&reason::ISSUER_MISMATCH, detail))
}

/// Issuer is absent or the IdP: only a signed Response must name it (Profiles 4.1.4.2), and a
/// Response's own signature already says who made it.
pub(crate) fn issuer_if_present(element: &Element, idp: &Idp) -> Result<(), Refusal> {
    match element.child(ASSERTION, "Issuer") {
        Some(_) => issuer(element, idp),
        None => Ok(()),
    }
}

/// The URI that an element holds; pretty-printing around it is no part of a URI.
pub(crate) fn uri(element: &Element) -> &str {
    identity_text::trim(&element.text)
}
