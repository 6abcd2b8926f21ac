//! Dumps that the kernel writes of a program that crashes: this one, run again.

use std::hint::black_box;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};
use std::{env, fs, ptr, thread};

use core_dump::{at_crash, secretly};

/// What the second run does; nothing in the first.
const HOW: &str = "CORE_DUMP_TEST";

const SECRET: u8 = 0x80;
const DEAD: u8 = 0x40;
const ALIVE: u8 = 0x20;
/// In a register of a thread that is at work, and of one that was.
const AT_WORK: u8 = 0xA0;
const WAS_AT_WORK: u8 = 0xC0;

/// Bytes that stand in no file: made while the program runs.
fn pattern(mask: u8) -> [u8; 24] {
    std::array::from_fn(|place| black_box(mask) ^ u8::try_from(place).unwrap())
}

/// Memory of the heap, and mapped alone.
#[inline(never)]
fn secrets() -> [Vec<u8>; 2] {
    [100, 100_000].map(|count| {
        let mut secret = Vec::new();
        (0..count).for_each(|_| secret.extend(pattern(SECRET)));
        secret
    })
}

/// So deep that functions which are called later do not have it among what they have not written yet.
#[inline(never)]
fn leave_on_the_stack(depth: usize) {
    let left = black_box([if depth < 10 { pattern(DEAD) } else { [0; 24] }; 40]);
    if depth > 0 {
        leave_on_the_stack(depth - 1);
    }
    black_box(left);
}

fn crash(how: &str) {
    // SAFETY: Rust's own handlers go, so that it is as in a program of C; a limit only.
    unsafe {
        libc::signal(libc::SIGSEGV, libc::SIG_DFL);
        libc::signal(libc::SIGBUS, libc::SIG_DFL);
        let (size, all) = (libc::RLIM_INFINITY, libc::RLIM_INFINITY);
        libc::setrlimit(libc::RLIMIT_CORE, &libc::rlimit { rlim_cur: size, rlim_max: all });
    }
    let (name, is_hidden) = how.split_once(' ').unwrap();
    if is_hidden == "hidden" {
        // SAFETY: nobody loads anything here.
        unsafe { at_crash() };
    }
    // Taken afterwards.
    let secrets = secrets();
    let alive = [pattern(ALIVE); 4];
    use_in_thread(WAS_AT_WORK, 1);
    use_in_thread(AT_WORK, 1 << 28);
    leave_on_the_stack(20);
    // SAFETY: not safe, and it is to end here.
    unsafe {
        match name {
            "fault" => ptr::without_provenance_mut::<u8>(black_box(8)).write_volatile(1),
            "abort" => libc::abort(),
            "divide" => assert_eq!(libc::raise(libc::SIGFPE), 0),
            _ => panic!("{name}"),
        }
    }
    black_box((secrets, alive));
}

/// A thread that has the secret in a register for so many turns, and waits for ever then.
fn use_in_thread(secret: u8, turns: u64) {
    static USES_IT: AtomicU8 = AtomicU8::new(0);
    USES_IT.store(0, Ordering::SeqCst);
    thread::spawn(move || {
        secretly::<4>(|| hold(&pattern(secret), turns, &USES_IT));
        loop {
            // SAFETY: it only waits.
            unsafe { libc::pause() };
        }
    });
    while USES_IT.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
}

#[cfg(target_arch = "x86_64")]
fn hold(secret: &[u8; 24], turns: u64, uses_it: &AtomicU8) {
    // SAFETY: sixteen of the octets are read, and one is written.
    unsafe {
        std::arch::asm!(
            "movdqu xmm15, [{secret}]",
            "mov byte ptr [{uses_it}], 1",
            "2: dec {turns}",
            "jnz 2b",
            secret = in(reg) secret.as_ptr(),
            uses_it = in(reg) uses_it.as_ptr(),
            turns = inout(reg) turns => _,
            out("xmm15") _,
            options(nostack),
        );
    }
}

/// What other processors have in registers is not looked at.
#[cfg(not(target_arch = "x86_64"))]
fn hold(_: &[u8; 24], _: u64, uses_it: &AtomicU8) {
    uses_it.store(1, Ordering::SeqCst);
}

/// Runs the second run, and says what its dump has: the secrets, what is dead on the stack, what threads use
/// or used, what is alive.
fn dumped(how: &str, signal: i32, is_hidden: &str) -> [bool; 5] {
    let folder =
        env::temp_dir().join(format!("core-dump-{}-{how}-{is_hidden}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let mut again = Command::new(env::current_exe().unwrap());
    again.current_dir(&folder).env(HOW, format!("{how} {is_hidden}"));
    let status = again.output().unwrap().status;
    assert_eq!(status.signal(), Some(signal), "{how}");
    assert!(status.core_dumped(), "{how}");
    let core = fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    let core = fs::read(core.path()).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    [SECRET, DEAD, AT_WORK, WAS_AT_WORK, ALIVE].map(|mask| {
        // As much as a register holds.
        let pattern = &pattern(mask)[..16];
        core.windows(pattern.len()).any(|window| window == pattern)
    })
}

fn main() {
    if let Ok(how) = env::var(HOW) {
        return crash(&how);
    }
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    if Path::new(pattern.trim()).components().count() != 1 || pattern.starts_with('|') {
        eprintln!("NOT TESTED: dumps go elsewhere, core_pattern is {pattern}");
        return;
    }
    for (how, signal) in
        [("fault", libc::SIGSEGV), ("abort", libc::SIGABRT), ("divide", libc::SIGFPE)]
    {
        assert_eq!(dumped(how, signal, "whole")[..2], [true, true], "{how}");
        assert_eq!(dumped(how, signal, "hidden"), [false, false, false, false, true], "{how}");
    }
}
