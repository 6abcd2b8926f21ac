//! Answering a request: a reply goes out, and what was refused into the log and `$saml_error`.

use std::borrow::Cow;

use diagnosis::Entry;
use http::browser;
use nginx_sys::{
    NGX_ERROR, NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_HTTP_OK, NGX_HTTP_UNAUTHORIZED, NGX_LOG_ALERT,
    NGX_LOG_ERR, NGX_LOG_WARN, NGX_OK, ngx_chain_t, ngx_http_discard_request_body,
    ngx_http_output_filter, ngx_http_send_header, ngx_int_t, ngx_str_t,
};
use ngx::core::Buffer;
use ngx::http::{HttpModuleLocationConf, NgxHttpCoreModule, Request};
use ngx::{ngx_log_error, ngx_string};
use pages::{Body, Look, Purpose, Reader, Reply, refused};
use saml::refusal::{Refusal, Sender};
use sp::{Event, What};

use crate::audit;
use crate::clock::now;
use crate::context::Context;
use crate::module::{SamlModule, is_asked_by_proxy};
use crate::request::{address, headers};
use crate::response_header;

const ERROR: ngx_int_t = NGX_ERROR as ngx_int_t;
const FAILED: ngx_int_t = NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;
/// Of the answers without a body, the one that nginx does not send by itself when it is told the status.
const NO_PAGE: u16 = 202;

/// Sends a reply. The value is what a content or access handler returns, so that nginx finalizes.
pub fn send(r: &mut Request, reply: &Reply) -> ngx_int_t {
    if let Some(refusal) = reply.refusal() {
        note(r, refusal);
    }
    let status = status(r, reply);
    let replaced = reply.may_be_replaced() && has_error_page(r, status);
    let body = if replaced { None } else { body(r, reply) };
    let of_body = body.as_ref().map(|body| body.headers.as_slice()).unwrap_or_default();
    for (name, value) in reply.headers().iter().chain(of_body) {
        if response_header::add(r, name, value).is_none() {
            return ERROR;
        }
    }
    if let Some(cookie) = tell_answer(r, reply)
        && response_header::add(r, "Set-Cookie", &cookie).is_none()
    {
        return ERROR;
    }
    if r.as_mut().headers_out.etag.is_null() {
        // It has no versions: what a client asks of those is for the page that it wants (RFC 9110 13.2.1).
        r.as_mut().set_disable_not_modified(1);
    }
    match body {
        Some(body) => send_body(r, status, &body),
        None if status == NO_PAGE => send_headers(r, status),
        None => ngx_int_t::try_from(status).unwrap_or(ERROR),
    }
}

/// A proxy that asks lets in whom it is told a 2xx for, and that is members alone: a page by which a login goes to
/// the IdP is for who has none.
fn status(r: &Request, reply: &Reply) -> u16 {
    match reply.status() {
        200..300 if is_asked_by_proxy(r) => NGX_HTTP_UNAUTHORIZED as u16,
        status => status,
    }
}

/// Tells the answer in the story of its request; the cookie by which the browser goes on in one that has begun here.
fn tell_answer(r: &Request, reply: &Reply) -> Option<String> {
    let diary = Context::of(r)?.diary()?;
    let mut facts = vec![("status".to_owned(), reply.status().to_string())];
    for (name, value) in reply.headers() {
        match *name {
            "Location" => facts.push(("Location".to_owned(), diagnosis::url(value))),
            "Set-Cookie" => facts.push(("Set-Cookie".to_owned(), diagnosis::cookie(value))),
            _ => {}
        }
    }
    diary.add(Entry::new("answer", facts));
    diary.take_cookie()
}

/// For who sent the request: a page looks as the SP's pages do, in a language that they read.
fn body<'a>(r: &Request, reply: &'a Reply) -> Option<Cow<'a, Body>> {
    let warn = |what: &str| {
        ngx_log_error!(NGX_LOG_ERR, r.log(), "saml: {}", what);
    };
    let of_nobody = Look::default();
    let conf = SamlModule::location_conf(r);
    let look = conf.and_then(|conf| conf.location().look()).map_or(&of_nobody, |look| look);
    reply.body(&Reader::of(headers(r), look, now(), &warn))
}

/// Logs the refusal with its details and answers without them, as a location for `purpose`.
pub fn refuse(r: &mut Request, refusal: &Refusal, purpose: &Purpose) -> ngx_int_t {
    let Some(context) = note(r, refusal) else { return FAILED };
    let reply = refused(refusal, context.circumstances(), purpose, headers(r));
    send(r, &reply)
}

/// As [`refuse`], of a request at a host where the SP is not. Whoever knocks at any address of this server is
/// noise; a person in a browser was led there.
pub fn refuse_host(r: &mut Request, refusal: &Refusal) -> ngx_int_t {
    let Some(context) = Context::of_or_new(r) else { return FAILED };
    if browser::navigates(headers(r)) {
        context.circumstances().sender.set(Sender::Known);
    }
    refuse(r, refusal, &Purpose::default())
}

