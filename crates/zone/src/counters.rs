//! What all workers count together, in shared memory of its own: numbers that only grow, without a lock.

mod look_ups;
mod series;

use std::ptr::NonNull;

pub use self::look_ups::{BOUNDS, LookUpEnd, LookUps};
use self::look_ups::{STRIPES, Stripe};
use self::series::{PLACES, Place};
use crate::sync::{AtomicU64, Ordering};

/// Names the layout below; its last byte is the layout's version.
const MAGIC: u64 = u64::from_be_bytes(*b"ngxsamc\x02");

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Signatures that this module accepts and the second verifier does not.
    SecondVerifierDisagreements,
    /// Events that found no place among the named counters.
    Uncounted,
}

impl Counter {
    /// In the order of their places in memory.
    const ALL: [Self; 2] = [Self::SecondVerifierDisagreements, Self::Uncounted];

    /// What one of them is called in the log.
    pub fn noun(self) -> &'static str {
        match self {
            Self::SecondVerifierDisagreements => "disagreement",
            Self::Uncounted => "event without a counter",
        }
    }
}

#[repr(C)]
struct Cells {
    magic: u64,
    counts: [AtomicU64; Counter::ALL.len()],
    stripes: [Stripe; STRIPES],
    series: [Place; PLACES],
}

/// The counters in formatted memory. Copies are views of the same memory.
#[derive(Clone, Copy, Debug)]
pub struct Counters(NonNull<Cells>);

impl Counters {
    /// Bytes that they take.
    pub const SIZE: usize = size_of::<Cells>();

    /// Sets all of them to nothing. `None` when `base` is not aligned to 64 bytes.
    ///
    /// # Safety
    ///
    /// `base..base + SIZE` is writable, used by nobody else during the call, and outlives every use of
    /// the result.
    pub unsafe fn format(base: NonNull<u8>) -> Option<Self> {
        let cells = base.cast::<Cells>();
        if !cells.is_aligned() {
            return None;
        }
        // SAFETY: the memory is the caller's, aligned; nobody else uses it yet. Of everything in it zeroes
        // are a value: nothing counted, nothing named. They do not fit a stack.
        unsafe {
            cells.write_bytes(0, 1);
            (&raw mut (*cells.as_ptr()).magic).write(MAGIC);
        }
        Some(Self(cells))
    }

    /// Takes over what [`Counters::format`] of the same layout has formatted; `None` when it is anything
    /// else.
    ///
    /// # Safety
    ///
    /// `base..base + SIZE` is readable and writable and outlives every use of the result.
    pub unsafe fn adopt(base: NonNull<u8>) -> Option<Self> {
        let cells = base.cast::<Cells>();
        // SAFETY: the memory is the caller's; the field is only written by `format`, before others can
        // know of it.
        (cells.is_aligned() && unsafe { (*cells.as_ptr()).magic } == MAGIC).then_some(Self(cells))
    }

    /// Counts one more, and says the how manieth it is.
    pub fn count(&self, counter: Counter) -> u64 {
        self.place(counter).map_or(0, |count| count.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// How many there were.
    pub fn so_far(&self, counter: Counter) -> u64 {
        self.place(counter).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    fn place(&self, counter: Counter) -> Option<&AtomicU64> {
        let places = Counter::ALL.iter().zip(&self.cells().counts);
        places.into_iter().find(|(known, _)| **known == counter).map(|(_, count)| count)
    }

    /// Counts one more of what is called `name`, at most 176 bytes.
    pub fn count_named(&self, name: &[u8]) {
        if !series::add(&self.cells().series, name, 1) {
            self.count(Counter::Uncounted);
        }
    }

    /// All that were counted by a name; one that is told twice is the sum.
    pub fn named(&self) -> impl Iterator<Item = (&[u8], u64)> {
        series::all(&self.cells().series)
    }

    /// Counts where a look-up of the worker of this number ended.
    pub fn count_look_up(&self, worker: usize, ended: LookUpEnd) {
        if let Some(stripe) = self.cells().stripes.get(worker % STRIPES) {
            stripe.count(ended);
        }
    }

    /// Counts a wait of that worker for memcached.
    pub fn count_wait(&self, worker: usize, micros: u64) {
        if let Some(stripe) = self.cells().stripes.get(worker % STRIPES) {
            stripe.waited(micros);
        }
    }

    /// The look-ups of all workers.
    pub fn look_ups(&self) -> LookUps {
        LookUps::of(&self.cells().stripes)
    }

    fn cells(&self) -> &Cells {
        // SAFETY: `format` has made the cells; shared references are all that ever exist to them.
        unsafe { self.0.as_ref() }
    }
}

// SAFETY: what they point to outlives them, and is touched as atomics alone.
unsafe impl Send for Counters {}
// SAFETY: as above.
unsafe impl Sync for Counters {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aligned as a zone's page is.
    #[repr(C, align(64))]
    struct Page([u8; Counters::SIZE + 64]);

    fn page(filling: u8) -> Box<Page> {
        // Too large for a stack when tests are not optimised.
        let mut page = Box::<Page>::new_uninit();
        // SAFETY: bytes of any value are a page.
        unsafe {
            page.as_mut_ptr().write_bytes(filling, 1);
            page.assume_init()
        }
    }

    fn memory(page: &mut Page) -> NonNull<u8> {
        NonNull::new(page.0.as_mut_ptr()).unwrap()
    }

    #[test]
    fn whoever_takes_them_over_counts_on() {
        const TIMES: u64 = if cfg!(miri) { 20 } else { 1000 };
        let mut page = page(0xff);
        let base = memory(&mut page);
        // SAFETY: the page outlives all views of it.
        let (first, second) =
            unsafe { (Counters::format(base).unwrap(), Counters::adopt(base).unwrap()) };
        let disagreements = Counter::SecondVerifierDisagreements;
        assert_eq!(first.count(disagreements), 1);
        assert_eq!(second.count(disagreements), 2);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..TIMES).map(|_| first.count(disagreements)).max());
            }
        });
        assert_eq!(second.count(disagreements), 4 * TIMES + 3);
        assert_eq!(second.so_far(disagreements), 4 * TIMES + 3);
        first.count_named(b"login");
        first.count_look_up(3, LookUpEnd::Zone);
        first.count_look_up(STRIPES + 3, LookUpEnd::Zone);
        first.count_wait(3, 7);
        assert_eq!(second.named().collect::<Vec<_>>(), [(&b"login"[..], 1)]);
        let look_ups = second.look_ups();
        assert_eq!((look_ups.ended[1], look_ups.waited[0], look_ups.waited_sum), (2, 1, 7));
        first.count_named(&[b'x'; 500]);
        assert_eq!(second.so_far(Counter::Uncounted), 1);
    }

    #[test]
    fn other_memory_is_not_taken_over() {
        let mut page = page(0);
        let base = memory(&mut page);
        // SAFETY: the page outlives all views of it.
        unsafe {
            assert!(Counters::adopt(base).is_none());
            assert!(Counters::format(base.add(8)).is_none());
        }
    }
}
