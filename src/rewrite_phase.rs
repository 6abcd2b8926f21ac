//! `return 200 …` in a protected location.
//!
//! nginx executes it in the rewrite phase, before preaccess and access: nobody would be asked who
//! they are, and `auth_request` would take the answer of a guard for leave. In such a location a
//! request goes through preaccess and access first and comes back for the rewrite phase after. So
//! all of nginx's access modules are asked, and the directives see `$saml_…`.

use std::ptr;

use nginx_sys::{
    NGX_AGAIN, NGX_DECLINED, NGX_DONE, NGX_HTTP_INTERNAL_SERVER_ERROR,
    ngx_http_core_post_rewrite_phase, ngx_int_t,
};
use ngx::http::{HttpModuleLocationConf, HttpModuleMainConf, NgxHttpCoreModule, Request};

use crate::SamlModule;
use crate::access;
use crate::config::LocConf;
use crate::context::Context;

/// Where the way round the rewrite phase has led so far.
#[derive(Clone, Copy, Debug)]
pub enum Detour {
    /// To preaccess and access; the handler to come back to.
    Begun { location: *const LocConf, back: ngx_int_t },
    /// The access phase of this location let the request through.
    Over { location: *const LocConf },
}

const DECLINED: ngx_int_t = NGX_DECLINED as ngx_int_t;
const FAILED: ngx_int_t = NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;

/// The rewrite phase begins: sends the request to the access phase first.
pub fn enter(r: &mut Request) -> ngx_int_t {
    let Some(conf) = SamlModule::location_conf(r) else { return FAILED };
    if !conf.location().returns_content {
        return DECLINED;
    }
    if !r.is_main() {
        // There is no access phase for it. Waiting has another name in this phase.
        return match access::handle_subrequest(r) {
            rc if rc == NGX_AGAIN as ngx_int_t => NGX_DONE as ngx_int_t,
            rc => rc,
        };
    }
    let location = ptr::from_ref(conf);
    let Some(context) = Context::of_or_new(r) else { return FAILED };
    if let Some(Detour::Over { location: passed }) = context.detour.get()
        && passed == location
    {
        return DECLINED;
    }
    let Some(end) = end_of_rewrite(r) else { return FAILED };
    let back = r.as_ref().phase_handler;
    context.detour.set(Some(Detour::Begun { location, back }));
    // Declining leads to the handler after this one, which is the first of preaccess.
    r.as_mut().phase_handler = end;
    DECLINED
}

/// The access phase is over: sends the request back to where it left the rewrite phase.
pub fn resume(r: &mut Request) -> ngx_int_t {
    let Some(conf) = SamlModule::location_conf(r) else { return FAILED };
    if !conf.location().returns_content || !r.is_main() {
        return DECLINED;
    }
    let location = ptr::from_ref(conf);
    let Some(context) = Context::of(r) else { return FAILED };
    match context.detour.get() {
        Some(Detour::Begun { location: begun, back }) if begun == location => {
            context.detour.set(Some(Detour::Over { location }));
            // Declining leads to the handler after this one. The first phases come before `back`.
            r.as_mut().phase_handler = back - 1;
            DECLINED
        }
        _ => DECLINED,
    }
}

/// The place of the handler that ends the rewrite phase; preaccess begins after it.
fn end_of_rewrite(r: &Request) -> Option<ngx_int_t> {
    let engine = &NgxHttpCoreModule::main_conf(r)?.phase_engine;
    let mut place = engine.location_rewrite_index;
    // SAFETY: nginx's engine is an array of handlers that ends with one without a checker; that of
    // the post-rewrite phase stands in it when a module rewrites, as this one does.
    unsafe {
        while let Some(checker) = (*engine.handlers.add(place)).checker {
            if ptr::fn_addr_eq(checker, ngx_http_core_post_rewrite_phase as PhaseChecker) {
                return ngx_int_t::try_from(place).ok();
            }
            place += 1;
        }
    }
    None
}

type PhaseChecker = unsafe extern "C" fn(
    *mut nginx_sys::ngx_http_request_t,
    *mut nginx_sys::ngx_http_phase_handler_t,
) -> ngx_int_t;
