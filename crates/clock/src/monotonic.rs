//! A clock for durations, which nobody sets back, and which means nothing on another host.

use std::fmt;
use std::ops::{Add, Mul, Sub};

use crate::Seconds;

/// An instant of a clock for durations: milliseconds since an instant that is not known.
///
/// ```
/// use clock::{Monotonic, Msec};
///
/// let asked = Monotonic::from_msec(1000);
/// let deadline = asked + Msec(500);
/// assert_eq!(deadline - Monotonic::from_msec(1200), Msec(300));
/// // There are no negative spans: whose clock is a turn ahead has waited for nothing.
/// assert_eq!(asked - deadline, Msec(0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Monotonic(u64);

impl Monotonic {
    /// The instant at which the clock reads so many milliseconds.
    #[inline]
    pub const fn from_msec(msec: u64) -> Self {
        Self(msec)
    }

    /// Milliseconds that the clock reads: for processes of one host, which all read the same clock.
    #[inline]
    pub const fn as_msec(self) -> u64 {
        self.0
    }
}

/// A span of milliseconds.
///
/// `Display` writes the number alone.
///
/// ```
/// use clock::{Msec, Seconds};
///
/// assert_eq!(Msec::from(Seconds(2)), Msec(2000));
/// assert_eq!(Msec::from(Seconds(-2)), Msec(0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Msec(
    /// How many.
    pub u64,
);

impl Add<Msec> for Monotonic {
    type Output = Self;

    #[inline]
    fn add(self, span: Msec) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Msec> for Monotonic {
    type Output = Self;

    #[inline]
    fn sub(self, span: Msec) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Sub for Monotonic {
    type Output = Msec;

    #[inline]
    fn sub(self, earlier: Self) -> Msec {
        Msec(self.0.saturating_sub(earlier.0))
    }
}

impl Mul<u64> for Msec {
    type Output = Self;

    #[inline]
    fn mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl From<Seconds> for Msec {
    #[inline]
    fn from(span: Seconds) -> Self {
        Self(u64::try_from(span.0).unwrap_or(0)) * 1000
    }
}

impl fmt::Display for Msec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Monotonic = Monotonic::from_msec(5000);

    #[test]
    fn instants_and_spans_make_one_another() {
        assert_eq!(NOW + Msec(60), Monotonic::from_msec(5060));
        assert_eq!(NOW - Msec(60), Monotonic::from_msec(4940));
        assert_eq!((NOW + Msec(60)) - NOW, Msec(60));
        assert_eq!(Msec(50) * 20, Msec(1000));
        assert!(NOW < NOW + Msec(1) && Msec(0) < Msec(1));
    }

    #[test]
    fn nothing_goes_beyond_the_ends() {
        assert_eq!(NOW - Msec(5001), Monotonic::from_msec(0));
        assert_eq!(NOW - (NOW + Msec(1)), Msec(0));
        assert_eq!(NOW + Msec(u64::MAX), Monotonic::from_msec(u64::MAX));
        assert_eq!(Msec(u64::MAX) * 2, Msec(u64::MAX));
        assert_eq!(Msec::from(Seconds(i64::MAX)), Msec(u64::MAX));
    }
}
