//! Telling an application that a user is logged out: a subrequest to a path of `logout_notify`, with
//! the variables of what ended.

use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use nginx_sys::{
    NGX_HTTP_SPECIAL_RESPONSE, NGX_HTTP_SUBREQUEST_BACKGROUND, NGX_OK, ngx_http_post_subrequest_t,
    ngx_http_request_body_t, ngx_http_request_t, ngx_http_subrequest, ngx_int_t, ngx_palloc,
    ngx_pcalloc, ngx_str_t,
};
use ngx::http::Request;
use sp::{Answer, LiveSession};

use crate::context::Context;
use crate::errand::Errand;
use crate::guard::guard;
use crate::module::Sp;

/// The notice that a subrequest is; it lies in the request's pool.
struct Notice {
    context: *const Context,
    /// As the errand counts its notices.
    number: usize,
}

/// Tells whoever waits for the answer to a notice; the errand goes on inside.
pub fn answer(context: &Context, number: usize, answer: Answer) {
    let tell = context.with_errand(|errand| Errand::take_notice(errand, number)).flatten();
    if let Some(tell) = tell {
        // Nobody waits: the errand is gone.
        let _ = tell.send(answer);
    }
}

/// Starts the subrequest to `uri`; `None` = nginx could not. The errand of the request knows by `number`
/// who waits for its answer.
///
/// A GET without a body, whose answer nobody sees but for its status. In the background: the events
/// of the client's connection stay with the main request, so that no upstream takes a client that
/// leaves for its own and breaks off.
pub fn send(
    r: &mut Request,
    sp: &Rc<Sp>,
    uri: &str,
    live: Rc<LiveSession>,
    number: usize,
) -> Option<()> {
    let context = Context::of(r).map(ptr::from_ref)?;
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
        let notice = ngx_palloc(pool, size_of::<Notice>()).cast::<Notice>();
        let body = ngx_pcalloc(pool, size_of::<ngx_http_request_body_t>());
        if body.is_null() || notice.is_null() {
            return None;
        }
        notice.write(Notice { context, number });
        after.handler = Some(done);
        after.data = notice.cast();
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
    // SAFETY: nginx calls it with the live subrequest and the notice given to it, which lies in the
    // same pool as its context.
    let (context, number, sent) = unsafe {
        let notice = &*data.cast::<Notice>();
        (&*notice.context, notice.number, (*sr).headers_out.status)
    };
    let status = match usize::try_from(rc) {
        Ok(refused) if refused >= NGX_HTTP_SPECIAL_RESPONSE as usize => Some(refused),
        Ok(_) => Some(sent),
        Err(_) => None,
    };
    let status = status.and_then(|status| u16::try_from(status).ok());
    // nginx comes here again when the subrequest has something left to send: nobody waits then.
    guard((), || answer(context, number, status.map_or(Answer::None, Answer::Status)));
    // Some statuses would end the main request with it, and nobody wants the error's page.
    NGX_OK as ngx_int_t
}
