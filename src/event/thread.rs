//! Work that takes long or may block, away from the event loop.

use std::mem::MaybeUninit;
use std::thread::{Builder, JoinHandle};

use clock::Msec;
use libc::c_int;

use super::timer::{Patience, wait};
use crate::guard::log_panic;

/// How often it is looked whether the work is done.
const LOOK: Msec = Msec(10);

/// Does `work` in a thread of its own, where nothing of nginx may be touched. A worker that shuts down
/// does not wait for it. `None` = there can be no thread, or the work panicked.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let thread = without_signals(|| Builder::new().name("saml".to_owned()).spawn(work))?;
    while !thread.is_finished() {
        wait(LOOK, Patience::Cancelable).await;
    }
    thread.join().inspect_err(|panic| log_panic(&**panic)).ok()
}

/// Bytes of a document that takes much memory while it is read: an aggregate, of which little is kept.
const LARGE: usize = 1 << 20;

/// To be called when documents of so many octets have been read: glibc would keep the memory, that of a
/// thread for the next one. It goes over all that the process has, and others who want memory wait for
/// that.
pub fn give_memory_back(octets: usize) {
    if octets < LARGE {
        return;
    }
    #[cfg(target_env = "gnu")]
    // SAFETY: it may be called at any time, by any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Signals of faults, which come to the thread that made them.
const OF_FAULTS: [c_int; 6] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGABRT, libc::SIGTRAP];

/// nginx's signals are for its own thread, which they wake: a new thread must not be given them.
fn without_signals<T>(
    spawn: impl FnOnce() -> std::io::Result<JoinHandle<T>>,
) -> Option<JoinHandle<T>> {
    let mut all = MaybeUninit::<libc::sigset_t>::zeroed();
    let mut before = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: both are written before they are read, and the mask that was there comes back.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        for signal in OF_FAULTS {
            libc::sigdelset(all.as_mut_ptr(), signal);
        }
        if libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) != 0 {
            return None;
        }
        let thread = spawn();
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut());
        thread.ok()
    }
}
