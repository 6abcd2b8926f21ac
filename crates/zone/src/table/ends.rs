//! By which clock an entry ends.
//!
//! Most do by the time of day, as what they speak of does. What must not be lost early, since that would let
//! somebody in, lives for a span instead, by the clock for durations: of a time of day that is hours ahead until it
//! is set right, nothing is left then.

use clock::{Seconds, UnixTime};

use super::Table;
use crate::Kind;
use crate::block::Head;

impl Table<'_> {
    /// What [`Head::ends`] is of an entry that shall live from `now` to `expires`. A second more where it is a span:
    /// both clocks are read in whole seconds.
    pub(super) fn end(&self, kind: Kind, expires: UnixTime, now: UnixTime) -> UnixTime {
        if kind.is_pinned() { self.elapsed() + (expires - now) + Seconds(1) } else { expires }
    }

    pub(super) fn has_ended(&self, head: &Head, now: UnixTime) -> bool {
        let now = if head.pinned != 0 { self.elapsed() } else { now };
        now >= head.ends
    }

    /// The end by the time of day, if nobody sets that.
    pub(super) fn expires(&self, head: &Head, now: UnixTime) -> UnixTime {
        if head.pinned != 0 { now + (head.ends - self.elapsed()) } else { head.ends }
    }

    /// What the clock for durations says, as seconds since its own beginning.
    fn elapsed(&self) -> UnixTime {
        UnixTime::from_secs(i64::try_from(self.clock.as_msec() / 1000).unwrap_or(i64::MAX))
    }
}
