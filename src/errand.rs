//! Work of an endpoint that must not stay half done: a task of its own does it to its end, and the
//! request only waits for what it comes to. A client that leaves meanwhile changes nothing.
//!
//! What only a request can do, a subrequest, the task asks of it.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::{FutureExt, StreamExt};
use nginx_sys::NGX_LOG_ERR;
use ngx::async_::spawn;
use ngx::log::ngx_cycle_log;
use ngx::ngx_log_error;
use pages::Reply;
use saml::refusal::Refusal;
use session::Session;

use crate::config::Sp;
use crate::guard::log_panic;
use crate::notice::{Heard, Notice, not_heard};

/// An errand under way, as its request has it.
pub struct Errand(UnboundedReceiver<Step>);

/// A step, and the errand that goes on; `None` = it panicked, which is logged.
pub type NextStep = Option<(Step, Errand)>;

/// What an errand wants of its request.
pub enum Step {
    /// The application is told; the errand waits for its answer.
    Notify(Box<Notice>),
    /// It is done.
    Done(Conclusion),
}

/// How an errand speaks to its request, which may be gone.
pub struct Bell(UnboundedSender<Step>);

/// What an errand came to. Where no request takes it, the log has what went wrong at least.
pub struct Conclusion(Option<Result<Reply, Refusal>>);

/// Begins the work: it runs until it first waits, and then goes on whatever becomes of the request.
/// Each of its waits has a deadline, so that it ends.
pub fn start<F>(work: impl FnOnce(Bell) -> F) -> Errand
where
    F: Future<Output = Result<Reply, Refusal>> + 'static,
{
    let (steps, errand) = unbounded();
    let work = work(Bell(steps.clone()));
    spawn(async move {
        match AssertUnwindSafe(work).catch_unwind().await {
            // Without a request the conclusion comes back, and is dropped.
            Ok(outcome) => drop(steps.unbounded_send(Step::Done(Conclusion(Some(outcome))))),
            Err(panic) => log_panic(&*panic),
        }
    })
    .detach();
    Errand(errand)
}

impl Errand {
    /// Waits for what it wants next.
    pub async fn next(mut self) -> NextStep {
        self.0.next().await.map(|step| (step, self))
    }
}

impl Bell {
    /// Has the application told that a session ended, where `logout_notify` says how.
    ///
    /// # Errors
    /// It did not answer well, or the request is gone and nobody could ask it.
    pub async fn notify(&self, sp: &Rc<Sp>, session: Session) -> Heard {
        let Some(uri) = &sp.logout_notify else { return Ok(()) };
        let (notice, heard) = Notice::new(Rc::clone(sp), uri.clone(), session);
        // When it comes back it is dropped, and so is the sender of the answer.
        drop(self.0.unbounded_send(Step::Notify(Box::new(notice))));
        let gone = || not_heard("the request ended before logout_notify was answered".to_owned());
        heard.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl Conclusion {
    /// For the request that answers it.
    pub fn take(mut self) -> Result<Reply, Refusal> {
        self.0.take().unwrap_or_else(|| Err(Refusal::internal("a conclusion was taken twice")))
    }
}

impl Drop for Conclusion {
    fn drop(&mut self) {
        let refusal = match &self.0 {
            Some(Ok(reply)) => reply.refusal(),
            Some(Err(refusal)) => Some(refusal),
            None => None,
        };
        if let Some(refusal) = refusal {
            let log = ngx_cycle_log().as_ptr();
            ngx_log_error!(NGX_LOG_ERR, log, "saml: {}, its client had left", refusal);
        }
    }
}
