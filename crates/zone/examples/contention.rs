//! Workers at one zone: processes that share its memory and take its lock in turn, for `scripts/scale`.
//!
//! ```text
//! contention WORKERS MICROSECONDS SECONDS    so many workers, each so long away from the zone between two look-ups
//! contention count get|put|touch|delete N    N of one kind by one worker, for callgrind: --toggle-collect=*::held*
//! ```
//!
//! nginx's lock cannot be had without nginx. This one goes the same way as `ngx_shmtx_lock` of 1.22 with POSIX
//! semaphores: it tries, spins for 1, 2, 4, … 1024 pauses, then sleeps until somebody gives the lock back.

use std::cell::UnsafeCell;
use std::env;
use std::error::Error;
use std::hint::{black_box, spin_loop};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clock::{Monotonic, UnixTime};
use zone::{Kind, Memory};

const ZONE: usize = 128 << 20;
const SESSIONS: u32 = 100_000;
/// Of five attributes.
const VALUE: usize = 330;
const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const LATER: UnixTime = UnixTime::from_secs(1_800_028_800);
/// Look-ups of a batch.
const BATCH: u64 = 256;
/// Waits are counted by powers of two of nanoseconds.
const CLASSES: usize = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let shared = Shared::new()?;
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["count", what, times] => {
            for number in 0..times.parse()? {
                held(&shared, what, number);
            }
            Ok(())
        }
        [workers, away, seconds] => {
            let away = Duration::from_micros(away.parse()?);
            shared.compete(workers.parse()?, away, Duration::from_secs_f64(seconds.parse()?))
        }
        _ => Err("contention WORKERS MICROSECONDS SECONDS".into()),
    }
}

/// What all processes have.
struct Shared {
    memory: Memory,
    board: &'static Board,
}

struct Board {
    /// Nobody's = 0.
    lock: AtomicU32,
    sleeping: AtomicU32,
    semaphore: UnsafeCell<libc::sem_t>,
    begin: AtomicU32,
    look_ups: AtomicU64,
    held: AtomicU64,
    /// In the batch in which it was held for the shortest time: nothing else got in between.
    held_undisturbed: AtomicU64,
    waited: AtomicU64,
    longest: AtomicU64,
    waits: [AtomicU64; CLASSES],
}

impl Shared {
    fn new() -> Result<Self, Box<dyn Error>> {
        let base = map(ZONE)?;
        // SAFETY: fresh memory of that size, which is never unmapped.
        let memory = unsafe { Memory::format(base, ZONE, [1; 32], Monotonic::default()) }
            .ok_or("no zone")?;
        let place: NonNull<Board> = map(size_of::<Board>())?.cast();
        // SAFETY: zeroes are a Board, whose fields are atomic; the memory is never unmapped.
        let shared = Self { memory, board: unsafe { place.as_ref() } };
        shared.board.held_undisturbed.store(u64::MAX, Ordering::Relaxed);
        // SAFETY: the semaphore lies in memory that all processes share, and stays.
        unsafe { libc::sem_init(shared.board.semaphore.get(), 1, 0) };
        for number in 0..SESSIONS {
            // SAFETY: no other process is there yet.
            let mut table = unsafe { memory.table() };
            table.put(Kind::Session, &key(number), &[7; VALUE], LATER, NOW)?;
        }
        Ok(shared)
    }

    fn compete(&self, workers: u32, away: Duration, time: Duration) -> Result<(), Box<dyn Error>> {
        let mut children = Vec::new();
        for worker in 0..workers {
            // SAFETY: this process has one thread.
            match unsafe { libc::fork() } {
                -1 => return Err(std::io::Error::last_os_error().into()),
                0 => {
                    self.work(worker, away, time);
                    // SAFETY: what the parent has to clean up is left to it.
                    unsafe { libc::_exit(0) }
                }
                child => children.push(child),
            }
        }
        self.board.begin.store(1, Ordering::Release);
        for child in children {
            // SAFETY: a child of ours, whose status nobody asks for.
            unsafe { libc::waitpid(child, null_mut(), 0) };
        }
        self.report(workers, time);
        Ok(())
    }

