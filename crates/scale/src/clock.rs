//! The clocks of all hosts: simulated ones, which agree unless one is set. As nginx's they stand still within a turn of
//! the event loop.

use std::cell::RefCell;

use clock::{Monotonic, Seconds, UnixTime};

use crate::world;

/// When the world begins.
pub const BEGINNING: UnixTime = UnixTime::from_secs(1_800_000_000);

thread_local! {
    /// By how much each host's time of day differs.
    static SET_BY: RefCell<Vec<Seconds>> = const { RefCell::new(Vec::new()) };
}

/// The time of day, as the host whose work is being done has it.
pub fn now() -> UnixTime {
    true_time() + set_by(world::host())
}

/// The time of day by a clock that nobody sets.
pub fn true_time() -> UnixTime {
    let seconds = i64::try_from(world::micros() / 1_000_000).unwrap_or(i64::MAX);
    BEGINNING + Seconds(seconds)
}

/// The clock that timers go by.
pub fn monotonic() -> Monotonic {
    // Not 0, which is what has never been.
    Monotonic::from_msec(1_000_000_000 + world::micros() / 1000)
}

/// From now on the host's time of day differs by so much.
pub fn set(host: usize, by: Seconds) {
    SET_BY.with_borrow_mut(|all| {
        if all.len() <= host {
            all.resize(host + 1, Seconds(0));
        }
        all[host] = by;
    });
}

/// All hosts have the right time.
pub fn set_right() {
    SET_BY.with_borrow_mut(Vec::clear);
}

fn set_by(host: usize) -> Seconds {
    SET_BY.with_borrow(|all| all.get(host).copied().unwrap_or(Seconds(0)))
}
