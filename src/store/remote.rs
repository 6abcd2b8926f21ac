//! The memcached nodes of a store, and how far this host trusts what it remembers of them.

use std::cell::OnceCell;
use std::rc::Rc;

use clock::{Msec, Seconds};

use super::memcached::{Memcached, Settings};

/// memcached as configured; each worker talks to it over connections of its own.
pub struct Remote {
    settings: Settings,
    /// A session seen at a node is not asked for again within this time.
    pub cache_valid: Msec,
    /// While no node answers, sessions seen this long ago go on.
    pub stale: Seconds,
    client: OnceCell<Rc<Memcached>>,
}

impl Remote {
    pub fn new(settings: Settings, cache_valid: Msec, stale: Seconds) -> Self {
        Self { settings, cache_valid, stale, client: OnceCell::new() }
    }

    /// This worker's client: made at first use, which is after the fork.
    pub fn client(&self) -> &Rc<Memcached> {
        self.client.get_or_init(|| Memcached::new(self.settings.clone()))
    }
}
