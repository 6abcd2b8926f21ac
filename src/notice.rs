//! Telling the application that a user is logged out: a subrequest to `logout_notify`, with the
//! variables of what ended.

use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use nginx_sys::{
    NGX_HTTP_OK, NGX_HTTP_SPECIAL_RESPONSE, NGX_HTTP_SUBREQUEST_WAITED, NGX_OK,
    ngx_http_post_subrequest_t, ngx_http_request_body_t, ngx_http_request_t, ngx_http_subrequest,
    ngx_int_t, ngx_pcalloc, ngx_str_t,
};
use ngx::http::Request;
use saml::reason;
use saml::refusal::Refusal;
use session::Session;

use crate::config::Sp;
use crate::context::Context;
use crate::endpoint::Outcome;
use crate::live_session::LiveSession;

/// Did the application hear it? The refusal says why not.
pub type Heard = Result<(), Refusal>;

/// What to tell, and how to go on.
pub struct Notice {
    /// Whose variables the subrequest has.
    pub session: Session,
    pub then: Then,
}

type Then = Box<dyn FnOnce(Heard) -> LocalBoxFuture<'static, Outcome>>;

/// A notice on its way.
pub struct PendingNotice {
    uri: String,
    then: Then,
}

impl PendingNotice {
    /// What the answer's status means.
    pub fn heard(&self, status: usize) -> Heard {
        if (NGX_HTTP_OK as usize..NGX_HTTP_SPECIAL_RESPONSE as usize).contains(&status) {
            return Ok(());
        }
        Err(not_heard(format!("logout_notify {} answered with status {status}", self.uri)))
    }

    pub fn then(self, heard: Heard) -> LocalBoxFuture<'static, Outcome> {
        (self.then)(heard)
    }
}

impl Notice {
    /// Starts the subrequest; the request's write handler runs when it has been answered.
    ///
    /// # Errors
    /// nginx could not start it; how to go on then.
    pub fn send(
        self,
        r: &mut Request,
        sp: &Rc<Sp>,
    ) -> Result<(), LocalBoxFuture<'static, Outcome>> {
        let Some(uri) = &sp.logout_notify else { return Err((self.then)(Ok(()))) };
        let live = sp.sessions.told(self.session);
        let started = Context::of_or_new(r).map(ptr::from_ref).and_then(|context| {
            subrequest(r, uri, sp, live, context)?;
            // SAFETY: a Context lives as long as its request.
            unsafe { context.as_ref() }
        });
        let Some(context) = started else {
            return Err((self.then)(Err(not_heard(
                "nginx could not start logout_notify".to_owned(),
            ))));
        };
        *context.notice.borrow_mut() = Some(PendingNotice { uri: uri.clone(), then: self.then });
        Ok(())
    }
}

fn not_heard(why: String) -> Refusal {
    Refusal::new(&reason::LOGOUT_NOTIFY_FAILED, why)
}

/// A GET without a body, whose answer nobody sees but for its status.
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
        let flags = NGX_HTTP_SUBREQUEST_WAITED as usize;
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
    context.notice_status.set(Some(status));
    // Some statuses would end the main request with it, and nobody wants the error's page.
    NGX_OK as ngx_int_t
}