    fn work(&self, worker: u32, away: Duration, time: Duration) {
        let board = self.board;
        while board.begin.load(Ordering::Acquire) == 0 {
            std::thread::yield_now();
        }
        let (mut number, mut look_ups, mut held, mut waited, mut longest) =
            (worker.wrapping_mul(7919), 0, 0, 0, 0);
        let (mut batch, mut shortest) = (0, u64::MAX);
        let mut waits = [0; CLASSES];
        let end = Instant::now() + time;
        loop {
            let asked = Instant::now();
            if asked >= end {
                break;
            }
            self.lock();
            let taken = Instant::now();
            // SAFETY: the lock is held until the table is dropped.
            black_box(look_up(&mut unsafe { self.memory.table() }, number));
            self.unlock();
            let given = Instant::now();
            let wait = nanoseconds(taken - asked);
            look_ups += 1;
            held += nanoseconds(given - taken);
            batch += nanoseconds(given - taken);
            if look_ups % BATCH == 0 {
                shortest = shortest.min(batch / BATCH);
                batch = 0;
            }
            waited += wait;
            longest = longest.max(wait);
            let class = usize::try_from(u64::BITS - wait.leading_zeros()).unwrap_or(0);
            waits[class.min(CLASSES - 1)] += 1;
            number = number.wrapping_add(104_729);
            while given.elapsed() < away {
                spin_loop();
            }
        }
        board.look_ups.fetch_add(look_ups, Ordering::Relaxed);
        board.held.fetch_add(held, Ordering::Relaxed);
        board.held_undisturbed.fetch_min(shortest, Ordering::Relaxed);
        board.waited.fetch_add(waited, Ordering::Relaxed);
        board.longest.fetch_max(longest, Ordering::Relaxed);
        for (all, own) in board.waits.iter().zip(waits) {
            all.fetch_add(own, Ordering::Relaxed);
        }
    }

    fn lock(&self) {
        while !self.spin() {
            self.board.sleeping.fetch_add(1, Ordering::SeqCst);
            if self.try_lock() {
                self.board.sleeping.fetch_sub(1, Ordering::SeqCst);
                return;
            }
            // SAFETY: made by `new`.
            unsafe { libc::sem_wait(self.board.semaphore.get()) };
        }
    }

    fn spin(&self) -> bool {
        let mut pauses = 1;
        while pauses < 2048 && !self.try_lock() {
            for _ in 0..pauses {
                spin_loop();
            }
            pauses <<= 1;
        }
        pauses < 2048 || self.try_lock()
    }

    fn try_lock(&self) -> bool {
        let lock = &self.board.lock;
        lock.load(Ordering::Relaxed) == 0
            && lock.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    fn unlock(&self) {
        self.board.lock.store(0, Ordering::SeqCst);
        let sleeping = &self.board.sleeping;
        let one_less = |count: u32| count.checked_sub(1);
        if sleeping.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
            // SAFETY: made by `new`.
            unsafe { libc::sem_post(self.board.semaphore.get()) };
        }
    }

    fn report(&self, workers: u32, time: Duration) {
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let look_ups = load(&self.board.look_ups);
        let mean = |total: &AtomicU64| load(total) as f64 / look_ups as f64;
        println!("workers\t{workers}");
        println!("look-ups each second\t{:.0}", look_ups as f64 / time.as_secs_f64());
        println!("held, ns\t{:.0}", mean(&self.board.held));
        println!("held undisturbed, ns\t{}", load(&self.board.held_undisturbed));
        println!("waited, ns\t{:.0}", mean(&self.board.waited));
        for (name, part) in [("half", 0.5), ("99 of 100", 0.99), ("999 of 1000", 0.999)] {
            println!(
                "{name} wait less than, ns\t{}",
                self.quantile((look_ups as f64 * part) as u64)
            );
        }
        println!("longest wait, ns\t{}", load(&self.board.longest));
    }

    fn quantile(&self, rank: u64) -> u64 {
        let mut seen = 0;
        for (class, count) in self.board.waits.iter().enumerate() {
            seen += count.load(Ordering::Relaxed);
            if seen > rank {
                return 1 << class;
            }
        }
        u64::MAX
    }
}

fn look_up(table: &mut zone::Table<'_>, number: u32) -> Option<zone::Entry> {
    let buffer = Vec::with_capacity(1024);
    table.get(Kind::Session, &key(number % SESSIONS), NOW, buffer)
}

/// All that is done while the lock is held.
#[inline(never)]
fn held(shared: &Shared, what: &str, number: u32) {
    // SAFETY: there is no other process.
    let mut table = unsafe { shared.memory.table() };
    let key = key(number.wrapping_mul(104_729) % SESSIONS);
    match what {
        "put" => drop(black_box(table.put(Kind::Session, &key, &[7; VALUE], LATER, NOW))),
        "touch" => {
            black_box(table.touch(Kind::Session, &key, LATER, NOW));
        }
        "delete" => drop(black_box(table.delete(Kind::Session, &key, VALUE, NOW))),
        _ => drop(black_box(look_up(&mut table, number))),
    }
}

/// As digests are, no two alike and spread over all buckets.
fn key(number: u32) -> [u8; 32] {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&number.wrapping_mul(0x9E37_79B9).to_le_bytes());
    key[4..8].copy_from_slice(&number.to_le_bytes());
    key
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// Memory that forked processes share, zeroed and at a page's beginning.
fn map(size: usize) -> Result<NonNull<u8>, std::io::Error> {
    // SAFETY: a new mapping is nobody else's.
    let memory = unsafe {
        libc::mmap(
            null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if memory == libc::MAP_FAILED {
        return Err(std::io::Error::last_os_error());
    }
    NonNull::new(memory.cast()).ok_or_else(|| std::io::Error::other("no memory"))
}
