//! The instant before the kernel writes a dump.

use std::mem::MaybeUninit;
use std::ptr;

use libc::{c_int, c_void, sigaction, siginfo_t, stack_t};

use crate::interrupted::Interrupted;
use crate::loader;
use crate::mapping;
use crate::pages::hide_mapping;
use crate::threads;

/// What ends a process with a dump, when nobody has another use for it (signal(7)).
const DEADLY: [c_int; 8] = [
    libc::SIGABRT,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGSEGV,
    libc::SIGTRAP,
    libc::SIGXCPU,
    libc::SIGXFSZ,
];

/// Room for the handler and for the registers that the kernel keeps meanwhile: 11 KiB with AMX.
const STACK: usize = 64 << 10;

/// Before a dump is written all private memory is hidden, what lies dead on the stack, and (on x86-64) what
/// vector registers hold; other threads that use keys are waited for. A signal that somebody else handles stays theirs. Where the
/// memory cannot be hidden, there is no dump.
///
/// # Safety
/// This thread is the only one that loads or unloads shared objects, or calls this.
pub unsafe fn at_crash() {
    // SAFETY: as the caller promises.
    unsafe { loader::remember() };
    stand_by();
    for signal in DEADLY {
        if handler_of(signal) == Some(libc::SIG_DFL) {
            set(signal, handle as *const () as usize);
        }
    }
}

/// Takes back what [`at_crash`] did.
pub fn not_at_crash() {
    for signal in DEADLY {
        if handler_of(signal) == Some(handle as *const () as usize) {
            set(signal, libc::SIG_DFL);
        }
    }
}

/// A stack for the handler, for the usual one may have overflown, and is to be looked at. What somebody
/// else runs there has room on it, too.
fn stand_by() {
    let mut there = MaybeUninit::<stack_t>::zeroed();
    // SAFETY: sigaltstack fills `there`. The new stack lives for ever.
    unsafe {
        if libc::sigaltstack(ptr::null(), there.as_mut_ptr()) != 0
            || (there.assume_init().ss_flags & libc::SS_DISABLE == 0
                && there.assume_init().ss_size >= STACK)
        {
            return;
        }
        let stack = Box::leak(vec![0_u8; STACK].into_boxed_slice());
        let ours = stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: STACK };
        libc::sigaltstack(&ours, ptr::null_mut());
    }
}

fn handler_of(signal: c_int) -> Option<usize> {
    let mut there = MaybeUninit::<sigaction>::zeroed();
    // SAFETY: it only asks; sigaction fills `there`, or says that it has not.
    unsafe {
        let asked = libc::sigaction(signal, ptr::null(), there.as_mut_ptr());
        (asked == 0).then(|| there.assume_init().sa_sigaction)
    }
}

fn set(signal: c_int, handler: usize) {
    // SAFETY: zeroes are an action without flags; `handle` has the arguments that SA_SIGINFO gives, and
    // calls nothing that a signal's handler may not.
    unsafe {
        let mut action = MaybeUninit::<sigaction>::zeroed().assume_init();
        action.sa_sigaction = handler;
        // The next one of its kind, also one of the handler's own making, ends the process.
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESETHAND;
        libc::sigaction(signal, &action, ptr::null_mut());
    }
}

extern "C" fn handle(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel has interrupted this thread, and what follows ends the process.
    let interrupted = unsafe { Interrupted::at(context) };
    let here = (&raw const interrupted).addr();
    let are_done = threads::are_done();
    let hidden = mapping::each(|mapping| {
        hide_mapping(mapping)?;
        if let Some(interrupted) = &interrupted
            && !mapping.range.contains(&here)
        {
            // SAFETY: this runs elsewhere.
            unsafe { interrupted.hide_dead(mapping) };
        }
        Ok(())
    });
    if let Some(interrupted) = &interrupted {
        interrupted.clear_vectors();
    }
    // SAFETY: the signal is sent again as it was, and is kept back until the handler returns: then it ends
    // the process where it was interrupted, so that the dump says what happened.
    unsafe {
        if hidden.is_err() || !are_done {
            libc::prctl(libc::PR_SET_DUMPABLE, 0);
        }
        loader::show_copy();
        let (process, thread) = (libc::getpid(), libc::syscall(libc::SYS_gettid));
        if libc::syscall(libc::SYS_rt_tgsigqueueinfo, process, thread, signal, info) != 0 {
            libc::raise(signal);
        }
    }
}
