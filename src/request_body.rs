//! The body of a request in the access phase: read before the phase goes on, and another in its place.

use std::ptr;

use nginx_sys::{
    NGX_DONE, NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_HTTP_SPECIAL_RESPONSE, ngx_alloc_chain_link,
    ngx_buf_t, ngx_http_core_run_phases, ngx_http_finalize_request,
    ngx_http_read_client_request_body, ngx_http_request_t, ngx_http_variable_t, ngx_int_t,
    ngx_pcalloc, ngx_post_event, ngx_posted_events, ngx_str_t,
};
use ngx::http::{HttpModuleMainConf, NgxHttpCoreModule, Request};

use crate::context::{Arrival, Context};
use crate::entry::enter;

/// What tells of a body, and may have been asked for already.
const VARIABLES: [&[u8]; 6] = [
    b"content_length",
    b"content_type",
    b"http_content_length",
    b"http_content_type",
    b"request_body",
    b"request_body_file",
];

/// How far reading has got.
pub enum Read {
    /// It is there.
    Whole,
    /// The access phase runs again when it is: the handler returns `NGX_DONE`.
    Coming,
    /// It will not come: what the handler returns.
    Failed(ngx_int_t),
}

/// Reads the body of a main request, as nginx's own mirror module does before the content is made. nginx bounds it by
/// `client_max_body_size`, its time by `client_body_timeout`.
pub fn read(r: &mut Request) -> Read {
    let Some(context) = Context::of_or_new(r) else {
        return Read::Failed(NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t);
    };
    match context.body.get() {
        Arrival::Whole => return Read::Whole,
        // Something else woke the request.
        Arrival::Coming => return Read::Coming,
        Arrival::Unasked => context.body.set(Arrival::Coming),
    }
    // SAFETY: r is live; where the body comes, the call has counted a reference, which is given back.
    unsafe {
        let rc = ngx_http_read_client_request_body(r.as_mut(), Some(arrived));
        if rc >= NGX_HTTP_SPECIAL_RESPONSE as ngx_int_t {
            return Read::Failed(rc);
        }
        ngx_http_finalize_request(r.as_mut(), NGX_DONE as ngx_int_t);
    }
    Read::Coming
}

/// nginx has read the body; may run inside `read`. The phases run again from nginx's loop.
unsafe extern "C" fn arrived(r: *mut ngx_http_request_t) {
    // SAFETY: nginx calls the body handler with the live request that it was set for.
    unsafe {
        let request = Request::from_ngx_http_request(r);
        enter((), || {
            if let Some(context) = Context::of(request) {
                context.body.set(Arrival::Whole);
            }
        });
        (*r).write_event_handler = Some(ngx_http_core_run_phases);
        ngx_post_event((*(*r).connection).write, &raw mut ngx_posted_events);
    }
}

/// Gives a request whose body was read this one in its place, with the headers that speak of it: whoever makes the
/// content sees no other. `None` = out of memory, or it had no such headers.
pub fn replace(r: &mut Request, content_type: &str, body: &[u8]) -> Option<()> {
    let pool = r.as_ref().pool;
    let bufs = if body.is_empty() { ptr::null_mut() } else { chain(r, body)? };
    // SAFETY: the pool is the live request's.
    let (content_type, length) = unsafe {
        (
            ngx_str_t::from_bytes(pool, content_type.as_bytes())?,
            ngx_str_t::from_bytes(pool, body.len().to_string().as_bytes())?,
        )
    };
    let request = r.as_mut();
    // SAFETY: these are null or point to what nginx made for the live request, and lives as long.
    unsafe {
        let read = request.request_body.as_mut()?;
        let type_header = request.headers_in.content_type.as_mut()?;
        let length_header = request.headers_in.content_length.as_mut()?;
        type_header.value = content_type;
        length_header.value = length;
        read.bufs = bufs;
        read.buf = ptr::null_mut();
        read.temp_file = ptr::null_mut();
    }
    request.headers_in.content_length_n = i64::try_from(body.len()).ok()?;
    forget_variables(r);
    Some(())
}

/// A copy of the body in the request's pool; `None` = out of memory.
fn chain(r: &Request, body: &[u8]) -> Option<*mut nginx_sys::ngx_chain_t> {
    let pool = r.as_ref().pool;
    // SAFETY: the pool is the live request's; zeroes are a valid buffer.
    unsafe {
        let copy = ngx_str_t::from_bytes(pool, body)?;
        let buf = ngx_pcalloc(pool, size_of::<ngx_buf_t>()).cast::<ngx_buf_t>().as_mut()?;
        buf.start = copy.data;
        buf.pos = copy.data;
        buf.last = copy.data.add(copy.len);
        buf.end = buf.last;
        buf.set_temporary(1);
        buf.set_last_buf(1);
        let link = ngx_alloc_chain_link(pool).as_mut()?;
        link.buf = buf;
        link.next = ptr::null_mut();
        Some(link)
    }
}

/// nginx asks for their values anew.
fn forget_variables(r: &mut Request) {
    let Some(main) = NgxHttpCoreModule::main_conf(r) else { return };
    // SAFETY: nginx keeps an array of the variables that have a number.
    let variables: &[ngx_http_variable_t] = unsafe { main.variables.as_slice() };
    for (index, variable) in variables.iter().enumerate() {
        if VARIABLES.contains(&variable.name.as_bytes()) {
            // SAFETY: a live request has a value for each of them.
            let value = unsafe { &mut *r.as_mut().variables.add(index) };
            value.set_valid(0);
            value.set_not_found(0);
        }
    }
}
