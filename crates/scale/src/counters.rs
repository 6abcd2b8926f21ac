//! What the workers count, all together.

use std::cell::Cell;
use std::time::Duration;

use zone::LookUpEnd;

thread_local! {
    static LOOK_UPS: Cell<LookUps> = const { Cell::new(LookUps::NONE) };
}

/// Look-ups, by where they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LookUps {
    /// In the worker's own decoded sessions.
    pub worker: u64,
    /// In the zone of its host.
    pub zone: u64,
    /// At the nodes.
    pub memcached: u64,
    /// Nowhere: there is no such session.
    pub nowhere: u64,
    /// The store did not answer.
    pub failed: u64,
}

impl LookUps {
    const NONE: Self = Self { worker: 0, zone: 0, memcached: 0, nowhere: 0, failed: 0 };
}

/// Those since the last call.
pub fn take_look_ups() -> LookUps {
    LOOK_UPS.replace(LookUps::NONE)
}

/// Counts where a look-up ended.
pub fn count_look_up(ended: LookUpEnd) {
    let mut all = LOOK_UPS.get();
    let which = match ended {
        LookUpEnd::Worker => &mut all.worker,
        LookUpEnd::Zone => &mut all.zone,
        LookUpEnd::Memcached => &mut all.memcached,
        LookUpEnd::Nowhere => &mut all.nowhere,
        LookUpEnd::Failed => &mut all.failed,
    };
    *which += 1;
    LOOK_UPS.set(all);
}

/// Real time means nothing here.
pub fn count_wait(_: Duration) {}
