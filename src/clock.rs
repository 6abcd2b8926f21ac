//! nginx's clocks. Both stand still within a turn of the event loop.

use clock::{Monotonic, UnixTime};
use nginx_sys::{ngx_current_msec, ngx_time};

/// The time of day.
pub fn now() -> UnixTime {
    UnixTime::from_secs(ngx_time())
}

/// The clock that timers go by: one for all processes of a host.
pub fn monotonic() -> Monotonic {
    // SAFETY: workers have one thread, and nginx updates its clock between the turns of it.
    Monotonic::from_msec(unsafe { ngx_current_msec } as u64)
}
