//! Workers that meet in the zone, in all orders in which they may: models for loom, by the code that runs at work.
//!
//! `scripts/concurrency`. The table is behind nginx's lock, which is written down here as `ngx_shmtx_lock` has it and
//! no stronger: what a processor promises beside it is not relied on. Where two have the table at the same time, or
//! one has not seen what the other has done, loom says so by [`Zone::hands`].

use std::mem::forget;
use std::ptr::NonNull;

use clock::{Monotonic, UnixTime};
use loom::cell::UnsafeCell;
use loom::model;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread::{spawn, yield_now};

use crate::block::NIL;
use crate::{Kind, MIN_SIZE, Memory, Table};

const NOW: UnixTime = UnixTime::from_secs(1_000);
const LATER: UnixTime = UnixTime::from_secs(1_900);
const SESSION: Kind = Kind::Session;
const KEY: [u8; 32] = [7; 32];

/// Who has the lock: a process ID, 0 = nobody.
struct Lock(AtomicUsize);

impl Lock {
    fn take(&self, process: usize) {
        while self.0.compare_exchange(0, process, Ordering::Acquire, Ordering::Relaxed).is_err() {
            yield_now();
        }
    }

    /// As `ngx_shmtx_force_unlock` of the master, for whom it has buried.
    fn give_back(&self, process: usize) {
        let _ = self.0.compare_exchange(process, 0, Ordering::Release, Ordering::Relaxed);
    }
}

/// A zone and its lock.
struct Zone {
    memory: Memory,
    lock: Lock,
    /// Whoever has the lock has it in hand.
    hands: UnsafeCell<()>,
    _bytes: Vec<u128>,
}

// SAFETY: the memory is behind the lock, or atomic.
unsafe impl Send for Zone {}
// SAFETY: as above.
unsafe impl Sync for Zone {}

impl Zone {
    fn new() -> Arc<Self> {
        let mut bytes = vec![0_u128; (MIN_SIZE + 64) / 16];
        let start = bytes.as_mut_ptr().cast::<u8>();
        let base = NonNull::new(start.wrapping_add(start.align_offset(64))).unwrap();
        // SAFETY: 64 spare bytes for the alignment; the vector lives in the same struct.
        let memory =
            unsafe { Memory::format(base, MIN_SIZE, [0; 32], Monotonic::default()) }.unwrap();
        let lock = Lock(AtomicUsize::new(0));
        Arc::new(Self { memory, lock, hands: UnsafeCell::new(()), _bytes: bytes })
    }

