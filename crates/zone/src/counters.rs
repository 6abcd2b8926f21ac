//! What all workers count together, in shared memory of its own: numbers that only grow, without a lock.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names the layout below; its last byte is the layout's version.
const MAGIC: u64 = u64::from_be_bytes(*b"ngxsamc\x01");

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Signatures that this module accepts and the second verifier does not.
    SecondVerifierDisagreements,
}

impl Counter {
    /// In the order of their places in memory.
    const ALL: [Self; 1] = [Self::SecondVerifierDisagreements];

    /// What one of them is called in the log.
    pub fn noun(self) -> &'static str {
        match self {
            Self::SecondVerifierDisagreements => "disagreement",
        }
    }
}

#[repr(C)]
struct Cells {
    magic: u64,
    counts: [AtomicU64; Counter::ALL.len()],
}

/// The counters in formatted memory. Copies are views of the same memory.
#[derive(Clone, Copy, Debug)]
pub struct Counters(NonNull<Cells>);

impl Counters {
    /// Bytes that they take.
    pub const SIZE: usize = size_of::<Cells>();

    /// Sets all of them to nothing. `None` when `base` is not aligned to 8 bytes.
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
        let counts = [const { AtomicU64::new(0) }; Counter::ALL.len()];
        // SAFETY: the memory is the caller's, aligned; nobody else uses it yet.
        unsafe { cells.write(Cells { magic: MAGIC, counts }) };
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
        // SAFETY: `format` has made the cells; shared references are all that ever exist to them.
        let counts = unsafe { &self.0.as_ref().counts };
        let places = Counter::ALL.iter().zip(counts);
        let place = places.into_iter().find(|(known, _)| **known == counter);
        place.map_or(0, |(_, count)| count.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

// SAFETY: what they point to outlives them, and is touched as atomics alone.
unsafe impl Send for Counters {}
// SAFETY: as above.
unsafe impl Sync for Counters {}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(bytes: &mut [u64]) -> NonNull<u8> {
        NonNull::new(bytes.as_mut_ptr().cast()).unwrap()
    }

    #[test]
    fn whoever_takes_them_over_counts_on() {
        let mut bytes = [u64::MAX; Counters::SIZE / 8];
        let base = memory(&mut bytes);
        // SAFETY: the array outlives all views of it.
        let (first, second) =
            unsafe { (Counters::format(base).unwrap(), Counters::adopt(base).unwrap()) };
        let disagreements = Counter::SecondVerifierDisagreements;
        assert_eq!(first.count(disagreements), 1);
        assert_eq!(second.count(disagreements), 2);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).map(|_| first.count(disagreements)).max());
            }
        });
        assert_eq!(second.count(disagreements), 4003);
    }

    #[test]
    fn other_memory_is_not_taken_over() {
        let mut bytes = [0; Counters::SIZE / 8 + 1];
        let base = memory(&mut bytes);
        // SAFETY: the array outlives all views of it.
        unsafe {
            assert!(Counters::adopt(base).is_none());
            assert!(Counters::format(base.add(1)).is_none());
        }
    }
}
