//! A request that waits without holding up the worker.
//!
//! What it waits for computes on data of its own; its one effect on the request is to post an event.
//! Request code then runs from nginx's event loop, never inside a poll.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
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

/// A place where values are left for a request, which takes them in their order.
pub struct Slot<T> {
    values: RefCell<VecDeque<T>>,
    waiting: Cell<Waiting>,
}

#[derive(Clone, Copy)]
enum Waiting {
    /// It has not come for the value yet.
    No,
    /// It goes on when there is one.
    Since(*mut ngx_http_request_t),
    /// It has gone.
    Never,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { values: RefCell::default(), waiting: Cell::new(Waiting::No) }
    }
}

impl<T> Slot<T> {
    /// Leaves a value; a request that waits goes on soon: its phases run again, or its write handler.
    /// Once it has gone, the value is dropped.
    pub fn put(&self, value: T) {
        match self.waiting.get() {
            Waiting::No => self.values.borrow_mut().push_back(value),
            Waiting::Since(request) => {
                self.values.borrow_mut().push_back(value);
                // SAFETY: whoever has the request's side says when it goes.
                unsafe { resume(request) }
            }
            Waiting::Never => drop(value),
        }
    }

    /// The next value; `None` = from now on, `r` waits for it.
    pub fn take(&self, r: &Request) -> Option<T> {
        let value = self.values.borrow_mut().pop_front();
        self.waiting.set(match &value {
            Some(_) => Waiting::No,
            None => Waiting::Since(ptr::from_ref(r.as_ref()).cast_mut()),
        });
        value
    }

    /// The request goes, and takes no value any more.
    pub fn leave(&self) {
        self.waiting.set(Waiting::Never);
        // Who hears of their end finds none of them borrowed.
        drop(self.values.take());
    }
}

/// What a request waits for. Dropped with the request's pool: then a future of its own is cancelled.
pub struct Suspension<T> {
    slot: Rc<Slot<Outcome<T>>>,
    _task: Option<Task<()>>,
}

/// The future's value; `None` = it panicked, which is logged.
type Outcome<T> = Option<T>;

/// How a future began.
pub enum Started<T> {
    Done(Outcome<T>),
    Waiting(Suspension<T>),
}

/// Waits for what somebody says who is asked, once and maybe at once. Then the request goes on by itself. A client that
/// leaves meanwhile hears no more of it, as far as nginx notices.
pub fn ask<T: 'static>(r: &Request, ask: impl FnOnce(Box<dyn FnOnce(T)>)) -> Started<T> {
    let slot = Rc::new(Slot::default());
    let place = Rc::clone(&slot);
    ask(Box::new(move |value| place.put(Some(value))));
    wait(r, slot, None)
}

/// Runs `future` until it has to wait. Then the request goes on by itself when the value is there. A
/// client that leaves meanwhile ends it, as far as nginx notices.
pub fn start<T: 'static>(r: &Request, future: impl Future<Output = T> + 'static) -> Started<T> {
    let slot = Rc::new(Slot::default());
    let task = spawn({
        let slot = Rc::clone(&slot);
        async move {
            let outcome = AssertUnwindSafe(future).catch_unwind().await;
            slot.put(outcome.map_err(|panic| log_panic(&*panic)).ok());
        }
    });
    wait(r, slot, Some(task))
}

fn wait<T>(r: &Request, slot: Rc<Slot<Outcome<T>>>, task: Option<Task<()>>) -> Started<T> {
    if let Some(outcome) = slot.take(r) {
        return Started::Done(outcome);
    }
    if r.is_main() {
        // SAFETY: r is live. nginx's own pointer: what is written through a `&` may get lost.
        unsafe { watch_client(r.as_ref().main) }
    }
    Started::Waiting(Suspension { slot, _task: task })
}

impl<T> Suspension<T> {
    /// The value, once it is there; the request then waits no more.
    pub fn take(&self, r: &Request) -> Option<Outcome<T>> {
        let outcome = self.slot.take(r)?;
        if r.is_main() {
            // SAFETY: r is live, and nginx's own code is not at work on it.
            unsafe { unwatch_client(r.as_ref().main) }
        }
        Some(outcome)
    }
}

impl<T> Drop for Suspension<T> {
    fn drop(&mut self) {
        self.slot.leave();
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