/// A refusal where no body may be sent: in a subrequest. The status is the refusal's, but for a rule that has its
/// own.
pub fn refuse_subrequest(r: &Request, refusal: &Refusal, status: u16) -> ngx_int_t {
    note(r, refusal);
    ngx_int_t::try_from(status).unwrap_or(FAILED)
}

/// Sets `$saml_error` and logs; `None` = out of memory.
fn note<'r>(r: &'r Request, refusal: &Refusal) -> Option<&'r Context> {
    let context = Context::of_or_new(r)?;
    let circumstances = context.circumstances();
    circumstances.code.set(Some(refusal.code()));
    tell_refusal(refusal, context);
    tell(r, refusal, context);
    let level = match refusal.is_error(circumstances.sender.get()) {
        _ if refusal.is_alert() => NGX_LOG_ALERT,
        true => NGX_LOG_ERR,
        false => NGX_LOG_WARN,
    };
    ngx_log_error!(level, r.log(), "saml: {}, request id: {}", refusal, circumstances.request_id());
    Some(context)
}

fn tell_refusal(refusal: &Refusal, context: &Context) {
    let Some(diary) = context.diary() else { return };
    let facts = [
        ("reason", refusal.code()),
        ("what that is", refusal.meaning()),
        ("what disagrees", refusal.detail()),
        ("what to do", refusal.advice()),
        ("request ID", context.circumstances().request_id()),
    ];
    let facts = facts.map(|(name, value)| (name.to_owned(), value.to_owned()));
    diary.add(Entry::new("refused", facts.into()));
}

fn tell(r: &Request, refusal: &Refusal, context: &Context) {
    let Some(conf) = SamlModule::location_conf(r) else { return };
    let values = audit::values(r);
    let circumstances = context.circumstances();
    let idp = circumstances.idp.borrow();
    let event = Event {
        sp: conf.location().sp_name(),
        idp: idp.as_deref().unwrap_or_default(),
        request_id: circumstances.request_id(),
        what: What::Refusal(refusal.code()),
    };
    audit::tell(&event, address(r), &values);
}

/// Sends an answer that has no body.
pub fn send_headers(r: &mut Request, status: u16) -> ngx_int_t {
    decline_body(r);
    let request = r.as_mut();
    request.headers_out.status = usize::from(status);
    request.headers_out.content_length_n = 0;
    request.set_header_only(1);
    // SAFETY: r is a live request; all header strings are static or in its pool.
    match unsafe { ngx_http_send_header(request) } {
        rc if rc == ERROR => rc,
        _ => NGX_HTTP_OK as ngx_int_t,
    }
}

/// The answer is final: nobody need send the body that they ask about (RFC 9110 10.1.1).
fn decline_body(r: &mut Request) {
    let request = r.as_mut();
    request.set_expect_tested(1);
    // SAFETY: r is a live request whose body nobody has read or discarded yet, or has read whole.
    if unsafe { ngx_http_discard_request_body(request) } != NGX_OK as ngx_int_t {
        request.set_keepalive(0);
    }
}

fn send_body(r: &mut Request, status: u16, body: &Body) -> ngx_int_t {
    decline_body(r);
    let request = r.as_mut();
    let content_type = body.content_type.as_bytes();
    request.headers_out.status = usize::from(status);
    request.headers_out.content_type =
        ngx_str_t { len: content_type.len(), data: content_type.as_ptr().cast_mut() };
    request.headers_out.content_type_len = content_type.len();
    if body.content_type == "text/html" {
        request.headers_out.charset = ngx_string!("utf-8");
    }
    request.headers_out.content_length_n = body.text.len() as i64;
    // SAFETY: r is a live request; all header strings are static or in its pool.
    let rc = unsafe { ngx_http_send_header(request) };
    if rc == ERROR {
        return rc;
    }
    if rc > NGX_OK as ngx_int_t || request.header_only() != 0 {
        return NGX_HTTP_OK as ngx_int_t;
    }
    let Some(mut buffer) = r.pool().create_buffer_from_str(&body.text) else {
        return ERROR;
    };
    buffer.set_last_buf(r.is_main());
    buffer.set_last_in_chain(true);
    let mut chain = ngx_chain_t { buf: buffer.as_ngx_buf_mut(), next: std::ptr::null_mut() };
    // SAFETY: the buffer lives in the request's pool; nginx copies the chain link.
    match unsafe { ngx_http_output_filter(r.as_mut(), &mut chain) } {
        rc if rc == ERROR => rc,
        // Unsent data is in r->out; finalizing with 200 sends the rest.
        _ => NGX_HTTP_OK as ngx_int_t,
    }
}

fn has_error_page(r: &Request, status: u16) -> bool {
    let Some(core) = NgxHttpCoreModule::location_conf(r) else { return false };
    // SAFETY: error_pages is null or an array of ngx_http_err_page_t in the cycle's pool.
    let pages = unsafe { core.error_pages.as_ref() };
    pages.is_some_and(|pages| {
        // SAFETY: as above.
        let pages: &[nginx_sys::ngx_http_err_page_t] = unsafe { pages.as_slice() };
        r.as_ref().uri_changes() != 0
            && r.as_ref().error_page() == 0
            && pages.iter().any(|page| page.status == isize::try_from(status).unwrap_or(0))
    })
}
