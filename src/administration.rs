//! `saml_sessions`: the sessions of all SPs for who runs the server. What stands in front of the location decides who
//! comes here, and who they are called; it is an ordinary page to nginx.

use nginx_sys::{NGX_HTTP_INTERNAL_SERVER_ERROR, ngx_http_request_t, ngx_int_t};
use ngx::http::{HttpModuleMainConf, Request};
use sp::Sites;

use crate::clock::now;
use crate::context::Context;
use crate::entry::enter;
use crate::module::SamlModule;
use crate::{endpoint, remote_user};

const FAILED: ngx_int_t = NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;

/// The content handler, as the command table has it.
pub unsafe extern "C" fn handle(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    let r = unsafe { Request::from_ngx_http_request(r) };
    enter(FAILED, || begin(r).unwrap_or(FAILED))
}

/// `None` = out of memory.
fn begin(r: &mut Request) -> Option<ngx_int_t> {
    let sps: Vec<_> = SamlModule::main_conf(r)?.sps.iter().flat_map(Sites::iter).cloned().collect();
    let now = now();
    for sp in &sps {
        sp.heed(now);
    }
    let operator = remote_user::verified(r).unwrap_or_default();
    // A subrequest has a context of its own: several of one page may wait at once.
    if !r.is_main() {
        Context::of_subrequest(r)?;
    }
    endpoint::run(r, Vec::new(), |visit| sp::administer(visit, sps, operator))
}
