//! Certificates near their end are told in the log each day: `nginx -t` is long ago by then.

use std::cell::Cell;
use std::rc::Rc;

use ::clock::{Msec, UnixTime};
use nginx_sys::{NGX_LOG_WARN, ngx_worker};
use ngx::log::ngx_cycle_log;
use ngx::ngx_log_error;

use crate::clock::now;
use crate::event::repeat;
use crate::module::{MainConf, Sp};

/// How often it is seen that a day is over.
const TICK: Msec = Msec(10_000);
/// Seconds.
const DAY: i64 = 86_400;

/// Begins, in the first worker: it speaks for all. Today the reading of the configuration has told it.
pub fn start(main: &MainConf) {
    // SAFETY: set before a worker begins its work.
    let is_first = unsafe { ngx_worker == 0 };
    if is_first && !main.sps.is_empty() {
        let sps: Vec<_> = main.sps.iter().map(|sites| Rc::clone(sites.first())).collect();
        let told = Cell::new(day(now()));
        repeat(TICK, move || {
            let today = day(now());
            if told.replace(today) != today {
                tell(&sps);
            }
            TICK
        });
    }
}

fn tell(sps: &[Rc<Sp>]) {
    for sentence in sps.iter().flat_map(|sp| sp.expiring(now())) {
        ngx_log_error!(NGX_LOG_WARN, ngx_cycle_log().as_ptr(), "saml: {}", sentence);
    }
}

fn day(instant: UnixTime) -> i64 {
    instant.as_secs().div_euclid(DAY)
}
