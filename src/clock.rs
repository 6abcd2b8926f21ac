//! nginx's clocks.

use clock::Monotonic;
use nginx_sys::ngx_current_msec;

/// The clock that timers go by: one for all processes of a host. It stands still within a turn of the
/// event loop.
pub fn monotonic() -> Monotonic {
    // SAFETY: workers have one thread, and nginx updates its clock between the turns of it.
    Monotonic::from_msec(unsafe { ngx_current_msec } as u64)
}
