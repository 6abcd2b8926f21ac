//! A request that waits for a future without holding up the worker.
//!
//! The future only computes, on data of its own; its one effect on the request is to post an event.
//! Request code then runs from nginx's event loop, never inside a poll.

use std::cell::Cell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::ptr;
use std::rc::Rc;

use futures_util::FutureExt;
use nginx_sys::{
    NGX_OK, ngx_handle_read_event, ngx_http_block_reading, ngx_http_post_request,
    ngx_http_request_t, ngx_http_test_reading, ngx_post_event, ngx_posted_events,
};
use ngx::async_::{Task, spawn};
use ngx::http::Request;

use crate::guard::log_panic;

/// What a request waits for. Dropped with the request's pool: then the future is cancelled.
pub struct Suspension<T> {
    shared: Rc<Shared<T>>,
    _task: Task<()>,
}

struct Shared<T> {
    outcome: Cell<Option<Outcome<T>>>,
    /// Set once the request really waits; a future that is ready at once resumes nothing.
    waits: Cell<bool>,
}

/// The future's value; `None` = it panicked, which is logged.
type Outcome<T> = Option<T>;

/// How a future began.
pub enum Started<T> {
    Done(Outcome<T>),
    Waiting(Suspension<T>),
}

/// What a client that leaves does to its waiting request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// Ends it, as far as nginx notices.
    Ends,
    /// Nothing: it is seen when the answer is sent.
    IsIgnored,
}

/// Runs `future` until it has to wait. Then the request goes on by itself when the value is there:
/// its phases run again, or its write handler.
pub fn start<T: 'static>(
    r: &Request,
    departure: Departure,
    future: impl Future<Output = T> + 'static,
) -> Started<T> {
    let shared = Rc::new(Shared { outcome: Cell::new(None), waits: Cell::new(false) });
    let request = ptr::from_ref(r.as_ref()).cast_mut();
    let task = spawn({
        let shared = Rc::clone(&shared);
        async move {
            let outcome = AssertUnwindSafe(future).catch_unwind().await;
            shared.outcome.set(Some(outcome.map_err(|panic| log_panic(&*panic)).ok()));
            if shared.waits.get() {
                // SAFETY: the request's pool drops the Suspension, which cancels this task.
                unsafe { resume(request) }
            }
        }
    });
    if let Some(outcome) = shared.outcome.take() {
        return Started::Done(outcome);
    }
    shared.waits.set(true);
    if r.is_main() && departure == Departure::Ends {
        // SAFETY: r is live. nginx's own pointer: what is written through a `&` may get lost.
        unsafe { watch_client(r.as_ref().main) }
    }
    Started::Waiting(Suspension { shared, _task: task })
}

impl<T> Suspension<T> {
    /// The value, once it is there; the request then waits no more.
    pub fn take(&self, r: &Request) -> Option<Outcome<T>> {
        let outcome = self.shared.outcome.take()?;
        if r.is_main() {
            // SAFETY: r is live, and nginx's own code is not at work on it.
            unsafe { unwatch_client(r.as_ref().main) }
        }
        Some(outcome)
    }
}

/// Posts the event on which nginx goes on with the request.
///
/// # Safety
/// `r` is live.
unsafe fn resume(r: *mut ngx_http_request_t) {
    // SAFETY: r is live, so is its connection; the event runs from the loop, not here.
    unsafe {
        let connection = (*r).connection;
        if r == (*r).main {
            return ngx_post_event((*connection).write, &raw mut ngx_posted_events);
        }
        // A subrequest runs because it is posted. It may also be the one that the connection's write
        // event runs, and must not run twice: the read event runs what is posted, too.
        // Out of memory, it waits until its client leaves.
        let _ = ngx_http_post_request(r, ptr::null_mut());
        ngx_post_event((*connection).read, &raw mut ngx_posted_events);
    }
}

/// Lets nginx notice a client that leaves while its request waits, as limit_req does.
///
/// # Safety
/// `r` is live, and a main request.
unsafe fn watch_client(r: *mut ngx_http_request_t) {
    // SAFETY: r is live; reading its connection is nginx's own until the body was read or
    // discarded, and block_reading says that nobody reads.
    unsafe {
        if !reads_by(r, ngx_http_block_reading) {
            return;
        }
        let read = (*(*r).connection).read;
        if (*read).ready() != 0 {
            ngx_post_event(read, &raw mut ngx_posted_events);
        } else if ngx_handle_read_event(read, 0) != NGX_OK as isize {
            return;
        }
        (*r).read_event_handler = Some(ngx_http_test_reading);
    }
}

/// Undoes it.
///
/// # Safety
/// `r` is live, and a main request.
unsafe fn unwatch_client(r: *mut ngx_http_request_t) {
    // SAFETY: the caller's promise.
    unsafe {
        if reads_by(r, ngx_http_test_reading) {
            (*r).read_event_handler = Some(ngx_http_block_reading);
        }
    }
}

/// # Safety
/// `r` is live.
unsafe fn reads_by(r: *mut ngx_http_request_t, handler: ReadHandler) -> bool {
    // SAFETY: the caller's promise.
    unsafe { (*r).read_event_handler }.is_some_and(|now| ptr::fn_addr_eq(now, handler))
}

type ReadHandler = unsafe extern "C" fn(*mut ngx_http_request_t);
