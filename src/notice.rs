//! Telling the application that a user is logged out: a subrequest to `logout_notify`, with the
//! variables of what ended.

use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use futures_channel::oneshot;
use nginx_sys::{
    NGX_HTTP_OK, NGX_HTTP_SPECIAL_RESPONSE, NGX_HTTP_SUBREQUEST_BACKGROUND, NGX_OK,
    ngx_http_post_subrequest_t, ngx_http_request_body_t, ngx_http_request_t, ngx_http_subrequest,
    ngx_int_t, ngx_pcalloc, ngx_str_t,
};
use ngx::http::Request;
use saml::reason;
use saml::refusal::Refusal;
use session::Session;

use crate::config::Sp;
use crate::context::Context;
use crate::guard::guard;
use crate::live_session::LiveSession;

/// Did the application hear it? The refusal says why not.
pub type Heard = Result<(), Refusal>;

/// What to tell.
pub struct Notice {
    sp: Rc<Sp>,
    uri: String,
    /// Whose variables the subrequest has.
    session: Session,
    tell: oneshot::Sender<Heard>,
}

/// A notice on its way. Dropped with its request: who waits for the answer then hears of that.
pub struct PendingNotice {
    uri: String,
    tell: oneshot::Sender<Heard>,
}

impl PendingNotice {
    /// What the answer's status means. Who waits for it runs in here.
    fn answered(self, status: usize) {
        let is_success = NGX_HTTP_OK as usize..NGX_HTTP_SPECIAL_RESPONSE as usize;
        let heard = match is_success.contains(&status) {
            true => Ok(()),
            false => {
                Err(not_heard(format!("logout_notify {} answered with status {status}", self.uri)))
            }
        };
        // An errand waits until its end.
        let _ = self.tell.send(heard);
    }
}

impl Notice {
    /// A notice to the location `uri`, and what comes back.
    pub fn new(sp: Rc<Sp>, uri: String, session: Session) -> (Self, oneshot::Receiver<Heard>) {
        let (tell, heard) = oneshot::channel();
        (Self { sp, uri, session, tell }, heard)
    }

    /// Starts the subrequest.
    pub fn send(self, r: &mut Request) {
        let Self { sp, uri, session, tell } = self;
        let live = sp.sessions.told(session);
        let started = Context::of_or_new(r).map(ptr::from_ref).and_then(|context| {
            subrequest(r, &uri, &sp, live, context)?;
            // SAFETY: a Context lives as long as its request.
            unsafe { context.as_ref() }
        });
        match started {
            Some(context) => *context.notice.borrow_mut() = Some(PendingNotice { uri, tell }),
            None => {
                let _ = tell.send(Err(not_heard("nginx could not start logout_notify".to_owned())));
            }
        }
    }
}

/// The application may not know of the logout.
pub fn not_heard(why: String) -> Refusal {
    Refusal::new(&reason::LOGOUT_NOTIFY_FAILED, why)
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
    // nginx comes here again when the subrequest has something left to send.
    let notice = context.notice.borrow_mut().take();
    if let Some(notice) = notice {
        guard((), || notice.answered(status));
    }
    // Some statuses would end the main request with it, and nobody wants the error's page.
    NGX_OK as ngx_int_t
}
