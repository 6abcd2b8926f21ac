//! When a document is fetched again.

use clock::{Msec, Seconds, UnixTime};

/// However short a document says that it may be kept.
const SHORTEST: Seconds = Seconds(60);
/// The first wait after a failure; each further failure doubles it.
const FIRST_RETRY: Seconds = Seconds(10);
/// Doubling ends here: 10 s · 2^12 is half a day.
const DOUBLINGS_MOST: u32 = 12;

/// How often a document is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// At the latest so long after the last time.
    pub interval: Seconds,
}

/// What a document says of its own time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Staleness {
    /// It may be kept so long without asking again.
    pub keep: Option<Seconds>,
    /// It cannot be used from then on.
    pub until: Option<UnixTime>,
}

impl Schedule {
    /// The wait after a fetch that brought `document`, or said that it is still so. `dice`, any number,
    /// makes it up to a fifth shorter, so that hosts that began together part.
    pub fn after_success(&self, document: Staleness, now: UnixTime, dice: u32) -> Msec {
        let keep = document.keep.map_or(self.interval, |keep| keep.max(SHORTEST));
        // Half of what is left leaves time for failures.
        let half = |until: UnixTime| Seconds((until - now).0 / 2).max(SHORTEST);
        let left = document.until.map_or(self.interval, half);
        shorter(self.interval.min(keep).min(left), dice)
    }

    /// The wait after so many failures in a row (at least one), never longer than the interval.
    pub fn after_failure(&self, failures: u32, dice: u32) -> Msec {
        let doublings = failures.saturating_sub(1).min(DOUBLINGS_MOST);
        let wait = Seconds(FIRST_RETRY.0 << doublings);
        shorter(wait.min(self.interval), dice)
    }
}

/// By up to a fifth.
fn shorter(span: Seconds, dice: u32) -> Msec {
    let span = u64::try_from(span.0).unwrap_or_default().saturating_mul(1000);
    let off = u128::from(span / 5) * u128::from(dice) / u128::from(u32::MAX);
    Msec(span - u64::try_from(off).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);
    const HOURLY: Schedule = Schedule { interval: Seconds(3600) };

    fn wait(keep: Option<i64>, left: Option<i64>) -> i64 {
        let document =
            Staleness { keep: keep.map(Seconds), until: left.map(|left| NOW + Seconds(left)) };
        i64::try_from(HOURLY.after_success(document, NOW, 0).0 / 1000).unwrap()
    }

    #[test]
    fn a_document_makes_the_wait_shorter_and_never_longer() {
        assert_eq!(wait(None, None), 3600);
        assert_eq!(wait(Some(600), None), 600);
        assert_eq!(wait(Some(86_400), None), 3600);
        assert_eq!(wait(None, Some(86_400)), 3600);
        assert_eq!(wait(None, Some(1000)), 500);
        assert_eq!(wait(Some(600), Some(1000)), 500);
    }

    #[test]
    fn no_document_makes_us_ask_all_the_time() {
        assert_eq!(wait(Some(0), None), 60);
        assert_eq!(wait(Some(-5), None), 60);
        assert_eq!(wait(None, Some(1)), 60);
        assert_eq!(wait(None, Some(-86_400)), 60);
    }

    #[test]
    fn failures_double_the_wait_up_to_the_interval() {
        let waits: Vec<u64> = (1..12).map(|n| HOURLY.after_failure(n, 0).0 / 1000).collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
        assert_eq!(HOURLY.after_failure(u32::MAX, 0), Msec(3_600_000));
        let often = Schedule { interval: Seconds(5) };
        assert_eq!(often.after_failure(1, 0), Msec(5000));
    }

    #[test]
    fn the_dice_part_hosts_by_a_fifth() {
        let document = Staleness::default();
        assert_eq!(HOURLY.after_success(document, NOW, u32::MAX), Msec(2_880_000));
        assert_eq!(HOURLY.after_success(document, NOW, u32::MAX / 2), Msec(3_240_001));
        assert_eq!(HOURLY.after_failure(1, u32::MAX), Msec(8000));
    }
}
