//! The way from nginx's events to a task.

use std::cell::Cell;
use std::rc::Rc;
use std::task::Waker;

use crate::event::Callback;

/// Wakes a task at the events of a connection.
#[derive(Default)]
pub struct Bell(Cell<Option<Waker>>);

impl Bell {
    pub fn wakes(&self, waker: &Waker) {
        self.0.set(Some(waker.clone()));
    }

    pub fn callback(self: &Rc<Self>) -> Callback {
        let bell = Rc::clone(self);
        Rc::new(move || {
            if let Some(waker) = bell.0.take() {
                // The task runs inside, and may drop the connection and this callback.
                waker.wake();
            }
        })
    }
}
