//! `return 200 …` in a protected location.
//!
//! nginx executes it in the rewrite phase, before preaccess and access: nobody would be asked who
//! they are, and `auth_request` would take the answer of a guard for leave. In such a location a
//! request goes through preaccess and access first and comes back for the rewrite phase after. So
//! all of nginx's access modules are asked, and the directives see `$saml_…`.
//!
//! For this the module takes the place of the rewrite module's handler, and calls it in its turn.
//! A handler of its own before that one would move it: it knows by its place in the phase that a
//! server's rewrites have been done, and would do them again.

use std::{ptr, slice};

use nginx_sys::{
    NGX_AGAIN, NGX_DECLINED, NGX_DONE, NGX_HTTP_INTERNAL_SERVER_ERROR, ngx_array_t, ngx_conf_t,
    ngx_http_core_post_rewrite_phase, ngx_http_handler_pt, ngx_http_phases_NGX_HTTP_REWRITE_PHASE,
    ngx_http_phases_NGX_HTTP_SERVER_REWRITE_PHASE, ngx_int_t,
};
use ngx::http::{HttpModuleLocationConf, HttpModuleMainConf, NgxHttpCoreModule, Request};

use crate::access;
use crate::context::{Context, Detour};
use crate::module::{PhaseHandler, SamlModule};

const DECLINED: ngx_int_t = NGX_DECLINED as ngx_int_t;
const FAILED: ngx_int_t = NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;

/// Puts `ours` in the place of the rewrite module's handler, once all modules have entered theirs; it
/// is the one that stands in both of the phases. Gives back the handler; `None` = there is none.
pub fn take_place(cf: &mut ngx_conf_t, ours: PhaseHandler) -> Option<PhaseHandler> {
    let core = NgxHttpCoreModule::main_conf_mut(cf)?;
    let [of_server, of_location] = core.phases.get_disjoint_mut(PHASES).ok()?;
    // SAFETY: nginx made the phases' arrays of handlers before postconfiguration.
    let (of_server, of_location) =
        unsafe { (handlers(&mut of_server.handlers), handlers(&mut of_location.handlers)) };
    let stands_in_both = |handler: &&mut ngx_http_handler_pt| {
        of_server
            .iter()
            .flatten()
            .any(|other| handler.is_some_and(|handler| ptr::fn_addr_eq(handler, *other)))
    };
    of_location.iter_mut().find(stands_in_both)?.replace(ours)
}

const PHASES: [usize; 2] = [
    ngx_http_phases_NGX_HTTP_SERVER_REWRITE_PHASE as usize,
    ngx_http_phases_NGX_HTTP_REWRITE_PHASE as usize,
];

/// # Safety
/// `array` is a phase's, which nginx has made.
unsafe fn handlers(array: &mut ngx_array_t) -> &mut [ngx_http_handler_pt] {
    // SAFETY: the caller's promise; it has room before its first element.
    unsafe { slice::from_raw_parts_mut(array.elts.cast(), array.nelts) }
}

/// The rewrite phase of a location: sends the request to the access phase first.
pub fn enter(r: &mut Request) -> ngx_int_t {
    let Some(conf) = SamlModule::location_conf(r) else { return FAILED };
    if !conf.location().returns_content {
        return rewrite(r);
    }
    if !r.is_main() {
        // There is no access phase for it. Waiting has another name in this phase.
        return match access::handle_subrequest(r) {
            rc if rc == NGX_AGAIN as ngx_int_t => NGX_DONE as ngx_int_t,
            DECLINED => rewrite(r),
            rc => rc,
        };
    }
    let visit = r.as_ref().uri_changes();
    let Some(context) = Context::of_or_new(r) else { return FAILED };
    if let Some(Detour::Over { visit: passed }) = context.detour.get()
        && passed == visit
    {
        return rewrite(r);
    }
    let Some(end) = end_of_rewrite(r) else { return FAILED };
    let back = r.as_ref().phase_handler;
    context.detour.set(Some(Detour::Begun { visit, back }));
    // Declining leads to the handler after this one, which is the first of preaccess.
    r.as_mut().phase_handler = end;
    DECLINED
}

/// What nginx's own handler does.
fn rewrite(r: &mut Request) -> ngx_int_t {
    let handler = SamlModule::main_conf(r).and_then(|main| main.rewrite.get());
    let Some(handler) = handler else { return FAILED };
    // SAFETY: r is live, and in the place of the phase that nginx gave to this handler.
    unsafe { handler(r.as_mut()) }
}

/// The access phase is over: sends the request back to where it left the rewrite phase.
pub fn resume(r: &mut Request) -> ngx_int_t {
    let Some(conf) = SamlModule::location_conf(r) else { return FAILED };
    if !conf.location().returns_content || !r.is_main() {
        return DECLINED;
    }
    let visit = r.as_ref().uri_changes();
    let Some(context) = Context::of(r) else { return FAILED };
    match context.detour.get() {
        Some(Detour::Begun { visit: begun, back }) if begun == visit => {
            context.detour.set(Some(Detour::Over { visit }));
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
