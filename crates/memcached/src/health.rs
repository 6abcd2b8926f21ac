//! Whether a node is worth asking, so that a dead one costs no request its time.

use clock::{Monotonic, Msec};

/// Until the first probe of a node that failed.
const FIRST: Msec = Msec(200);
/// Between the probes of a node that is down for long.
const LONGEST: Msec = Msec(5000);

/// A circuit breaker.
#[derive(Clone, Debug)]
pub struct Health {
    state: State,
    /// Failures since the last success.
    failures: u32,
    /// When it last let somebody wait in vain.
    waited_at: Option<Monotonic>,
}

/// What to do with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Ask it.
    Up,
    /// Leave it alone; probe it at this time.
    Down {
        /// When it is due.
        probe_at: Monotonic,
    },
    /// Leave it alone; one probe is on its way.
    Probing,
}

impl Default for Health {
    /// A node is up until it fails.
    fn default() -> Self {
        Self { state: State::Up, failures: 0, waited_at: None }
    }
}

impl Health {
    /// What to do now.
    pub fn state(&self) -> State {
        self.state
    }

    /// Commands may be sent.
    pub fn is_up(&self) -> bool {
        self.state == State::Up
    }

    /// The node failed: leaves it alone for longer each time, by a part that is random so that
    /// workers and hosts do not come back as one. True when it was up before.
    pub fn failed(&mut self, now: Monotonic, random: u32) -> bool {
        let was_up = self.is_up();
        let pause = (FIRST * (1 << self.failures.min(16))).min(LONGEST);
        let half = pause.0 / 2;
        self.failures = self.failures.saturating_add(1);
        let pause = Msec(half + u64::from(random) % (half + 1));
        self.state = State::Down { probe_at: now + pause };
        was_up
    }

    /// The node let somebody wait in vain.
    pub fn waited(&mut self, now: Monotonic) {
        self.waited_at = Some(now);
    }

    /// May what must not miss the node try it, though it be left alone? Not within `pause`
    /// after it let somebody wait, so that one piece of work waits for it once.
    pub fn may_be_tried(&self, now: Monotonic, pause: Msec) -> bool {
        self.is_up() || self.waited_at.is_none_or(|at| now - at >= pause)
    }

    /// True for the one who shall probe the node now.
    pub fn take_probe(&mut self, now: Monotonic) -> bool {
        let due = matches!(self.state, State::Down { probe_at } if probe_at <= now);
        if due {
            self.state = State::Probing;
        }
        due
    }

    /// The node answered. True when it was not up before.
    pub fn succeeded(&mut self) -> bool {
        let was_down = !self.is_up();
        *self = Self::default();
        was_down
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(msec: u64) -> Monotonic {
        Monotonic::from_msec(msec)
    }

    /// Of a node that failed at 0.
    fn pause(health: &Health) -> Msec {
        match health.state() {
            State::Down { probe_at } => probe_at - at(0),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_failure_closes_it_until_one_probe_succeeds() {
        let mut health = Health::default();
        assert!(health.is_up());
        assert!(health.failed(at(1000), 0));
        assert!(!health.is_up());
        assert!(!health.take_probe(at(1099)));
        assert!(health.take_probe(at(1100)));
        assert!(!health.take_probe(at(1100)), "one probe at a time");
        assert!(!health.is_up());
        assert!(health.succeeded());
        assert!(health.is_up() && !health.succeeded());
    }

    #[test]
    fn pauses_double_up_to_a_bound() {
        let mut health = Health::default();
        let pauses: Vec<Msec> = (0..8)
            .map(|_| {
                health.failed(at(0), u32::MAX - u32::MAX % 2501);
                pause(&health)
            })
            .collect();
        assert!(pauses.is_sorted() && pauses[0] >= Msec(100), "{pauses:?}");
        assert_eq!(pauses[7], Msec(2500));
        for _ in 0..1000 {
            health.failed(at(0), u32::MAX);
            assert!((Msec(2500)..=LONGEST).contains(&pause(&health)));
        }
    }

    #[test]
    fn a_success_forgets() {
        let mut health = Health::default();
        for _ in 0..10 {
            health.failed(at(0), 0);
        }
        health.succeeded();
        health.failed(at(0), 0);
        assert_eq!(pause(&health), Msec(100));
    }

    #[test]
    fn a_node_that_is_down_may_be_tried_unless_it_lets_us_wait() {
        let mut health = Health::default();
        assert!(health.may_be_tried(at(1000), Msec(500)));
        health.failed(at(1000), 0);
        assert!(health.may_be_tried(at(1000), Msec(500)), "refused at once, it cost nothing");
        health.waited(at(1000));
        assert!(
            !health.may_be_tried(at(1499), Msec(500)) && health.may_be_tried(at(1500), Msec(500))
        );
        health.succeeded();
        assert!(health.may_be_tried(at(1001), Msec(500)));
    }

    #[test]
    fn the_pause_is_random_in_its_upper_half() {
        let pauses = [0, 50, 100, 101].map(|random| {
            let mut health = Health::default();
            health.failed(at(0), random);
            pause(&health)
        });
        assert_eq!(pauses, [100, 150, 200, 100].map(Msec));
    }
}
