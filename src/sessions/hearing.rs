//! What a worker has heard of the orders of operators, and when.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use clock::{Monotonic, Msec};
use session::{Orders, StoreKey};

use crate::clock::monotonic;

/// A worker that has asked the nodes does not ask again within this time.
const PAUSE: Msec = Msec(1000);

/// What a worker has heard.
#[derive(Default)]
pub struct Hearing {
    /// Where they lie in the zone.
    pub key: OnceCell<StoreKey>,
    /// The epoch of the entry when it was last read; `None` = that was never.
    pub epoch: Cell<Option<u64>>,
    pub orders: RefCell<Rc<Orders>>,
    /// When the nodes were last asked.
    pub asked: Moment,
    /// When they were asked what they last answered, or could not.
    pub answered: Moment,
}

/// When something was last done.
#[derive(Default)]
pub struct Moment(Cell<Option<Monotonic>>);

impl Moment {
    /// It is done now.
    pub fn set(&self) {
        self.0.set(Some(monotonic()));
    }

    /// It was done at the instant.
    pub fn set_to(&self, instant: Monotonic) {
        self.0.set(Some(instant));
    }

    /// Is it time to do it again?
    pub fn is_long_ago(&self) -> bool {
        self.0.get().is_none_or(|instant| monotonic() - instant >= PAUSE)
    }
}
