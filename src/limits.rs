//! Limits by user: `limit_req` and `limit_conn` choose whom they count in the preaccess phase, before the
//! access phase looks for a session.
//!
//! Where a configuration has such a limit, two more handlers stand in that phase. The first, above all
//! others, looks for the session; if it opens the location, `$saml_…` have it for as long as the limits are
//! asked. The second takes it away again, so that nothing but the access phase lets anybody in.

use std::rc::Rc;
use std::task::Poll;

use nginx_sys::{
    NGX_AGAIN, NGX_DECLINED, NGX_HTTP_INTERNAL_SERVER_ERROR, ngx_conf_t, ngx_int_t,
    ngx_list_part_t, ngx_module_t, ngx_shm_zone_t,
};
use ngx::http::{HttpModuleLocationConf, Request};

use crate::clock::now;
use crate::context::{Context, Foreseen};
use crate::entrance::{self, wanted_idp};
use crate::module::SamlModule;

const DECLINED: ngx_int_t = NGX_DECLINED as ngx_int_t;
const FAILED: ngx_int_t = NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;

/// nginx's modules whose zones count by a variable.
const MODULES: [&str; 2] = ["ngx_http_limit_req_module", "ngx_http_limit_conn_module"];

/// Does this configuration have a `limit_req_zone` or `limit_conn_zone`? Once all of it has been read.
pub fn are_declared(cf: &ngx_conf_t) -> bool {
    // SAFETY: the cycle is being configured; its zones are a list whose parts have so many elements
    // each, its modules an array of so many that have their names.
    unsafe {
        let cycle = &*cf.cycle;
        let modules = std::slice::from_raw_parts(cycle.modules, cycle.modules_n);
        let mut part: *const ngx_list_part_t = &raw const cycle.shared_memory.part;
        while let Some(zones) = part.as_ref() {
            if zones.nelts > 0 {
                let zones =
                    std::slice::from_raw_parts(zones.elts.cast::<ngx_shm_zone_t>(), zones.nelts);
                if zones.iter().any(|zone| is_limit(modules, zone)) {
                    return true;
                }
            }
            part = zones.next;
        }
    }
    false
}

/// By its tag, which is the address of the module whose zone it is.
///
/// # Safety
/// `modules` are a cycle's.
unsafe fn is_limit(modules: &[*mut ngx_module_t], zone: &ngx_shm_zone_t) -> bool {
    modules.iter().filter(|module| module.cast() == zone.tag).any(|module| {
        // SAFETY: the caller's promise; nginx has given each its name.
        let name = unsafe { std::ffi::CStr::from_ptr((**module).name) };
        MODULES.iter().any(|limit| name.to_bytes() == limit.as_bytes())
    })
}

/// Before the limits of a location are asked.
pub fn begin(r: &mut Request) -> ngx_int_t {
    let Some(conf) = SamlModule::location_conf(r) else { return FAILED };
    // At a host where the SP is not the access phase lets nobody in.
    let Ok(Some(protection)) = conf.protection_at(r) else { return DECLINED };
    let protection = Rc::clone(protection);
    if conf.location().endpoint.is_some()
        || Context::of(r).is_some_and(|context| context.is_notice.get())
    {
        return DECLINED;
    }
    let Ok(idp) = wanted_idp(r, &protection) else { return DECLINED };
    if !r.is_main() && Context::of_subrequest(r).is_none() {
        return FAILED;
    }
    let Some(context) = Context::of_or_new(r) else { return FAILED };
    context.special().foreseen.take();
    let now = now();
    let Poll::Ready(found) = entrance::look_up(r, &protection.sp, now) else {
        return NGX_AGAIN as ngx_int_t;
    };
    // Rules on variables may want what the access phase has yet to find: they are asked there alone.
    if let Ok(Some(live)) = &found
        && protection.objection(&live.session, idp.as_deref(), now).is_none()
        && protection.unmet(live).is_none()
    {
        let foreseen = Foreseen::new(r, &protection, Rc::clone(live));
        context.special().foreseen.replace(Some(foreseen));
    }
    // Whatever else it is, the access phase says so.
    entrance::keep(context, &protection.sp, found);
    DECLINED
}

/// After them. Another access module may let the request in before ours is asked.
pub fn end(r: &Request) -> ngx_int_t {
    if let Some(special) = Context::of(r).and_then(Context::known_special) {
        special.foreseen.take();
    }
    DECLINED
}
