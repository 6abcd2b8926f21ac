//! Threads that use keys: a dump has the registers of all of them.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use libc::{pid_t, timespec};

use crate::dead_stack::clear_stack;
use crate::registers::clear_registers;

/// Threads that use keys at a time; others wait.
const MOST: usize = 64;

/// Those at work, by the kernel's numbers; 0 where there is none. A signal's handler can read it.
static AT_WORK: [AtomicI32; MOST] = [const { AtomicI32::new(0) }; MOST];

/// The process ends: nobody begins.
static ENDS: AtomicBool = AtomicBool::new(false);

/// How often it is looked, a millisecond after the other, whether they are done. A signature by the largest
/// key takes a tenth of that.
const LOOKS: usize = 1000;

/// Works with keys in this thread, and leaves nothing of them in its vector registers and on its stack: so
/// many times 2 KiB. A crash of another thread waits for it.
pub fn secretly<const PIECES: usize>(work: impl FnOnce()) {
    let _at_work = AtWork::<PIECES>(begin());
    work();
}

/// After a panic, too.
struct AtWork<const PIECES: usize>(&'static AtomicI32);

impl<const PIECES: usize> Drop for AtWork<PIECES> {
    fn drop(&mut self) {
        clear_stack::<PIECES>();
        clear_registers();
        self.0.store(0, Ordering::SeqCst);
    }
}

fn begin() -> &'static AtomicI32 {
    let own = own_number();
    loop {
        let free = AT_WORK.iter().find(|place| {
            place.compare_exchange(0, own, Ordering::SeqCst, Ordering::Relaxed).is_ok()
        });
        match free {
            Some(place) if !ENDS.load(Ordering::SeqCst) => return place,
            // Who saw the number waits for it in vain.
            Some(place) => place.store(0, Ordering::SeqCst),
            None => {}
        }
        pause();
    }
}

/// Waits until no other thread uses keys; from then on none does. `false` = one goes on and on.
pub(crate) fn are_done() -> bool {
    ENDS.store(true, Ordering::SeqCst);
    let own = own_number();
    let is_at_work = |place: &AtomicI32| ![0, own].contains(&place.load(Ordering::SeqCst));
    for _ in 0..LOOKS {
        if !AT_WORK.iter().any(is_at_work) {
            return true;
        }
        pause();
    }
    false
}

fn own_number() -> pid_t {
    // SAFETY: it only asks the kernel.
    unsafe { libc::gettid() }
}

fn pause() {
    let millisecond = timespec { tv_sec: 0, tv_nsec: 1_000_000 };
    // SAFETY: it only waits; a signal's handler may.
    unsafe { libc::nanosleep(&millisecond, std::ptr::null_mut()) };
}
