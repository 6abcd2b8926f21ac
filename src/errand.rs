//! Work of an endpoint that must not stay half done: a task of its own does it to its end, and the
//! request only waits for what it comes to. A client that leaves meanwhile changes nothing.

use std::mem;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use ::clock::{Monotonic, UnixTime};
use futures_channel::oneshot;
use futures_util::FutureExt;
use nginx_sys::{NGX_LOG_ERR, NGX_LOG_NOTICE, NGX_LOG_WARN};
use ngx::async_::{Task, spawn};
use ngx::http::Request;
use ngx::log::ngx_cycle_log;
use ngx::ngx_log_error;
use pages::Reply;
use saml::refusal::Refusal;
use sp::{BodyError, Event, Heard, Server, Wish};

use crate::audit::{self, Values};
use crate::clock;
use crate::core_dump;
use crate::guard::log_panic;
use crate::suspend::Slot;

/// An errand under way, as its request has it.
pub struct Errand {
    steps: Rc<Slot<Step>>,
    task: Option<Task<()>>,
    /// What the request does for it now. Dropped after the errand was left, which hears of that.
    pending: Option<Pending>,
}

/// A wish that the request is about to grant, and who waits for that.
pub enum Pending {
    Body { limit: usize, tell: oneshot::Sender<Result<Vec<u8>, BodyError>> },
    Notice { uri: String, tell: oneshot::Sender<Heard> },
}

/// What an errand wants of its request.
pub enum Step {
    Wish(Wish),
    /// It is done.
    Done(Conclusion),
}

/// What an errand came to. Where no request takes it, the log has what went wrong at least.
pub struct Conclusion(Option<Result<Reply, Refusal>>);

impl Errand {
    /// Begins the work: it runs until it first waits, and then goes on whatever becomes of the request.
    /// `address` is the client's, `values` are of the request. Each of its waits has a deadline, so that it ends.
    pub fn start<F>(
        address: Option<IpAddr>,
        values: Values,
        work: impl FnOnce(Rc<dyn Server>) -> F,
    ) -> Self
    where
        F: Future<Output = Result<Reply, Refusal>> + 'static,
    {
        let steps = Rc::new(Slot::default());
        // Kilobytes, which would be moved again and again on their way into the task.
        let work = Box::pin(work(Rc::new(Nginx { steps: Rc::clone(&steps), address, values })));
        let task = spawn({
            let steps = Rc::clone(&steps);
            async move {
                let outcome = AssertUnwindSafe(work).catch_unwind().await;
                let outcome = outcome.unwrap_or_else(|panic| {
                    log_panic(&*panic);
                    Err(Refusal::internal("a panic"))
                });
                steps.put(Step::Done(Conclusion(Some(outcome))));
                core_dump::note_work();
            }
        });
        Self { steps, task: Some(task), pending: None }
    }

    /// What it wants next; `None` = `r` waits for that.
    pub fn next(&self, r: &Request) -> Option<Step> {
        self.steps.take(r)
    }

    /// Remembers what the request does for it.
    pub fn expect(&mut self, pending: Pending) {
        self.pending = Some(pending);
    }

    /// What the request does for it, to be answered.
    pub fn take_pending(&mut self) -> Option<Pending> {
        self.pending.take()
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        self.steps.leave();
        // While the body is read nothing has begun, and the task ends with its request.
        if !matches!(self.pending, Some(Pending::Body { .. }))
            && let Some(task) = mem::take(&mut self.task)
        {
            task.detach();
        }
    }
}

/// nginx, as an errand sees it.
struct Nginx {
    steps: Rc<Slot<Step>>,
    /// Of the client.
    address: Option<IpAddr>,
    /// For records.
    values: Values,
}

impl Server for Nginx {
    fn grant(&self, wish: Wish) {
        self.steps.put(Step::Wish(wish));
    }

    fn now(&self) -> UnixTime {
        clock::now()
    }

    fn monotonic(&self) -> Monotonic {
        clock::monotonic()
    }

    fn tell(&self, event: &Event<'_>) {
        audit::tell(event, self.address, &self.values);
    }

    fn keeps_records(&self) -> bool {
        audit::is_kept()
    }

    fn note(&self, what: &str) {
        ngx_log_error!(NGX_LOG_NOTICE, ngx_cycle_log().as_ptr(), "saml: {}", what);
    }

    fn warn(&self, what: &str) {
        ngx_log_error!(NGX_LOG_WARN, ngx_cycle_log().as_ptr(), "saml: {}", what);
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
