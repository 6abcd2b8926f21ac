//! Telling the application that a user is logged out: a subrequest to `logout_notify`, with the
//! variables of what ended.

use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use nginx_sys::{
    NGX_HTTP_OK, NGX_HTTP_SPECIAL_RESPONSE, NGX_HTTP_SUBREQUEST_BACKGROUND, NGX_OK,
    ngx_http_post_subrequest_t, ngx_http_request_body_t, ngx_http_request_t, ngx_http_subrequest,
    ngx_int_t, ngx_pcalloc, ngx_str_t,
};
use ngx::http::Request;
use session::Session;
use sp::{Heard, LiveSession, not_heard};

use crate::context::Context;
use crate::errand::Pending;
use crate::guard::guard;
use crate::module::Sp;

/// Starts the subrequest to `uri`. Who waits for its answer is told by the request's wish.
///
/// # Errors
/// nginx could not start it.
pub fn send(r: &mut Request, sp: &Rc<Sp>, uri: &str, session: Session) -> Heard {
    let live = Rc::new(LiveSession::untraceable(session, &sp.sessions.rules));
    let context = Context::of_or_new(r).map(ptr::from_ref);
    let started = context.and_then(|context| subrequest(r, uri, sp, live, context));
    started.ok_or_else(|| not_heard("nginx could not start logout_notify"))
}

/// What the answer's status means.
fn heard(uri: &str, status: usize) -> Heard {
    let is_success = NGX_HTTP_OK as usize..NGX_HTTP_SPECIAL_RESPONSE as usize;
    match is_success.contains(&status) {
        true => Ok(()),
        false => Err(not_heard(format!("logout_notify {uri} answered with status {status}"))),
    }
}

/// A GET without a body, whose answer nobody sees but for its status. In the background: the events
/// of the client's connection stay with the main request, so that no upstream takes a client that
/// leaves for its own and breaks off.
fn subrequest(
    r: &mut Request,
    uri: &str,
    sp: &Rc<Sp>,
    live: Rc<LiveSession>,
    context: *const Context,
) -> Option<()> {
    let pool = r.as_ref().pool;
    let mut sr: *mut ngx_http_request_t = ptr::null_mut();
    // SAFETY: r is live; what nginx keeps of the arguments lies in the request's pool, as does the
    // context.
    unsafe {
        let mut uri = ngx_str_t::from_bytes(pool, uri.as_bytes())?;
        let mut args = ngx_str_t::empty();
        let after = ngx_pcalloc(pool, size_of::<ngx_http_post_subrequest_t>())
            .cast::<ngx_http_post_subrequest_t>()
            .as_mut()?;
        let body = ngx_pcalloc(pool, size_of::<ngx_http_request_body_t>());
        if body.is_null() {
            return None;
        }
        after.handler = Some(done);
        after.data = context.cast_mut().cast();
        let flags = NGX_HTTP_SUBREQUEST_BACKGROUND as usize;
        let rc = ngx_http_subrequest(r.as_mut(), &mut uri, &mut args, &mut sr, after, flags);
        if rc != NGX_OK as ngx_int_t {
            return None;
        }
        (*sr).request_body = body.cast();
        (*sr).set_header_only(1);
        // A copy of the main request's headers, whose body is not this one's.
        (*sr).headers_in.content_length = ptr::null_mut();
        (*sr).headers_in.content_length_n = -1;
        (*sr).headers_in.set_chunked(0);
        let context = Context::of_subrequest(Request::from_ngx_http_request(sr))?;
        context.is_notice.set(true);
        *context.session.borrow_mut() = Some((Rc::clone(sp), live));
    }
    Some(())
}

/// The subrequest was answered, or failed.
unsafe extern "C" fn done(
    sr: *mut ngx_http_request_t,
    data: *mut c_void,
    rc: ngx_int_t,
) -> ngx_int_t {
    // SAFETY: nginx calls it with the live subrequest and the context given to it, which lives in
    // the same pool.
    let (context, sent) = unsafe { (&*data.cast::<Context>(), (*sr).headers_out.status) };
    let status = match usize::try_from(rc) {
        Ok(refused) if refused >= NGX_HTTP_SPECIAL_RESPONSE as usize => refused,
        Ok(_) => sent,
        Err(_) => 0,
    };
    guard((), || {
        // nginx comes here again when the subrequest has something left to send.
        if let Some(Pending::Notice { uri, tell }) = context.take_pending() {
            // The errand goes on inside.
            drop(tell.send(heard(&uri, status)));
        }
    });
    // Some statuses would end the main request with it, and nobody wants the error's page.
    NGX_OK as ngx_int_t
}
