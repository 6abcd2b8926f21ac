//! The time of day, which protocols and records speak of, and which an administrator may set back.

use std::fmt;
use std::ops::{Add, Mul, Sub};

/// An instant of the time of day: whole seconds since the Unix epoch, 1970-01-01T00:00:00Z. Before it
/// they are negative.
///
/// ```
/// use clock::{Seconds, UnixTime};
///
/// let login = UnixTime::from_secs(1_795_260_600);
/// let end = login + Seconds(8 * 3600);
/// assert!(login < end);
/// assert_eq!(end - login, Seconds(28_800));
/// assert_eq!((end - Seconds(1)).as_secs(), 1_795_289_399);
/// ```
///
/// ```compile_fail
/// # use clock::UnixTime;
/// // Two instants have no sum.
/// let _ = UnixTime::from_secs(1) + UnixTime::from_secs(2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct UnixTime(i64);

impl UnixTime {
    /// No instant is earlier.
    pub const MIN: Self = Self(i64::MIN);
    /// No instant is later.
    pub const MAX: Self = Self(i64::MAX);

    /// The instant so many seconds after the epoch.
    #[inline]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the epoch.
    #[inline]
    pub const fn as_secs(self) -> i64 {
        self.0
    }
}

/// A span of whole seconds; negative when it leads back.
///
/// `Display` writes the number alone.
///
/// ```
/// use clock::Seconds;
///
/// let lifetime = Seconds(600);
/// assert!(Seconds(599) < lifetime);
/// assert_eq!(lifetime * 2, Seconds(1200));
/// assert_eq!(format!("{lifetime} s"), "600 s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Seconds(
    /// How many.
    pub i64,
);

impl Add<Seconds> for UnixTime {
    type Output = Self;

    #[inline]
    fn add(self, span: Seconds) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Seconds> for UnixTime {
    type Output = Self;

    #[inline]
    fn sub(self, span: Seconds) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Sub for UnixTime {
    type Output = Seconds;

    #[inline]
    fn sub(self, earlier: Self) -> Seconds {
        Seconds(self.0.saturating_sub(earlier.0))
    }
}

impl Add for Seconds {
    type Output = Self;

    #[inline]
    fn add(self, more: Self) -> Self {
        Self(self.0.saturating_add(more.0))
    }
}

impl Mul<i64> for Seconds {
    type Output = Self;

    #[inline]
    fn mul(self, times: i64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);

    #[test]
    fn instants_and_spans_make_one_another() {
        assert_eq!(NOW + Seconds(60), UnixTime::from_secs(1_795_260_660));
        assert_eq!(NOW - Seconds(60), UnixTime::from_secs(1_795_260_540));
        assert_eq!(NOW + Seconds(-60), NOW - Seconds(60));
        assert_eq!((NOW + Seconds(60)) - NOW, Seconds(60));
        assert_eq!(NOW - (NOW + Seconds(60)), Seconds(-60));
        assert_eq!(Seconds(1) + Seconds(2), Seconds(3));
        assert_eq!(Seconds(60) * 10, Seconds(600));
    }

    #[test]
    fn nothing_goes_beyond_the_ends() {
        assert_eq!(UnixTime::MAX + Seconds(1), UnixTime::MAX);
        assert_eq!(UnixTime::MIN - Seconds(1), UnixTime::MIN);
        assert_eq!(UnixTime::MAX - UnixTime::MIN, Seconds(i64::MAX));
        assert_eq!(UnixTime::MIN - UnixTime::MAX, Seconds(i64::MIN));
        assert_eq!(UnixTime::MAX - Seconds(i64::MIN), UnixTime::MAX);
        assert_eq!(Seconds(i64::MAX) + Seconds(1), Seconds(i64::MAX));
        assert_eq!(Seconds(i64::MIN) * 2, Seconds(i64::MIN));
    }

    #[test]
    fn later_is_greater() {
        assert!(UnixTime::MIN < NOW && NOW < NOW + Seconds(1) && NOW < UnixTime::MAX);
        assert!(Seconds(-1) < Seconds(0));
    }
}
