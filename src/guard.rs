//! The border to C: a panic ends here as an error, never in nginx.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nginx_sys::NGX_LOG_CRIT;
use ngx::log::ngx_cycle_log;
use ngx::ngx_log_error;

/// Runs `work`; a panic is logged at `crit` and becomes `otherwise`.
pub fn guard<T>(otherwise: T, work: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        log_panic(&*panic);
        otherwise
    })
}

/// Says what a caught panic said.
pub fn log_panic(panic: &(dyn Any + Send)) {
    let what = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown");
    ngx_log_error!(NGX_LOG_CRIT, ngx_cycle_log().as_ptr(), "saml: panic: {}", what);
}
