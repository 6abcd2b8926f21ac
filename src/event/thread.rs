//! Work that takes long or may block, away from the event loop.

use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle, sleep};
use std::time::{Duration, Instant};

use clock::Msec;
use libc::c_int;

use super::thread_pool;
use super::timer::{Patience, wait};
use crate::guard::log_panic;

/// How often it is looked whether the work is done.
const LOOK: Msec = Msec(10);

/// How long a worker that ends waits for its threads.
const AT_THE_END: Duration = Duration::from_secs(5);

/// `None` = somebody has joined it.
type Thread = Rc<RefCell<Option<JoinHandle<()>>>>;

thread_local! {
    /// The threads of this worker, and those that were.
    static AT_WORK: RefCell<Vec<Thread>> = const { RefCell::new(Vec::new()) };
}

/// Does `work` in a thread of its own, where nothing of nginx may be touched. A worker that shuts down serves nobody
/// for its sake, and [waits](end_threads) for it when it ends. `None` = there can be no thread, or the work panicked.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let done = Arc::new(Mutex::new(None));
    let its = Arc::clone(&done);
    let work = move || {
        let outcome = work();
        if let Ok(mut its) = its.lock() {
            *its = Some(outcome);
        }
    };
    let thread = without_signals(|| Builder::new().name("saml".to_owned()).spawn(work))?;
    let thread = Rc::new(RefCell::new(Some(thread)));
    AT_WORK.with_borrow_mut(|all| {
        all.retain(|thread| thread.borrow().is_some());
        all.push(Rc::clone(&thread));
    });
    while thread.borrow().as_ref().is_some_and(|thread| !thread.is_finished()) {
        wait(LOOK, Patience::Cancelable).await;
    }
    thread.take()?.join().inspect_err(|panic| log_panic(&**panic)).ok()?;
    done.lock().ok()?.take()
}

/// The process ends: libcrypto cleans up then, under whoever still uses it, also to end itself. Threads that take longer
/// than that end with the process, which cleans up nothing.
pub fn end_threads() {
    let deadline = Instant::now() + AT_THE_END;
    for thread in AT_WORK.take().iter().filter_map(|thread| thread.take()) {
        await_end(deadline, || thread.is_finished());
        drop(thread.join());
    }
    await_end(deadline, thread_pool::have_ended);
}

fn await_end(deadline: Instant, have_ended: impl Fn() -> bool) {
    while !have_ended() {
        if Instant::now() > deadline {
            // SAFETY: it is always there to be called.
            unsafe { libc::_exit(0) }
        }
        sleep(Duration::from_millis(1));
    }
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
