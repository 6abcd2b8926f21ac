//! Time, and what happens in it: all that is due at an instant happens in the order in which it was asked for,
//! and what the store makes of it runs before the clock moves.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use fastrand::Rng;
use futures_executor::{LocalPool, LocalSpawner};
use futures_util::task::LocalSpawnExt;

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(0) };
    static NEXT: Cell<u64> = const { Cell::new(0) };
    static DUE: RefCell<BinaryHeap<Reverse<Happening>>> = const { RefCell::new(BinaryHeap::new()) };
    static SPAWNER: RefCell<Option<LocalSpawner>> = const { RefCell::new(None) };
    /// Whose work is being done.
    static HOST: Cell<usize> = const { Cell::new(0) };
    static CHANCE: RefCell<Rng> = const { RefCell::new(Rng::with_seed(0)) };
}

/// A world that begins now, with nothing in it. One thread has one at a time.
pub struct World(LocalPool);

struct Happening {
    at: u64,
    order: u64,
    what: Box<dyn FnOnce()>,
}

impl World {
    /// The clock stands at 0.
    pub fn begin() -> Self {
        Self::seeded(0)
    }

    /// The same, and what its hosts and its network draw is from this seed.
    pub fn seeded(seed: u64) -> Self {
        NOW.set(0);
        NEXT.set(0);
        HOST.set(0);
        CHANCE.set(Rng::with_seed(seed));
        DUE.with_borrow_mut(BinaryHeap::clear);
        let pool = LocalPool::new();
        SPAWNER.set(Some(pool.spawner()));
        Self(pool)
    }

    /// All that happens until `until`, microseconds since the beginning.
    pub fn run_until(&mut self, until: u64) {
        loop {
            self.0.run_until_stalled();
            match next_due(until) {
                Some(due) => {
                    NOW.set(due.at);
                    (due.what)();
                }
                None => break,
            }
        }
        NOW.set(until.max(NOW.get()));
    }

    /// What happens next, whenever that is; `false` = nothing does.
    pub fn step(&mut self) -> bool {
        let Some(due) = next_due(u64::MAX) else { return false };
        NOW.set(due.at);
        (due.what)();
        self.0.run_until_stalled();
        true
    }

    /// As much time as this takes.
    pub fn run<T: 'static>(&mut self, work: impl Future<Output = T> + 'static) -> T {
        let done = std::rc::Rc::new(Cell::new(None));
        let place = std::rc::Rc::clone(&done);
        spawn(async move { place.set(Some(work.await)) }).detach();
        loop {
            self.0.run_until_stalled();
            if let Some(outcome) = done.take() {
                return outcome;
            }
            let due = next_due(u64::MAX).expect("the work waits for something");
            NOW.set(due.at);
            (due.what)();
        }
    }
}

fn next_due(until: u64) -> Option<Happening> {
    DUE.with_borrow_mut(|due| {
        due.peek().is_some_and(|Reverse(next)| next.at <= until).then(|| due.pop())?
    })
    .map(|Reverse(next)| next)
}

/// Microseconds since the beginning.
pub fn micros() -> u64 {
    NOW.get()
}

/// Draws what is random.
pub fn chance<T>(draw: impl FnOnce(&mut Rng) -> T) -> T {
    CHANCE.with_borrow_mut(draw)
}

/// Whose work is being done: what it spawns or puts off is the same host's.
pub fn host() -> usize {
    HOST.get()
}

/// Does it as this host.
pub fn as_host<T>(host: usize, what: impl FnOnce() -> T) -> T {
    let before = HOST.replace(host);
    let done = what();
    HOST.set(before);
    done
}

/// Does it in so many microseconds.
pub fn after(span: u64, what: impl FnOnce() + 'static) {
    let order = NEXT.replace(NEXT.get() + 1);
    let host = host();
    let what = Box::new(move || as_host(host, what));
    let happening = Happening { at: NOW.get().saturating_add(span), order, what };
    DUE.with_borrow_mut(|due| due.push(Reverse(happening)));
}

/// Begins a task.
pub fn spawn(task: impl Future<Output = ()> + 'static) -> Task {
    let task = OfHost { host: host(), task: Box::pin(task) };
    SPAWNER.with_borrow(|spawner| {
        let spawner = spawner.as_ref().expect("there is a world");
        spawner.spawn_local(task).expect("the world goes on");
    });
    Task
}

/// The work of a host, whoever wakes it.
struct OfHost {
    host: usize,
    task: Pin<Box<dyn Future<Output = ()>>>,
}

impl Future for OfHost {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        as_host(self.host, || self.task.as_mut().poll(context))
    }
}

/// One that was begun.
pub struct Task;

impl Task {
    /// It goes on by itself.
    pub fn detach(self) {}
}

/// Lines of the log are for who looks for a fault in the simulation.
pub fn log<T>(_level: u32, _log: T, words: fmt::Arguments<'_>) {
    if std::env::var_os("SCALE_LOG").is_some() {
        eprintln!("{:.3} s: {words}", NOW.get() as f64 / 1e6);
    }
}

impl PartialEq for Happening {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Happening {}

impl PartialOrd for Happening {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Happening {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn what_is_due_happens_in_the_order_of_its_time_and_then_of_asking() {
        let mut world = World::begin();
        let seen: Rc<RefCell<Vec<(u64, &str)>>> = Rc::default();
        for (span, name) in [(30, "late"), (10, "first"), (10, "second")] {
            let seen = Rc::clone(&seen);
            after(span, move || seen.borrow_mut().push((micros(), name)));
        }
        world.run_until(20);
        assert_eq!(*seen.borrow(), [(10, "first"), (10, "second")]);
        assert_eq!(micros(), 20);
        world.run_until(100);
        assert_eq!(seen.borrow().last(), Some(&(30, "late")));
    }
}
