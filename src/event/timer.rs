//! Timers of nginx's event loop.

use std::cell::Cell;
use std::mem;
use std::pin::pin;
use std::ptr::NonNull;
use std::rc::Rc;

use clock::Msec;
use futures_channel::oneshot;
use futures_util::future::{Either, select};
use nginx_sys::{ngx_add_timer, ngx_del_timer, ngx_event_t, ngx_msec_t};
use ngx::log::ngx_cycle_log;

use super::{Callback, is_exiting};
use crate::guard::guard;

/// Calls back once, later. Dropped, it never does.
pub struct Timer(NonNull<Inner>);

/// At an address of its own, which nginx's tree of timers has.
struct Inner {
    event: ngx_event_t,
    callback: Callback,
}

/// Whether a worker that shuts down waits for a timer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Somebody waits for it.
    Waited,
    /// It may be forgotten.
    Cancelable,
}

/// nginx's debug lines take the fourth word of an event's data for a file descriptor.
static IDENT: [usize; 4] = [0, 0, 0, usize::MAX];

impl Timer {
    /// Not running yet.
    pub fn new(patience: Patience, callback: Callback) -> Self {
        // SAFETY: zeroes are a valid ngx_event_t: not in a tree, not posted.
        let mut event: ngx_event_t = unsafe { mem::zeroed() };
        event.data = (&raw const IDENT).cast_mut().cast();
        event.handler = Some(on_timer);
        event.log = ngx_cycle_log().as_ptr();
        event.set_cancelable(u32::from(patience == Patience::Cancelable));
        let inner = Box::new(Inner { event, callback });
        Self(NonNull::from(Box::leak(inner)))
    }

    /// Calls back after `span`, and not before.
    pub fn start(&self, span: Msec) {
        self.stop();
        // SAFETY: the event lives as long as this handle, which takes it out of the tree.
        unsafe { ngx_add_timer(self.event(), span.0 as ngx_msec_t) }
    }

    fn stop(&self) {
        // SAFETY: the event is ours; when timer_set it is in the tree.
        unsafe {
            if (*self.event()).timer_set() != 0 {
                ngx_del_timer(self.event());
            }
        }
    }

    fn event(&self) -> *mut ngx_event_t {
        // SAFETY: leaked by `new`, freed by `drop`.
        unsafe { &raw mut (*self.0.as_ptr()).event }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.stop();
        // SAFETY: leaked by `new`; nginx has no pointer to it any more.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

unsafe extern "C" fn on_timer(event: *mut ngx_event_t) {
    // SAFETY: nginx fires timers that are in its tree, and those of this handler are a field of an
    // Inner, EVENT_OFFSET bytes into it. The callback is cloned, because it may drop the timer.
    let callback = unsafe { Rc::clone(&(*event.byte_sub(EVENT_OFFSET).cast::<Inner>()).callback) };
    guard((), || callback());
}

const EVENT_OFFSET: usize = mem::offset_of!(Inner, event);

/// Calls `work` after the span `first`, and again after each span that it gives, until the worker shuts
/// down.
pub fn repeat(first: Msec, work: impl Fn() -> Msec + 'static) {
    let place: Rc<Cell<Option<Timer>>> = Rc::default();
    let again = Rc::clone(&place);
    let timer = Timer::new(
        Patience::Cancelable,
        Rc::new(move || {
            if is_exiting() {
                // Nothing else would: it holds itself.
                drop(again.take());
                return;
            }
            let next = work();
            if let Some(timer) = again.take() {
                timer.start(next);
                again.set(Some(timer));
            }
        }),
    );
    timer.start(first);
    // It holds itself.
    place.set(Some(timer));
}

/// Waits, and lets a worker that shuts down wait for it.
pub async fn pause(span: Msec) {
    wait(span, Patience::Waited).await;
}

/// What `work` comes to; `None` = it has not after `span`, and was dropped.
pub async fn limited<T>(
    span: Msec,
    patience: Patience,
    work: impl Future<Output = T>,
) -> Option<T> {
    match select(pin!(work), pin!(wait(span, patience))).await {
        Either::Left((outcome, _)) => Some(outcome),
        Either::Right(_) => None,
    }
}

pub async fn wait(span: Msec, patience: Patience) {
    let (sender, done) = oneshot::channel();
    let sender = Cell::new(Some(sender));
    let callback: Callback = Rc::new(move || {
        // Nobody to tell: the future was dropped.
        let _ = sender.take().map(|sender| sender.send(()));
    });
    let timer = Timer::new(patience, callback);
    timer.start(span);
    let _ = done.await;
}
