//! How long an entry lives, as memcached reads it.

/// Up to here memcached takes a number of seconds as relative, beyond as an instant.
const LONGEST_RELATIVE: i64 = 30 * 24 * 60 * 60;

/// An exptime (memcached's `doc/protocol.txt`, "Expiration times").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ttl(u32);

impl Ttl {
    /// For an entry that ends at `expires`; both in Unix seconds.
    ///
    /// A second more: the node counts whole ones that begin at another time than ours, and what refuses
    /// a replay must not end before what could be replayed. Relative as long as possible, so that only
    /// far expiries depend on the node's clock. What has expired gets a second: 0 would mean for ever.
    pub fn until(expires: i64, now: i64) -> Self {
        let expires = expires.saturating_add(1);
        let seconds = expires.saturating_sub(now);
        // memcached reads 32 bits with a sign.
        let instant = expires.min(i64::from(i32::MAX));
        let wire = if seconds <= LONGEST_RELATIVE {
            seconds.max(1)
        } else if instant.saturating_sub(now) > LONGEST_RELATIVE {
            instant
        } else {
            LONGEST_RELATIVE
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

    const NOW: i64 = 1_795_260_600;
    const DAY: i64 = 24 * 60 * 60;

    #[test]
    fn up_to_thirty_days_are_relative() {
        assert_eq!(Ttl::until(NOW + 599, NOW), Ttl(600));
        assert_eq!(Ttl::until(NOW + 30 * DAY - 1, NOW), Ttl(30 * 86_400));
    }

    #[test]
    fn more_is_an_instant() {
        assert_eq!(Ttl::until(NOW + 30 * DAY, NOW), Ttl((NOW + 30 * DAY + 1) as u32));
    }

    #[test]
    fn the_past_is_never_for_ever() {
        for expires in [NOW, NOW - 1, 0, -1, i64::MIN] {
            assert_eq!(Ttl::until(expires, NOW), Ttl(1));
        }
    }

    #[test]
    fn beyond_what_memcached_can_count_it_stays_an_entry() {
        assert_eq!(Ttl::until(i64::MAX, NOW), Ttl(i32::MAX as u32));
        let late = i64::from(i32::MAX) - DAY;
        assert_eq!(Ttl::until(i64::MAX, late), Ttl(30 * 86_400));
    }
}
