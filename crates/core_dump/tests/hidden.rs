//! What the kernel says of this process's memory: `dd` among the flags of what no dump holds
//! (proc_pid_smaps(5)).

use std::fs;
use std::ptr;

use core_dump::{at_crash, hide, hide_range, not_at_crash, reveal, reveal_range};

/// Is the memory at `address` left out?
fn is_hidden(address: usize) -> bool {
    let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
    let mut inside = false;
    for line in smaps.lines() {
        let first = line.split(' ').next().unwrap();
        if let Some((start, end)) = first.split_once('-') {
            let number = |hex| usize::from_str_radix(hex, 16).unwrap();
            inside = (number(start)..number(end)).contains(&address);
        }
        if let Some(flags) = line.strip_prefix("VmFlags:").filter(|_| inside) {
            return flags.split(' ').any(|flag| flag == "dd");
        }
    }
    panic!("nothing is mapped at {address:#x}");
}

/// Two pages that nobody else has.
fn mapped(sharing: libc::c_int) -> usize {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: new memory, anywhere.
    let there =
        unsafe { libc::mmap(ptr::null_mut(), 8192, access, sharing | libc::MAP_ANONYMOUS, -1, 0) };
    assert_ne!(there, libc::MAP_FAILED);
    there.addr()
}

fn handler(signal: libc::c_int) -> usize {
    // SAFETY: it only asks, and zeroes are an action.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, ptr::null(), &mut action);
        action.sa_sigaction
    }
}

/// One after the other: they are about the whole process.
#[test]
fn memory_is_left_out_of_dumps_and_comes_back() {
    // What brk gives, whatever the allocator has.
    // SAFETY: the memory is added for good.
    let on_the_heap = unsafe { libc::sbrk(1 << 16) }.addr();
    let (private, shared) = (mapped(libc::MAP_PRIVATE), mapped(libc::MAP_SHARED));
    static CONSTANT: u8 = 1;

    hide().unwrap();
    assert!(is_hidden(on_the_heap) && is_hidden(private));
    assert!(!is_hidden(shared), "only where it is asked for");
    assert!(!is_hidden((&raw const CONSTANT).addr()), "what a debugger reads");
    let stack = fs::read_to_string("/proc/self/maps").unwrap();
    let stack = stack.lines().find(|line| line.ends_with("[stack]")).unwrap();
    assert!(!is_hidden(usize::from_str_radix(stack.split('-').next().unwrap(), 16).unwrap()));
    hide_range(&(shared..shared + 8192)).unwrap();
    assert!(is_hidden(shared + 4096));

    // SAFETY: as above.
    let grown = unsafe { libc::sbrk(1 << 16) }.addr();
    let mapped_later = mapped(libc::MAP_PRIVATE);
    assert!(!is_hidden(grown + 4096), "the kernel adds it without the mark");
    hide().unwrap();
    assert!(is_hidden(grown + 4096) && is_hidden(grown + (1 << 16) - 1) && is_hidden(mapped_later));

    reveal().unwrap();
    reveal_range(&(shared..shared + 8192)).unwrap();
    assert!(![on_the_heap, grown, private, shared].into_iter().any(is_hidden));

    // SAFETY: nobody here waits for SIGXCPU.
    unsafe { libc::signal(libc::SIGXCPU, libc::SIG_IGN) };
    // Rust's own tells of a stack that overflows.
    let of_rust = handler(libc::SIGSEGV);
    // SAFETY: nobody here loads anything.
    unsafe { at_crash() };
    assert_eq!(handler(libc::SIGSEGV), of_rust);
    assert_eq!(handler(libc::SIGXCPU), libc::SIG_IGN);
    assert_ne!(handler(libc::SIGABRT), libc::SIG_DFL);
    assert_ne!(handler(libc::SIGFPE), libc::SIG_DFL);
    not_at_crash();
    assert_eq!(handler(libc::SIGSEGV), of_rust);
    assert_eq!(handler(libc::SIGXCPU), libc::SIG_IGN);
    assert_eq!(handler(libc::SIGABRT), libc::SIG_DFL);
}
