//! A thread that a signal has interrupted for good: what it had in hand and left behind.

use libc::{c_void, ucontext_t};

use crate::mapping::{Kind, Mapping};
use crate::page::size;
use crate::pages::hide_range;

/// What the kernel keeps of it meanwhile, and would give back.
pub(crate) struct Interrupted<'c>(&'c ucontext_t);

impl Interrupted<'_> {
    /// # Safety
    /// `context` is the third argument of a signal's handler that runs now, nobody else looks at it, and
    /// the thread does not go on.
    pub(crate) unsafe fn at(context: *const c_void) -> Option<Self> {
        // SAFETY: as the caller promises.
        unsafe { context.cast::<ucontext_t>().as_ref() }.map(Interrupted)
    }

    /// Hides the part of a stack that is not in use, and clears what lies with the rest in one page.
    ///
    /// # Safety
    /// The handler runs on another stack.
    pub(crate) unsafe fn hide_dead(&self, stack: &Mapping) {
        let Some(end) = stack_pointer(self.0) else { return };
        if stack.kind != Kind::Stack || !stack.range.contains(&end) {
            return;
        }
        let page = end & !(size() - 1);
        if stack.range.start < page {
            // Where it cannot be marked, the caller has learnt that from other memory.
            let _ = hide_range(&(stack.range.start..page));
        }
        // SAFETY: these bytes lie in the mapping, which is writable. Below the pointer there is at most
        // the red zone of a function, and that does not go on.
        unsafe { (page as *mut u8).write_bytes(0, end - page) };
    }

    /// Forgets the vector registers: in them can be half a kilobyte of what was copied last.
    pub(crate) fn clear_vectors(&self) {
        clear_vectors(self.0);
    }
}

#[cfg(target_arch = "x86_64")]
fn stack_pointer(context: &ucontext_t) -> Option<usize> {
    let register = usize::try_from(libc::REG_RSP).ok()?;
    usize::try_from(*context.uc_mcontext.gregs.get(register)?).ok()
}

/// As `struct _fpstate` of <asm/sigcontext.h> has them: the XMM registers, and behind a magic number what
/// the processor keeps of all the others.
#[cfg(target_arch = "x86_64")]
fn clear_vectors(context: &ucontext_t) {
    const XMM: usize = 160;
    const MAGIC: usize = 464;
    /// Bits for the registers that follow; without its bit a register becomes zero (Intel SDM 1, 13.8).
    const FOLLOWING: usize = 512;
    const FP_XSTATE_MAGIC1: u32 = 0x4650_5853;
    const FLOATING_POINT: u64 = 1;
    const PROTECTION_KEYS: u64 = 1 << 9;

    let state = context.uc_mcontext.fpregs.cast::<u8>();
    if state.is_null() {
        return;
    }
    // SAFETY: the kernel wrote so much, and more when the magic number says so; it lies on this
    // handler's stack, and nobody has a reference to it.
    unsafe {
        state.add(XMM).write_bytes(0, 16 * 16);
        if state.add(MAGIC).cast::<u32>().read() == FP_XSTATE_MAGIC1 {
            let following = state.add(FOLLOWING).cast::<u64>();
            following.write(following.read() & (FLOATING_POINT | PROTECTION_KEYS));
        }
    }
}

#[cfg(target_arch = "aarch64")]
fn stack_pointer(context: &ucontext_t) -> Option<usize> {
    usize::try_from(context.uc_mcontext.sp).ok()
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn stack_pointer(_: &ucontext_t) -> Option<usize> {
    None
}

#[cfg(not(target_arch = "x86_64"))]
fn clear_vectors(_: &ucontext_t) {}