    fn locked<T>(&self, process: usize, work: impl FnOnce(&mut Table<'_>) -> T) -> T {
        self.lock.take(process);
        // SAFETY: the lock is held.
        let done = self.hands.with_mut(|_| work(&mut unsafe { self.memory.table() }));
        self.lock.give_back(process);
        done
    }

    /// The process dies at its work.
    fn die(&self, process: usize, work: impl FnOnce(&mut Table<'_>)) {
        self.lock.take(process);
        self.hands.with_mut(|_| {
            // SAFETY: the lock is held.
            let mut table = unsafe { self.memory.table() };
            work(&mut table);
            forget(table);
        });
    }
}

/// A worker asks memcached for a session, which a logout deletes there and then here.
#[test]
fn a_fill_brings_back_nothing_that_was_deleted() {
    model(|| {
        let zone = Zone::new();
        // Of no order of its own: a network gives more.
        let elsewhere = Arc::new(AtomicBool::new(true));
        let asker = {
            let (zone, elsewhere) = (Arc::clone(&zone), Arc::clone(&elsewhere));
            spawn(move || {
                let epoch = zone.memory.epoch(SESSION, &KEY);
                if elsewhere.load(Ordering::Relaxed) {
                    zone.locked(1, |t| t.fill(SESSION, &KEY, epoch, b"alive", LATER, NOW)).unwrap();
                }
            })
        };
        elsewhere.store(false, Ordering::Relaxed);
        zone.locked(2, |t| t.delete(SESSION, &KEY, 0, NOW));
        asker.join().unwrap();
        assert_eq!(zone.locked(2, |t| t.peek(SESSION, &KEY, NOW)), None);
    });
}

/// A worker has the session decoded, and looks at the epoch alone.
#[test]
fn whoever_has_decoded_a_session_sees_its_end() {
    model(|| {
        let zone = Zone::new();
        zone.locked(1, |t| t.put(SESSION, &KEY, b"alive", LATER, NOW)).unwrap();
        let decoded = zone.locked(1, |t| t.get(SESSION, &KEY, NOW, Vec::new())).unwrap();
        let acknowledged = Arc::new(AtomicBool::new(false));
        let logout = {
            let (zone, acknowledged) = (Arc::clone(&zone), Arc::clone(&acknowledged));
            spawn(move || {
                zone.locked(2, |t| t.delete(SESSION, &KEY, 0, NOW)).unwrap();
                acknowledged.store(true, Ordering::Release);
            })
        };
        let is_over = acknowledged.load(Ordering::Acquire);
        if zone.memory.epoch(SESSION, &KEY) == decoded.epoch {
            assert!(!is_over, "it goes on after its logout was acknowledged");
        } else {
            assert_eq!(zone.locked(1, |t| t.peek(SESSION, &KEY, NOW)), None);
        }
        logout.join().unwrap();
    });
}

/// What was put in its place is seen whole.
#[test]
fn whoever_sees_an_epoch_move_finds_what_has_moved_it() {
    model(|| {
        let zone = Zone::new();
        zone.locked(1, |t| t.put(SESSION, &KEY, &[1; 300], LATER, NOW)).unwrap();
        let decoded = zone.locked(1, |t| t.get(SESSION, &KEY, NOW, Vec::new())).unwrap();
        let other = {
            let zone = Arc::clone(&zone);
            spawn(move || zone.locked(2, |t| t.put(SESSION, &KEY, &[2; 300], LATER, NOW)).unwrap())
        };
        if zone.memory.epoch(SESSION, &KEY) != decoded.epoch {
            let found = zone.locked(1, |t| t.get(SESSION, &KEY, NOW, Vec::new())).unwrap();
            assert_eq!(found.value, [2; 300]);
            assert_eq!(found.epoch, zone.memory.epoch(SESSION, &KEY), "it may be decoded");
        }
        other.join().unwrap();
    });
}

#[test]
fn a_claim_is_given_to_one() {
    model(|| {
        let zone = Zone::new();
        let claim = |process: usize| {
            let zone = Arc::clone(&zone);
            move || zone.locked(process, |t| t.add(Kind::Replay, &KEY, b"", LATER, NOW)).unwrap()
        };
        let other = spawn(claim(1));
        let mine = claim(2)();
        assert_eq!(u8::from(mine) + u8::from(other.join().unwrap()), 1);
    });
}

/// A session set: read under the lock, changed without it, and written back if nobody else has.
#[test]
fn no_change_of_a_set_is_lost() {
    model(|| {
        let zone = Zone::new();
        zone.locked(1, |t| t.put(Kind::Index, &KEY, &[9], LATER, NOW)).unwrap();
        let join = |process: usize| {
            let zone = Arc::clone(&zone);
            move || loop {
                let old = zone.locked(process, |t| t.get(Kind::Index, &KEY, NOW, Vec::new()));
                let mut set = old.as_ref().map_or_else(Vec::new, |old| old.value.clone());
                set.push(u8::try_from(process).unwrap());
                let done = zone.locked(process, |t| match old {
                    None => t.add(Kind::Index, &KEY, &set, LATER, NOW),
                    Some(old) => t.update(Kind::Index, &KEY, old.version, &set, LATER, NOW),
                });
                if done.unwrap() {
                    break;
                }
            }
        };
        let other = spawn(join(1));
        join(2)();
        other.join().unwrap();
        let mut set = zone.locked(1, |t| t.peek(Kind::Index, &KEY, NOW)).unwrap();
        set.sort_unstable();
        assert_eq!(set, [1, 2, 9]);
    });
}

/// Has process 1 die in the middle of a change, its lock held.
fn left_by_the_dead() -> Arc<Zone> {
    let zone = Zone::new();
    zone.locked(1, |t| t.put(SESSION, &KEY, b"alive", LATER, NOW)).unwrap();
    zone.die(1, |t| {
        t.put(SESSION, &[8; 32], &[8; 300], LATER, NOW).unwrap();
        t.buckets.fill(NIL);
    });
    zone
}

/// Comes as a process that lives, and finds the session. Did it have to repair the table?
fn come(zone: &Arc<Zone>, process: usize) -> impl FnOnce() -> bool + 'static {
    let zone = Arc::clone(zone);
    move || {
        zone.locked(process, |t| {
            assert_eq!(t.peek(SESSION, &KEY, NOW).as_deref(), Some(b"alive".as_slice()));
            t.repaired().is_some()
        })
    }
}

#[test]
fn who_waits_for_the_lock_of_the_dead_repairs_what_they_left() {
    model(|| {
        let zone = left_by_the_dead();
        let waits = spawn(come(&zone, 2));
        zone.lock.give_back(1);
        assert!(waits.join().unwrap());
    });
}

#[test]
fn one_of_the_living_repairs() {
    model(|| {
        let zone = left_by_the_dead();
        zone.lock.give_back(1);
        let other = spawn(come(&zone, 2));
        let mine = come(&zone, 3)();
        assert!(mine != other.join().unwrap());
    });
}

/// Process 1 has died without it.
#[test]
fn the_lock_of_the_living_stays_theirs() {
    model(|| {
        let zone = Zone::new();
        let other = {
            let zone = Arc::clone(&zone);
            spawn(move || zone.locked(2, |t| assert_eq!(t.repaired(), None)))
        };
        zone.lock.give_back(1);
        zone.locked(3, |t| assert_eq!(t.repaired(), None));
        other.join().unwrap();
    });
}
