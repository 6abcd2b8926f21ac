//! Where nginx enters while it serves.

use nginx_sys::{NGX_DECLINED, NGX_HTTP_INTERNAL_SERVER_ERROR, ngx_http_request_t, ngx_int_t};
use ngx::http::{HttpModule, Request};

use crate::guard::guard;
use crate::module::SamlModule;
use crate::own_pages;

const FAILED: ngx_int_t = NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;

/// As [`guard`], for what nginx calls while it serves: nothing is done, and nobody let in, by a module
/// that is not in the state in which it was started.
pub fn enter<T>(otherwise: T, work: impl FnOnce() -> T) -> T {
    if !own_pages::is_intact(SamlModule::module()) {
        return otherwise;
    }
    guard(otherwise, work)
}

/// As [`enter`], for a phase that all requests pass: those for which it `is_idle` go on at once.
///
/// # Safety
/// `r` is live.
#[inline]
pub unsafe fn pass(
    r: *mut ngx_http_request_t,
    is_idle: fn(&Request) -> bool,
    phase: Phase,
) -> ngx_int_t {
    // SAFETY: the caller's promise.
    let r = unsafe { Request::from_ngx_http_request(r) };
    if !own_pages::is_intact(SamlModule::module()) {
        return FAILED;
    }
    if is_idle(r) { NGX_DECLINED as ngx_int_t } else { work_on(r, phase) }
}

/// What a phase does with a request.
pub type Phase = fn(&mut Request) -> ngx_int_t;

/// Apart, so that the way past it needs no stack.
#[inline(never)]
fn work_on(r: &mut Request, phase: Phase) -> ngx_int_t {
    guard(FAILED, || phase(r))
}
