//! The locations that answer by themselves.

mod acs;
mod login;
mod logout;
mod metadata;

use std::rc::Rc;

use nginx_sys::{
    NGX_DONE, NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_HTTP_SPECIAL_RESPONSE, ngx_http_finalize_request,
    ngx_http_read_client_request_body, ngx_http_request_t, ngx_int_t,
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

unsafe extern "C" fn handle_login(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    guard(FAILED, || run(unsafe { Request::from_ngx_http_request(r) }, login::start))
}

unsafe extern "C" fn handle_logout(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    guard(FAILED, || run(unsafe { Request::from_ngx_http_request(r) }, logout::finish))
}

unsafe extern "C" fn handle_metadata(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    guard(FAILED, || run(unsafe { Request::from_ngx_http_request(r) }, metadata::publish))
}

unsafe extern "C" fn handle_acs(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    guard(FAILED, || read_body(unsafe { Request::from_ngx_http_request(r) }))
}

/// nginx has read the body of a POST to the ACS; may run inside `read_body`.
unsafe extern "C" fn acs_body_read(r: *mut ngx_http_request_t) {
    // SAFETY: nginx calls the body handler with the request it was set for.
    let rc = guard(FAILED, || run(unsafe { Request::from_ngx_http_request(r) }, acs::consume));
    // SAFETY: reading the body counted one reference to the request; this gives it back.
    unsafe { ngx_http_finalize_request(r, rc) }
}

fn read_body(r: &mut Request) -> ngx_int_t {
    let Some(sp) = sp_of(r) else { return FAILED };
    if let Err(refusal) = acs::check_head(r, &sp) {
        return refuse_with(r, &refusal, |reply| match refusal.code() {
            code if code == reason::METHOD_NOT_ALLOWED.code() => {
                reply.with_header("Allow", "POST".into())
            }
            _ => reply,
        });
    }
    // SAFETY: r is live; the call counts a reference that `acs_body_read` gives back.
    let rc = unsafe { ngx_http_read_client_request_body(r.as_mut(), Some(acs_body_read)) };
    if rc >= NGX_HTTP_SPECIAL_RESPONSE as ngx_int_t { rc } else { NGX_DONE as ngx_int_t }
}

/// Runs an endpoint, and turns its refusal into an answer.
fn run(
    r: &mut Request,
    endpoint: fn(&mut Request, &Rc<Sp>) -> Result<ngx_int_t, Refusal>,
) -> ngx_int_t {
    let Some(sp) = sp_of(r) else { return FAILED };
    endpoint(r, &sp).unwrap_or_else(|refusal| refuse(r, &refusal))
}

fn sp_of(r: &Request) -> Option<Rc<Sp>> {
    SamlModule::location_conf(r)?.location().endpoint.clone()
}

/// The refusal of a method that the endpoint does not take.
fn method_not_allowed(r: &Request, takes: &str) -> Refusal {
    let method = quote(&r.as_ref().method_name.to_string());
    Refusal::new(&reason::METHOD_NOT_ALLOWED, format!("the method is {method}, it takes {takes}"))
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
