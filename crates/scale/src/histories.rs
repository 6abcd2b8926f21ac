//! Histories: people log in, look at pages and log out at several hosts while nodes, network and clocks fail, in a
//! course that a seed draws; and a judge that holds what was answered against what the documentation promises.
//!
//! The judge ([`judge`]) knows nothing of how the store works: it knows what was asked and answered when, which
//! faults there were, and on which nodes an entry lies. What it excuses is what `docs/sessions.md` says is lost.

pub mod faults;
pub mod interleavings;
pub mod judge;
pub mod play;
pub mod record;
pub mod script;

use std::fmt;

use self::judge::Violation;
use self::script::{Act, Script};
use crate::node::Lie;

/// A history that breaks a promise, made as short as it could be.
pub struct Found {
    /// By which it can be had again.
    pub seed: u64,
    /// What is left of it.
    pub script: Script,
    /// What it breaks.
    pub violations: Vec<Violation>,
    /// All that was asked and answered.
    pub record: record::Record,
}

/// What was asked in some histories, and what went wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Logins, looks, logouts, orders.
    pub questions: usize,
    /// Faults that began or ended.
    pub faults: usize,
    /// Sessions that were shown though they had been logged out, by what is documented.
    pub excused: usize,
}

/// Plays the history of a seed, with nodes that do a thing wrong if `lie` says so; `None` = all promises hold.
pub fn try_one(seed: u64, lie: Option<Lie>, tally: &mut Tally) -> Option<Found> {
    let script = Script::draw(seed);
    let record = play::play(&script, lie);
    let violations = judge::judge(&record);
    tally.questions += record.events.len();
    tally.faults += script.steps.iter().filter(|step| matches!(step.act, Act::Fault(_))).count();
    tally.excused += judge::excused(&record);
    if violations.is_empty() {
        return None;
    }
    let script = shorten(script, |shorter| {
        let left = judge::judge(&play::play(shorter, lie));
        left.iter().any(|violation| violation.promise == violations[0].promise)
    });
    let record = play::play(&script, lie);
    let violations = judge::judge(&record);
    Some(Found { seed, script, violations, record })
}

/// Leaves out what can be left out.
fn shorten(mut script: Script, is_still_wrong: impl Fn(&Script) -> bool) -> Script {
    let mut piece = script.steps.len().div_ceil(2);
    while piece > 0 {
        let mut at = 0;
        while at < script.steps.len() {
            let mut shorter = script.clone();
            shorter.steps.drain(at..(at + piece).min(shorter.steps.len()));
            if is_still_wrong(&shorter) {
                script = shorter;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    script
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {:?}", self.seed, self.script.setup)?;
        for step in &self.script.steps {
            writeln!(f, "  {step}")?;
        }
        writeln!(f, "what was answered:")?;
        for event in &self.record.events {
            writeln!(f, "  {event}")?;
        }
        for violation in &self.violations {
            writeln!(f, "{violation}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
