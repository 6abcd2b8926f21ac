//! How the network between one host and one node is.

use std::cell::{Cell, RefCell};

use crate::world;

/// How it is at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Bytes come through in both directions.
    #[default]
    Open,
    /// None do. TCP sends them again: they arrive when it is open again.
    Cut,
    /// The node hears the host, which does not hear the node until it is open again.
    Deaf,
    /// Replies come in small pieces, each so many microseconds after the one before.
    Dripping(u64),
    /// What is asked is done, and instead of the answer comes the end of the connection.
    Breaking,
}

/// One of them.
#[derive(Default)]
pub struct Path {
    way: Cell<Way>,
    held: RefCell<Vec<Box<dyn FnOnce()>>>,
}

impl Path {
    /// How it is.
    pub fn way(&self) -> Way {
        self.way.get()
    }

    /// It changes. What was held up arrives, where it can.
    pub fn set(&self, way: Way) {
        self.way.set(way);
        for arrival in self.held.take() {
            world::after(0, arrival);
        }
    }

    /// It arrives when the way has changed.
    pub fn hold(&self, arrival: impl FnOnce() + 'static) {
        let host = world::host();
        self.held.borrow_mut().push(Box::new(move || world::as_host(host, arrival)));
    }
}
