//! The clocks of all hosts: simulated ones, which agree. As nginx's they stand still within a turn of the event loop.

use clock::{Monotonic, UnixTime};

use crate::world;

/// When the world begins.
pub const BEGINNING: UnixTime = UnixTime::from_secs(1_800_000_000);

/// The time of day.
pub fn now() -> UnixTime {
    let seconds = i64::try_from(world::micros() / 1_000_000).unwrap_or(i64::MAX);
    BEGINNING + clock::Seconds(seconds)
}

/// The clock that timers go by.
pub fn monotonic() -> Monotonic {
    // Not 0, which is what has never been.
    Monotonic::from_msec(1_000_000_000 + world::micros() / 1000)
}
