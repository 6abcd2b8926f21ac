//! The loop guard: logins that succeed again and again because no session ever comes back.

use std::fmt;

use clock::{Seconds, UnixTime};

/// Logins further apart than this are no loop.
const WINDOW: Seconds = Seconds(60);

/// As many successful logins within the window, with no session seen in between, are a loop.
const LOOP_COUNT: u32 = 4;

/// Digits of a count and of an instant that are read.
const MAX_COUNT_LEN: usize = 4;
const MAX_INSTANT_LEN: usize = 12;

/// How often this browser has logged in in a row: the plain value of a short-lived cookie.
///
/// It is not sealed: who forges it gets to see the page about the loop, and no more. Remove the
/// cookie when a session comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logins {
    /// Successful logins since `since`.
    pub count: u32,
    /// The first of them.
    pub since: UnixTime,
}

impl Logins {
    /// Reads `count.since`; `None` for anything else.
    pub fn from_cookie(value: impl AsRef<[u8]>) -> Option<Self> {
        let value = std::str::from_utf8(value.as_ref()).ok()?;
        let (count, since) = value.split_once('.')?;
        Some(Self {
            count: digits(count, MAX_COUNT_LEN)?.parse().ok()?,
            since: UnixTime::from_secs(digits(since, MAX_INSTANT_LEN)?.parse().ok()?),
        })
    }

    /// The cookie value.
    pub fn to_cookie(&self) -> String {
        self.to_string()
    }

    /// The count after one more successful login at `now`; begins anew when `previous` began more
    /// than 60 seconds ago, or in the future.
    pub fn after_login(previous: Option<Self>, now: UnixTime) -> Self {
        match previous.filter(|logins| logins.is_recent(now)) {
            Some(logins) => Self { count: logins.count.saturating_add(1).min(9999), ..logins },
            None => Self { count: 1, since: now },
        }
    }

    /// Whether this browser goes round in circles: 4 logins or more within 60 seconds.
    pub fn is_loop(&self, now: UnixTime) -> bool {
        self.count >= LOOP_COUNT && self.is_recent(now)
    }

    fn is_recent(&self, now: UnixTime) -> bool {
        (Seconds(0)..=WINDOW).contains(&(now - self.since))
    }
}

impl fmt::Display for Logins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.count, self.since.as_secs())
    }
}

fn digits(text: &str, max_len: usize) -> Option<&str> {
    (text.len() <= max_len && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_795_000_000);

    fn logins_at(instants: &[UnixTime]) -> Logins {
        instants.iter().fold(None, |logins, now| Some(Logins::after_login(logins, *now))).unwrap()
    }

    #[test]
    fn the_fourth_login_in_a_minute_is_a_loop() {
        assert!(!logins_at(&[NOW, NOW + Seconds(1), NOW + Seconds(2)]).is_loop(NOW + Seconds(2)));
        assert!(
            logins_at(&[NOW, NOW + Seconds(1), NOW + Seconds(2), NOW + Seconds(3)])
                .is_loop(NOW + Seconds(3))
        );
        assert!(
            !logins_at(&[NOW, NOW + Seconds(30), NOW + Seconds(60), NOW + Seconds(61)])
                .is_loop(NOW + Seconds(61))
        );
    }

    #[test]
    fn the_loop_is_over_after_a_minute() {
        let logins = logins_at(&[NOW, NOW, NOW, NOW]);
        assert!(logins.is_loop(NOW + Seconds(60)));
        assert!(!logins.is_loop(NOW + Seconds(61)));
        assert_eq!(
            Logins::after_login(Some(logins), NOW + Seconds(61)),
            logins_at(&[NOW + Seconds(61)])
        );
    }

    #[test]
    fn a_count_from_the_future_is_nothing() {
        let logins = Logins { count: 9, since: NOW + Seconds(1) };
        assert!(!logins.is_loop(NOW));
        assert_eq!(Logins::after_login(Some(logins), NOW).count, 1);
    }

    #[test]
    fn the_cookie_survives_and_stays_bounded() {
        let logins = Logins { count: 3, since: NOW };
        assert_eq!(logins.to_cookie(), "3.1795000000");
        assert_eq!(Logins::from_cookie(logins.to_cookie()), Some(logins));
        let most = Logins { count: 9999, since: NOW };
        let next = Logins::after_login(Some(most), NOW);
        assert_eq!(Logins::from_cookie(next.to_cookie()), Some(most));
    }

    #[test]
    fn anything_else_is_no_count() {
        for value in ["", ".", "3", "3.", ".3", "-1.5", "1.-5", "+1.5", "1.5.6", "1 .5", "99999.5"]
        {
            assert_eq!(Logins::from_cookie(value), None, "{value}");
        }
        assert_eq!(Logins::from_cookie("1.9999999999999"), None);
        assert_eq!(Logins::from_cookie(b"\xff.1"), None);
    }
}
