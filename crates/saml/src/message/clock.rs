//! Now, and the tolerated difference of the clocks (Core 1.3.3).

use clock::{Seconds, UnixTime};
use xmldoc::Element;

use super::expected::Expected;
use crate::instant;
use crate::reason;
use crate::refusal::{Refusal, quote, quote_option};

/// The time against which one message is judged.
pub(crate) struct Clock {
    pub now: UnixTime,
    skew: Seconds,
}

impl Clock {
    pub(crate) fn of(expected: &Expected<'_>) -> Self {
        Self { now: expected.now, skew: expected.idp.policy.clock_skew }
    }

    /// May `instant` (a NotBefore) have come at the IdP?
    pub(crate) fn may_have_come(&self, instant: UnixTime) -> bool {
        instant <= self.later(self.now)
    }

    /// Has `instant` (a NotOnOrAfter) surely come at the IdP?
    pub(crate) fn has_surely_come(&self, instant: UnixTime) -> bool {
        instant <= self.earlier(self.now)
    }

    /// `instant` on the slowest tolerated clock.
    pub(crate) fn later(&self, instant: UnixTime) -> UnixTime {
        instant + self.skew
    }

    /// `instant` on the fastest tolerated clock.
    pub(crate) fn earlier(&self, instant: UnixTime) -> UnixTime {
        instant - self.skew
    }

    /// Until when what was issued at `instant` is taken for no older than `max_age`: the last second
    /// in which [`Clock::is_older`] does not hold.
    pub(crate) fn last_accepted(&self, instant: UnixTime, max_age: Seconds) -> UnixTime {
        self.later(instant + max_age)
    }

    /// Was what was issued at `instant` surely issued longer ago than `max_age`?
    pub(super) fn is_older(&self, instant: UnixTime, max_age: Seconds) -> bool {
        self.last_accepted(instant, max_age) < self.now
    }

    /// "the NotBefore of the Conditions is …, now is … and clock_skew is … s".
    pub(crate) fn disagreement(&self, element: &Element, attribute: &str) -> String {
        format!(
            "the {attribute} of the {} is {}, now is {} and clock_skew is {} s",
            element.name,
            quote_option(element.attribute(attribute)),
            instant::format(self.now),
            self.skew
        )
    }
}

/// An xs:dateTime attribute that may be absent; `instant_invalid` when it is none.
pub(crate) fn optional_instant(
    element: &Element,
    attribute: &str,
) -> Result<Option<UnixTime>, Refusal> {
    let Some(text) = element.attribute(attribute) else { return Ok(None) };
    let Some(instant) = instant::parse(text) else {
        let detail = format!("the {attribute} of the {} is {}", element.name, quote(text));
        return Err(Refusal::new(&reason::INSTANT_INVALID, detail));
    };
    Ok(Some(instant))
}

/// An xs:dateTime attribute; `instant_invalid` when it is absent or none.
pub(crate) fn required_instant(element: &Element, attribute: &str) -> Result<UnixTime, Refusal> {
    optional_instant(element, attribute)?.ok_or_else(|| {
        let detail = format!("the {} has no {attribute}", element.name);
        Refusal::new(&reason::INSTANT_INVALID, detail)
    })
}
