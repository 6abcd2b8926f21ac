//! Work of an endpoint that must not stay half done: a task of its own does it to its end, and the
//! request only waits for what it comes to. A client that leaves meanwhile changes nothing.

use std::collections::BTreeMap;
use std::mem;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use ::clock::{Monotonic, Msec, UnixTime};
use futures_channel::oneshot;
use futures_util::FutureExt;
use nginx_sys::{NGX_LOG_ERR, NGX_LOG_NOTICE, NGX_LOG_WARN};
use ngx::async_::{Task, spawn};
use ngx::http::Request;
use ngx::log::ngx_cycle_log;
use ngx::ngx_log_error;
use pages::Reply;
use saml::refusal::Refusal;
use sp::{Answer, BodyError, Event, Pause, Server, Wish, Work};

use crate::audit::{self, Values};
use crate::clock;
use crate::core_dump;
use crate::event::{has_thread, in_pool, pause};
use crate::guard::log_panic;
use crate::suspend::Slot;

/// An errand under way, as its request has it.
pub struct Errand {
    steps: Rc<Slot<Step>>,
    task: Option<Task<()>>,
    /// What the request does for it now. Dropped after the errand was left, which hears of that.
    body: Option<PendingBody>,
    notices: BTreeMap<usize, oneshot::Sender<Answer>>,
    /// How many notices there were.
    noticed: usize,
}

/// The body that the request is about to have read, and who waits for it.
pub struct PendingBody {
    pub limit: usize,
    pub tell: oneshot::Sender<Result<Vec<u8>, BodyError>>,
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
        let work =
            Box::pin(work(Rc::new(Nginx { steps: Some(Rc::clone(&steps)), address, values })));
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
        Self { steps, task: Some(task), body: None, notices: BTreeMap::new(), noticed: 0 }
    }

    /// What it wants next; `None` = `r` waits for that.
    pub fn next(&self, r: &Request) -> Option<Step> {
        self.steps.take(r)
    }

    /// Remembers that the request reads its body for it.
    pub fn expect_body(&mut self, body: PendingBody) {
        self.body = Some(body);
    }

    /// Who waits for the body.
    pub fn take_body(&mut self) -> Option<PendingBody> {
        self.body.take()
    }

    /// Remembers that the request tells an application for it, and by which number.
    pub fn expect_answer(&mut self, tell: oneshot::Sender<Answer>) -> usize {
        self.noticed += 1;
        self.notices.insert(self.noticed, tell);
        self.noticed
    }

    /// Who waits for the answer to the notice of this number.
    pub fn take_notice(&mut self, number: usize) -> Option<oneshot::Sender<Answer>> {
        self.notices.remove(&number)
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        self.steps.leave();
        // While the body is read nothing has begun, and the task ends with its request.
        if self.body.is_none()
            && let Some(task) = mem::take(&mut self.task)
        {
            task.detach();
        }
    }
}

/// nginx, for work that no request waits for: it has no body, and nobody can be told of it.
pub fn server() -> Rc<dyn Server> {
    Rc::new(Nginx { steps: None, address: None, values: Values::default() })
}

/// nginx, as an errand sees it.
struct Nginx {
    /// `None` = there is no request to grant wishes.
    steps: Option<Rc<Slot<Step>>>,
    /// Of the client.
    address: Option<IpAddr>,
    /// For records.
    values: Values,
}

impl Server for Nginx {
    fn grant(&self, wish: Wish) {
        if let Some(steps) = &self.steps {
            steps.put(Step::Wish(wish));
        }
    }

    fn now(&self) -> UnixTime {
        clock::now()
    }

    fn monotonic(&self) -> Monotonic {
        clock::monotonic()
    }

    fn pause(&self, span: Msec) -> Pause {
        Box::pin(pause(span))
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

    fn has_thread(&self) -> bool {
        has_thread()
    }

    fn aside(&self, work: Work) -> Pause {
        Box::pin(in_pool(|| core_dump::in_thread(work)))
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
