//! What a node has had to do.

use std::collections::BTreeMap;
use std::ops::{Add, AddAssign};

/// Commands of one sort, and their bytes as memcached counts them: of commands and replies, nothing of TCP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How many.
    pub commands: u64,
    /// Bytes that the node has read.
    pub read: u64,
    /// Bytes that it has written.
    pub written: u64,
}

/// What commands do, and the letter of the entries that they are about.
pub type Sort = (Verb, char);

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Reads a value.
    Get,
    /// Moves an expiry.
    Touch,
    /// Writes a value.
    Set,
    /// Deletes one.
    Delete,
    /// Asks for a sign of life.
    Noop,
}

/// That of a node, by sorts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger(BTreeMap<Sort, Traffic>);

impl Ledger {
    /// Enters one command.
    pub fn enter(&mut self, sort: Sort, read: usize, written: usize) {
        let bytes = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        *self.0.entry(sort).or_default() +=
            Traffic { commands: 1, read: bytes(read), written: bytes(written) };
    }

    /// Those that `is_meant`, together.
    pub fn sum(&self, is_meant: impl Fn(Sort) -> bool) -> Traffic {
        let meant = self.0.iter().filter(|(sort, _)| is_meant(**sort));
        meant.fold(Traffic::default(), |sum, (_, one)| sum + *one)
    }

    /// All.
    pub fn all(&self) -> Traffic {
        self.sum(|_| true)
    }
}

impl Add for Traffic {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            commands: self.commands + other.commands,
            read: self.read + other.read,
            written: self.written + other.written,
        }
    }
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_are_summed_apart_and_together() {
        let mut ledger = Ledger::default();
        ledger.enter((Verb::Get, 's'), 60, 400);
        ledger.enter((Verb::Get, 's'), 60, 4);
        ledger.enter((Verb::Get, 'o'), 60, 4);
        ledger.enter((Verb::Set, 's'), 400, 4);
        let gets = ledger.sum(|(verb, letter)| verb == Verb::Get && letter == 's');
        assert_eq!(gets, Traffic { commands: 2, read: 120, written: 404 });
        assert_eq!(ledger.all(), Traffic { commands: 4, read: 580, written: 412 });
    }
}
