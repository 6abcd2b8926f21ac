//! How long an entry lives, as memcached reads it.

use clock::{Seconds, UnixTime};

/// Up to here memcached takes a number of seconds as relative, beyond as an instant.
const LONGEST_RELATIVE: Seconds = Seconds(30 * 24 * 60 * 60);

/// memcached reads 32 bits with a sign.
const LAST_INSTANT: UnixTime = UnixTime::from_secs(i32::MAX as i64);

/// An exptime (memcached's `doc/protocol.txt`, "Expiration times").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ttl(u32);

impl Ttl {
    /// For an entry that ends at `expires`.
    ///
    /// A second more: the node counts whole ones that begin at another time than ours, and what refuses
    /// a replay must not end before what could be replayed. Relative as long as possible, so that only
    /// far expiries depend on the node's clock. What has expired gets a second: 0 would mean for ever.
    pub fn until(expires: UnixTime, now: UnixTime) -> Self {
        let expires = expires + Seconds(1);
        let left = expires - now;
        let instant = expires.min(LAST_INSTANT);
        let wire = if left <= LONGEST_RELATIVE {
            left.0.max(1)
        } else if instant - now > LONGEST_RELATIVE {
            instant.as_secs()
        } else {
            LONGEST_RELATIVE.0
        };
        Self(u32::try_from(wire).unwrap_or(1))
    }

    pub(crate) fn flag(self) -> String {
        format!("T{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);
    const DAY: Seconds = Seconds(24 * 60 * 60);

    #[test]
    fn up_to_thirty_days_are_relative() {
        assert_eq!(Ttl::until(NOW + Seconds(599), NOW), Ttl(600));
        assert_eq!(Ttl::until(NOW + DAY * 30 - Seconds(1), NOW), Ttl(30 * 86_400));
    }

    #[test]
    fn more_is_an_instant() {
        let end = NOW + DAY * 30;
        assert_eq!(Ttl::until(end, NOW), Ttl((end.as_secs() + 1) as u32));
    }

    #[test]
    fn the_past_is_never_for_ever() {
        let past = [0, -1, i64::MIN].map(UnixTime::from_secs);
        for expires in past.into_iter().chain([NOW, NOW - Seconds(1)]) {
            assert_eq!(Ttl::until(expires, NOW), Ttl(1));
        }
    }

    #[test]
    fn beyond_what_memcached_can_count_it_stays_an_entry() {
        assert_eq!(Ttl::until(UnixTime::MAX, NOW), Ttl(i32::MAX as u32));
        let late = UnixTime::from_secs(i64::from(i32::MAX)) - DAY;
        assert_eq!(Ttl::until(UnixTime::MAX, late), Ttl(30 * 86_400));
    }
}
