//! `saml_auth`: a proxy asks for each of its requests who that is. The access phase decides as in any protected
//! location; here is what the proxy is told of who has got in.

use std::rc::Rc;

use nginx_sys::{
    NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_HTTP_NO_CONTENT, ngx_http_request_t, ngx_int_t,
};
use ngx::http::{HttpModuleLocationConf, Request};
use sp::USER_HEADER;

use crate::entry::enter;
use crate::module::SamlModule;
use crate::{remote_user, respond, response_header, variables};

const FAILED: ngx_int_t = NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;

/// The content handler, as the command table has it.
pub unsafe extern "C" fn handle(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    let r = unsafe { Request::from_ngx_http_request(r) };
    enter(FAILED, || answer(r).unwrap_or(FAILED))
}

/// `None` = out of memory, or a location that is none of ours.
fn answer(r: &mut Request) -> Option<ngx_int_t> {
    let told = Rc::clone(SamlModule::location_conf(r)?.location().forward_auth.as_ref()?);
    let user = remote_user::verified(r).unwrap_or_default();
    response_header::add(r, USER_HEADER, &user)?;
    for (header, attribute) in told.headers() {
        let values = variables::attribute_text(r, attribute).unwrap_or_default();
        response_header::add_named(r, header, &values)?;
    }
    Some(respond::send_headers(r, NGX_HTTP_NO_CONTENT as u16))
}
