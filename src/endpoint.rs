//! The locations that answer by themselves.

mod acs;
mod login;
mod logout;
mod metadata;

use std::rc::Rc;

use nginx_sys::{
    NGX_DONE, NGX_HTTP_GET, NGX_HTTP_HEAD, NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_HTTP_POST,
    NGX_HTTP_SPECIAL_RESPONSE, ngx_http_finalize_request, ngx_http_read_client_request_body,
    ngx_http_request_t, ngx_int_t,
};
use ngx::http::{HttpModuleLocationConf, Request};
use saml::reason;
use saml::refusal::{Refusal, quote};

use crate::SamlModule;
use crate::config::{EndpointKind, Sp};
use crate::guard::guard;
use crate::refuse::{refuse, refuse_with};
use crate::request;

/// The content handler of an endpoint.
pub fn handler(kind: EndpointKind) -> ContentHandler {
    match kind {
        EndpointKind::Acs => handle_acs,
        EndpointKind::Login => handle_login,
        EndpointKind::Logout => handle_logout,
        EndpointKind::Metadata => handle_metadata,
    }
}

type ContentHandler = unsafe extern "C" fn(*mut ngx_http_request_t) -> ngx_int_t;

const FAILED: ngx_int_t = NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;

/// What an endpoint does with a request of a method it takes.
type Work = fn(&mut Request, &Rc<Sp>) -> Result<ngx_int_t, Refusal>;

unsafe extern "C" fn handle_login(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    guard(FAILED, || answer(unsafe { Request::from_ngx_http_request(r) }, GET, login::start))
}

unsafe extern "C" fn handle_logout(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    guard(FAILED, || answer(unsafe { Request::from_ngx_http_request(r) }, ANY, logout::finish))
}

unsafe extern "C" fn handle_metadata(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    guard(FAILED, || answer(unsafe { Request::from_ngx_http_request(r) }, GET, metadata::publish))
}

unsafe extern "C" fn handle_acs(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    let r = unsafe { Request::from_ngx_http_request(r) };
    guard(FAILED, || {
        if r.as_ref().method & NGX_HTTP_POST as usize == 0 {
            answer(r, ANY, acs::consume_query)
        } else {
            answer(r, ANY, read_body)
        }
    })
}

/// nginx has read the body of a POST to the ACS; may run inside `read_body`.
unsafe extern "C" fn acs_body_read(r: *mut ngx_http_request_t) {
    // SAFETY: nginx calls the body handler with the request it was set for.
    let request = unsafe { Request::from_ngx_http_request(r) };
    let rc = guard(FAILED, || answer(request, ANY, acs::consume_form));
    // SAFETY: reading the body counted one reference to the request; this gives it back.
    unsafe { ngx_http_finalize_request(r, rc) }
}

fn read_body(r: &mut Request, sp: &Rc<Sp>) -> Result<ngx_int_t, Refusal> {
    acs::check_length(r, sp)?;
    // SAFETY: r is live; the call counts a reference that `acs_body_read` gives back.
    let rc = unsafe { ngx_http_read_client_request_body(r.as_mut(), Some(acs_body_read)) };
    let failed = rc >= NGX_HTTP_SPECIAL_RESPONSE as ngx_int_t;
    Ok(if failed { rc } else { NGX_DONE as ngx_int_t })
}

/// HTTP methods, for nginx and for people.
struct Methods {
    mask: u32,
    names: &'static str,
}

const GET: Methods = Methods { mask: NGX_HTTP_GET | NGX_HTTP_HEAD, names: "GET, HEAD" };
const ANY: Methods =
    Methods { mask: NGX_HTTP_GET | NGX_HTTP_HEAD | NGX_HTTP_POST, names: "GET, HEAD, POST" };

/// Does an endpoint's work, and turns its refusal into an answer.
fn answer(r: &mut Request, takes: Methods, work: Work) -> ngx_int_t {
    let Some(sp) = sp_of(r) else { return FAILED };
    if r.as_ref().method & takes.mask as usize == 0 {
        let method = quote(&r.as_ref().method_name.to_string());
        let detail = format!("the method is {method}, the endpoint takes {}", takes.names);
        let refusal = Refusal::new(&reason::METHOD_NOT_ALLOWED, detail);
        return refuse_with(r, &refusal, |reply| reply.with_header("Allow", takes.names.into()));
    }
    work(r, &sp).unwrap_or_else(|refusal| refuse(r, &refusal))
}

fn sp_of(r: &Request) -> Option<Rc<Sp>> {
    SamlModule::location_conf(r)?.location().endpoint.clone()
}

/// The `return` argument, checked and made absolute (the SP's origin, or a host in
/// `return_hosts`).
fn return_argument(r: &Request, sp: &Sp) -> Result<Option<String>, Refusal> {
    let Some(url) = request::argument(r, "return") else { return Ok(None) };
    sp.return_url(&url).map(Some).ok_or_else(|| {
        Refusal::new(
            &reason::RETURN_URL_REFUSED,
            format!("the \"return\" argument is {}, this SP is {}", quote(&url), sp.base_url),
        )
    })
}
