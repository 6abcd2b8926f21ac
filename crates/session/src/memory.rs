//! What a worker's cache takes of memory, counted as malloc gives it.

use std::cell::Cell;
use std::rc::Rc;

/// Bytes that are taken at the moment, by whatever holds a [`Taken`] of it.
#[derive(Clone, Debug, Default)]
pub struct Memory(Rc<Cell<usize>>);

/// Bytes that somebody takes until this is dropped.
#[derive(Debug)]
pub struct Taken {
    of: Memory,
    bytes: Cell<usize>,
}

impl Memory {
    /// Counts nothing yet.
    pub fn take(&self) -> Taken {
        Taken { of: self.clone(), bytes: Cell::new(0) }
    }

    /// All that is taken.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.0.get()
    }
}

impl Taken {
    /// From now on it is so many bytes.
    pub fn set(&self, bytes: usize) {
        let others = self.of.bytes().saturating_sub(self.bytes.replace(bytes));
        self.of.0.set(others.saturating_add(bytes));
    }
}

#[cfg(test)]
impl Taken {
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.get()
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// What an allocation of so many bytes takes: glibc's malloc keeps 8 beside, and gives multiples of 16, 32 at
/// least. One of no bytes is none.
pub fn allocation(bytes: usize) -> usize {
    match bytes {
        0 => 0,
        1..=24 => 32,
        _ => bytes.saturating_add(8).next_multiple_of(16),
    }
}

/// The same of a value that several own: it is behind two counters.
pub fn shared<T>() -> usize {
    allocation(size_of::<T>() + 2 * size_of::<usize>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back() {
        let memory = Memory::default();
        let (one, other) = (memory.take(), memory.take());
        one.set(100);
        other.set(30);
        one.set(70);
        assert_eq!(memory.bytes(), 100);
        drop(one);
        assert_eq!(memory.bytes(), 30);
        drop(other);
        assert_eq!(memory.bytes(), 0);
    }

    #[test]
    fn allocations_are_as_large_as_malloc_makes_them() {
        for (bytes, taken) in [(0, 0), (1, 32), (24, 32), (25, 48), (40, 48), (41, 64), (56, 64)] {
            assert_eq!(allocation(bytes), taken, "{bytes}");
        }
    }
}
