//! Conditions: when and for whom the Assertion is valid (Core 2.5).

use clock::UnixTime;
use xmldoc::Element;

use crate::message::clock::{Clock, optional_instant};
use crate::message::header::uri;
use crate::namespace::{ASSERTION, XSI};
use crate::reason;
use crate::refusal::{Refusal, quote, quote_option};

/// Longest list of audiences in a log line.
const AUDIENCES_SHOWN: usize = 8;

/// All conditions hold. Returns NotOnOrAfter.
pub(super) fn check(
    assertion: &Element,
    sp_entity_id: &str,
    clock: &Clock,
) -> Result<Option<UnixTime>, Refusal> {
    let Some(conditions) = assertion.child(ASSERTION, "Conditions") else {
        return Err(audience_missing("the Assertion has no Conditions", sp_entity_id));
    };
    understood(conditions)?;
    let not_on_or_after = in_time(conditions, clock)?;
    audience(conditions, sp_entity_id)?;
    Ok(not_on_or_after)
}

/// Core 2.5.1: a condition that is not understood makes the Assertion's validity indeterminate.
///
/// OneTimeUse holds because every assertion ID is claimed once; ProxyRestriction binds who issues
/// further assertions, which an SP does not.
fn understood(conditions: &Element) -> Result<(), Refusal> {
    let known = ["AudienceRestriction", "OneTimeUse", "ProxyRestriction"];
    let unknown = conditions
        .children
        .iter()
        .find(|c| c.namespace != ASSERTION || !known.contains(&c.name.as_str()));
    let Some(unknown) = unknown else { return Ok(()) };
    let detail = format!(
        "the Conditions hold {} of type {}",
        quote(&format!("{{{}}}{}", unknown.namespace, unknown.name)),
        quote_option(unknown.attribute_ns(XSI, "type"))
    );
    Err(Refusal::new(&reason::CONDITION_UNKNOWN, detail))
}

/// NotBefore and NotOnOrAfter (Core 2.5.1.2).
fn in_time(conditions: &Element, clock: &Clock) -> Result<Option<UnixTime>, Refusal> {
    let not_before = optional_instant(conditions, "NotBefore")?;
    let not_on_or_after = optional_instant(conditions, "NotOnOrAfter")?;
    if not_before.zip(not_on_or_after).is_some_and(|(begin, end)| begin >= end) {
        let detail = format!(
            "the NotBefore is {}, the NotOnOrAfter is {}",
            quote_option(conditions.attribute("NotBefore")),
            quote_option(conditions.attribute("NotOnOrAfter"))
        );
        return Err(Refusal::new(&reason::ASSERTION_NEVER_VALID, detail));
    }
    if not_before.is_some_and(|begin| !clock.may_have_come(begin)) {
        let detail = clock.disagreement(conditions, "NotBefore");
        return Err(Refusal::new(&reason::ASSERTION_NOT_YET_VALID, detail));
    }
    if not_on_or_after.is_some_and(|end| clock.has_surely_come(end)) {
        let detail = clock.disagreement(conditions, "NotOnOrAfter");
        return Err(Refusal::new(&reason::ASSERTION_EXPIRED, detail));
    }
    Ok(not_on_or_after)
}

/// Every AudienceRestriction names this SP, and there is one (Core 2.5.1.4, Profiles 4.1.4.2).
fn audience(conditions: &Element, sp_entity_id: &str) -> Result<(), Refusal> {
    let mut restrictions = conditions.children_named(ASSERTION, "AudienceRestriction").peekable();
    if restrictions.peek().is_none() {
        return Err(audience_missing("the Conditions have no AudienceRestriction", sp_entity_id));
    }
    for restriction in restrictions {
        let mut audiences = restriction.children_named(ASSERTION, "Audience").map(uri);
        if audiences.any(|audience| audience == sp_entity_id) {
            continue;
        }
        let audiences = restriction.children_named(ASSERTION, "Audience").map(uri);
        let shown: Vec<String> = audiences.take(AUDIENCES_SHOWN).map(quote).collect();
        let detail =
            format!("the Audience is {}, this SP is {}", shown.join(", "), quote(sp_entity_id));
        return Err(Refusal::new(&reason::AUDIENCE_MISMATCH, detail));
    }
    Ok(())
}

fn audience_missing(what: &str, sp_entity_id: &str) -> Refusal {
    let detail = format!("{what}, this SP is {}", quote(sp_entity_id));
    Refusal::new(&reason::AUDIENCE_MISSING, detail)
}
