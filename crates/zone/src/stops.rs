//! What a process leaves in shared memory that dies at its work: for each instruction after which it might.
//!
//! The work runs in a process of its own, by single steps (`ptrace`). Whatever the memory was after any of them is what
//! a SIGKILL there would leave, so that nothing depends on where a test believes its steps to be.

use std::io::Error;
use std::ptr::{NonNull, null_mut};
use std::slice;

/// More than any work here takes: one that does not end fails.
const MOST: usize = 400_000;

/// Memory that a child shares.
pub(crate) struct Shared {
    base: NonNull<u8>,
    size: usize,
}

impl Shared {
    pub(crate) fn new(size: usize) -> Self {
        let (access, how) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping is nobody else's.
        let memory = unsafe { libc::mmap(null_mut(), size, access, how, -1, 0) };
        assert_ne!(memory, libc::MAP_FAILED, "{}", Error::last_os_error());
        Self { base: NonNull::new(memory.cast()).unwrap(), size }
    }

    /// At a page's beginning.
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    pub(crate) fn copy(&self) -> Vec<u8> {
        self.bytes().to_vec()
    }

    pub(crate) fn set(&mut self, bytes: &[u8]) {
        // SAFETY: as in `bytes`; no child is at work.
        unsafe { slice::from_raw_parts_mut(self.base.as_ptr(), self.size) }.copy_from_slice(bytes);
    }

    /// Every different content that `work` leaves on its way, the first and the last included.
    pub(crate) fn stops(&self, work: impl FnOnce()) -> Vec<Vec<u8>> {
        // SAFETY: the child calls `work` and ends; glibc's allocator is sound in it.
        let child = unsafe { libc::fork() };
        assert_ne!(child, -1, "{}", Error::last_os_error());
        if child == 0 {
            // SAFETY: as above; what the parent has to clean up is left to it.
            unsafe {
                libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0);
                libc::raise(libc::SIGSTOP);
                work();
                libc::_exit(0);
            }
        }
        let mut status = wait(child);
        let mut stops = vec![self.copy()];
        let mut steps = 0;
        while libc::WIFSTOPPED(status) && steps < MOST {
            // SAFETY: a child of this thread's, which is stopped.
            let stepped = unsafe { libc::ptrace(libc::PTRACE_SINGLESTEP, child, 0, 0) };
            assert_ne!(stepped, -1, "{}", Error::last_os_error());
            status = wait(child);
            if stops.last().is_none_or(|last| last != self.bytes()) {
                stops.push(self.copy());
            }
            steps += 1;
        }
        if libc::WIFSTOPPED(status) {
            // SAFETY: a child of ours.
            unsafe { libc::kill(child, libc::SIGKILL) };
            wait(child);
            panic!("the work does not end");
        }
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "{status:x}");
        stops
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: mapped as long as this is, and a child that writes to it is stopped meanwhile.
        unsafe { slice::from_raw_parts(self.base.as_ptr(), self.size) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.size) };
    }
}

fn wait(child: libc::pid_t) -> i32 {
    let mut status = 0;
    // SAFETY: a child of ours.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    status
}

#[test]
fn each_store_is_seen() {
    let shared = Shared::new(4096);
    let cells = shared.base().cast::<u64>();
    let stops = shared.stops(|| {
        for place in 0..3 {
            // SAFETY: the memory is larger.
            unsafe { cells.add(place).write_volatile(7) };
        }
    });
    let sums: Vec<u32> =
        stops.iter().map(|stop| stop.iter().map(|byte| u32::from(*byte)).sum()).collect();
    assert_eq!(sums, [0, 7, 14, 21]);
}
