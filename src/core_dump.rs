//! What core dumps of nginx hold: by default none of the memory where keys, sessions and requests are.

use std::cell::OnceCell;
use std::io;
use std::ops::Range;
use std::rc::Rc;
use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};

use ::clock::Msec;
use ::core_dump::{
    at_crash, clear_stack, hide, hide_range, not_at_crash, reveal, reveal_range, secretly,
};
use nginx_sys::{NGX_LOG_WARN, ngx_cycle_t, ngx_list_part_t, ngx_shm_zone_t};
use ngx::ngx_log_error;
use settings::CoreDump;

use crate::event::{Patience, Timer};

/// What the master has settled.
static IS_PRIVATE: AtomicBool = AtomicBool::new(false);

/// A sweep is to come already, or none is wanted.
static IS_SETTLED: AtomicBool = AtomicBool::new(true);

/// From the first request that it is for.
const UNTIL_SWEEP: Msec = Msec(1000);

thread_local! {
    /// Of nginx's worker, which is one thread.
    static SWEEP: OnceCell<Timer> = const { OnceCell::new() };
}

/// Pieces of 2 KiB of the stack. A login gets to 35 KiB of it in a release build, a signature to 16; with
/// less optimisation a login gets to 57.
const PIECES: usize = 48;

/// Settles it for the master, and for whom it forks from now on.
pub fn settle(cycle: &ngx_cycle_t, wanted: CoreDump) {
    let outcome = match wanted {
        CoreDump::Private => {
            // SAFETY: nginx's master has one thread, and loads objects while it reads its configuration.
            unsafe { at_crash() };
            IS_PRIVATE.store(true, Ordering::Relaxed);
            IS_SETTLED.store(false, Ordering::Relaxed);
            hide().and_then(|()| zones(cycle).try_for_each(|zone| hide_range(&zone)))
        }
        CoreDump::Full if IS_PRIVATE.swap(false, Ordering::Relaxed) => {
            IS_SETTLED.store(true, Ordering::Relaxed);
            not_at_crash();
            reveal().and_then(|()| zones(cycle).try_for_each(|zone| reveal_range(&zone)))
        }
        CoreDump::Full => Ok(()),
    };
    if let Err(error) = outcome {
        say(cycle, wanted, &error);
    }
}

/// Hides what this process has beside the memory of the master.
pub fn hide_own() {
    if IS_PRIVATE.load(Ordering::Relaxed) {
        // The master has said what there is to say.
        let _ = hide();
    }
}

/// Somebody works with sessions or keys. What that leaves behind is swept up a second later, for who
/// attaches a debugger; a crash does it by itself.
#[inline]
pub fn note_work() {
    if !IS_SETTLED.load(Ordering::Relaxed) {
        expect_sweep();
    }
}

#[cold]
fn expect_sweep() {
    IS_SETTLED.store(true, Ordering::Relaxed);
    SWEEP.with(|timer| {
        timer.get_or_init(|| Timer::new(Patience::Cancelable, Rc::new(sweep))).start(UNTIL_SWEEP);
    });
}

fn sweep() {
    IS_SETTLED.store(!IS_PRIVATE.load(Ordering::Relaxed), Ordering::Relaxed);
    hide_own();
    clear_stack::<PIECES>();
}

/// Works with keys in a thread of nginx's pool, of which no dump has anything.
pub fn in_thread(work: impl FnOnce()) {
    match IS_PRIVATE.load(Ordering::Relaxed) {
        true => secretly::<PIECES>(work),
        false => work(),
    }
}

/// nginx's shared memory, where sessions are, and those of TLS.
fn zones(cycle: &ngx_cycle_t) -> impl Iterator<Item = Range<usize>> {
    let first: *const ngx_list_part_t = &raw const cycle.shared_memory.part;
    // SAFETY: the parts of nginx's list are a chain that ends with a null, and each has so many zones.
    let parts =
        std::iter::successors(unsafe { first.as_ref() }, |part| unsafe { part.next.as_ref() });
    let zones = parts.filter(|part| part.nelts > 0).flat_map(|part| {
        // SAFETY: as above.
        unsafe { slice::from_raw_parts(part.elts.cast::<ngx_shm_zone_t>(), part.nelts) }
    });
    let mapped = zones.map(|zone| &zone.shm).filter(|shm| !shm.addr.is_null());
    mapped.map(|shm| shm.addr.addr()..shm.addr.addr() + shm.size)
}

fn say(cycle: &ngx_cycle_t, wanted: CoreDump, error: &io::Error) {
    let what = match wanted {
        CoreDump::Private => "can hold keys and sessions",
        CoreDump::Full => "do not hold all memory",
    };
    ngx_log_error!(NGX_LOG_WARN, cycle.log, "saml: core dumps of nginx {}: {}", what, error);
}
