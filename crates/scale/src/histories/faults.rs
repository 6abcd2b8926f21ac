//! What failed when, and what surely worked.

use super::script::{Fault, HOSTS, NODES};
use crate::node::State;
use crate::path::Way;

/// A worker that holds a node for down asks it nothing but a probe, at most 5 s apart; and one that is under way when
/// the node comes back may be lost, which takes a `memcached_timeout` to see. Microseconds.
const UNTIL_HEARD: u64 = 6_000_000;

/// What all must see is tried at such a node, too; but not again within a `memcached_timeout` after it let somebody
/// wait that long.
const UNTIL_TRIED: u64 = 1_200_000;

/// Those of one history.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Node, from when until when; a node that is killed or frozen answers nobody.
    away: Vec<(usize, u64, u64)>,
    /// Host and node, from when until when.
    ways: Vec<(usize, usize, u64, u64)>,
    /// Node, and when it lost all.
    killed: Vec<(usize, u64)>,
}

impl Faults {
    /// Of what happened when, in this order.
    pub fn of(all: &[(u64, Fault)]) -> Self {
        let mut faults = Self::default();
        for node in 0..NODES {
            let (mut state, mut since) = (State::Up, 0);
            for (at, fault) in all {
                let next = after(state, *fault, node);
                match (state, next) {
                    (State::Up, State::Silent | State::Gone) => since = *at,
                    (State::Silent | State::Gone, State::Up) => {
                        faults.away.push((node, since, *at));
                    }
                    _ => {}
                }
                if *fault == Fault::Kill(node) {
                    faults.killed.push((node, *at));
                }
                state = next;
            }
            if state != State::Up {
                faults.away.push((node, since, u64::MAX));
            }
            for host in 0..HOSTS {
                let mut since = None;
                for (at, fault) in all {
                    let Fault::Way(from, to, way) = *fault else { continue };
                    match way {
                        _ if (from, to) != (host, node) => {}
                        Way::Open => {
                            faults.ways.extend(since.take().map(|since| (host, node, since, *at)));
                        }
                        _ => {
                            since.get_or_insert(*at);
                        }
                    }
                }
                faults.ways.extend(since.map(|since| (host, node, since, u64::MAX)));
            }
        }
        faults
    }

    /// Nothing was wrong between them in this time.
    pub fn is_well(&self, host: usize, node: usize, from: u64, until: u64) -> bool {
        let meets = |since: u64, end: u64| since <= until && end >= from;
        let is_away = self.away.iter().any(|(of, since, end)| *of == node && meets(*since, *end));
        let is_cut = self
            .ways
            .iter()
            .any(|(by, of, since, end)| (*by, *of) == (host, node) && meets(*since, *end));
        !is_away && !is_cut
    }

    /// The host surely heard the node about a session.
    pub fn is_heard(&self, host: usize, node: usize, from: u64, until: u64) -> bool {
        self.is_well(host, node, from.saturating_sub(UNTIL_HEARD), until)
    }

    /// The node surely heard the host, and the host the node, about what all must see.
    pub fn is_reached(&self, host: usize, node: usize, from: u64, until: u64) -> bool {
        self.is_well(host, node, from.saturating_sub(UNTIL_TRIED), until)
    }

    /// Has the node lost all in this time?
    pub fn was_lost(&self, node: usize, from: u64, until: u64) -> bool {
        self.last_loss(node, until).is_some_and(|at| at >= from)
    }

    /// When the node last lost all.
    pub fn last_loss(&self, node: usize, until: u64) -> Option<u64> {
        let losses = self.killed.iter().filter(|(of, at)| *of == node && *at <= until);
        losses.map(|(_, at)| *at).max()
    }

    /// Nothing at all was wrong in this time.
    pub fn were_none(&self, from: u64, until: u64) -> bool {
        (0..HOSTS).all(|host| (0..NODES).all(|node| self.is_well(host, node, from, until)))
    }
}

/// How a node is after a fault: a process that is gone cannot be frozen, and one that is frozen cannot be started.
pub fn after(state: State, fault: Fault, node: usize) -> State {
    match (fault, state) {
        (Fault::Kill(of), _) if of == node => State::Gone,
        (Fault::Freeze(of), State::Up) if of == node => State::Silent,
        (Fault::Thaw(of), State::Silent) | (Fault::Start(of), State::Gone) if of == node => {
            State::Up
        }
        _ => state,
    }
}
