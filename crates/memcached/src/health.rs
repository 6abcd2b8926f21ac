//! Whether a node is worth asking, so that a dead one costs no request its time.

/// Milliseconds until the first probe of a node that failed.
const FIRST: u64 = 200;
/// Milliseconds between the probes of a node that is down for long.
const LONGEST: u64 = 5000;

/// A circuit breaker. Times are milliseconds of any one clock.
#[derive(Clone, Debug)]
pub struct Health {
    state: State,
    /// Failures since the last success.
    failures: u32,
    /// When it last let somebody wait in vain.
    waited_at: Option<u64>,
}

/// What to do with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Ask it.
    Up,
    /// Leave it alone; probe it at this time.
    Down {
        /// Milliseconds of the clock that the caller gives.
        probe_at: u64,
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
    pub fn failed(&mut self, now: u64, random: u32) -> bool {
        let was_up = self.is_up();
        let pause = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        let half = pause / 2;
        self.failures = self.failures.saturating_add(1);
        self.state = State::Down { probe_at: now + half + u64::from(random) % (half + 1) };
        was_up
    }

    /// The node let somebody wait in vain.
    pub fn waited(&mut self, now: u64) {
        self.waited_at = Some(now);
    }

    /// May what must not miss the node try it, though it be left alone? Not within `pause`
    /// milliseconds after it let somebody wait, so that one piece of work waits for it once.
    pub fn may_be_tried(&self, now: u64, pause: u64) -> bool {
        self.is_up() || self.waited_at.is_none_or(|at| now.saturating_sub(at) >= pause)
    }

    /// True for the one who shall probe the node now.
    pub fn take_probe(&mut self, now: u64) -> bool {
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

    fn probe_at(health: &Health) -> u64 {
        match health.state() {
            State::Down { probe_at } => probe_at,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_failure_closes_it_until_one_probe_succeeds() {
        let mut health = Health::default();
        assert!(health.is_up());
        assert!(health.failed(1000, 0));
        assert!(!health.is_up());
        assert!(!health.take_probe(1099));
        assert!(health.take_probe(1100));
        assert!(!health.take_probe(1100), "one probe at a time");
        assert!(!health.is_up());
        assert!(health.succeeded());
        assert!(health.is_up() && !health.succeeded());
    }

    #[test]
    fn pauses_double_up_to_a_bound() {
        let mut health = Health::default();
        let pauses: Vec<u64> = (0..8)
            .map(|_| {
                health.failed(0, u32::MAX - u32::MAX % 2501);
                probe_at(&health)
            })
            .collect();
        assert!(pauses.is_sorted() && pauses[0] >= 100, "{pauses:?}");
        assert_eq!(pauses[7], 2500);
        for _ in 0..1000 {
            health.failed(0, u32::MAX);
            assert!((LONGEST / 2..=LONGEST).contains(&probe_at(&health)));
        }
    }

    #[test]
    fn a_success_forgets() {
        let mut health = Health::default();
        for _ in 0..10 {
            health.failed(0, 0);
        }
        health.succeeded();
        health.failed(0, 0);
        assert_eq!(probe_at(&health), FIRST / 2);
    }

    #[test]
    fn a_node_that_is_down_may_be_tried_unless_it_lets_us_wait() {
        let mut health = Health::default();
        assert!(health.may_be_tried(1000, 500));
        health.failed(1000, 0);
        assert!(health.may_be_tried(1000, 500), "refused at once, it cost nothing");
        health.waited(1000);
        assert!(!health.may_be_tried(1499, 500) && health.may_be_tried(1500, 500));
        health.succeeded();
        assert!(health.may_be_tried(1001, 500));
    }

    #[test]
    fn the_pause_is_random_in_its_upper_half() {
        let pauses = [0, 50, 100, 101].map(|random| {
            let mut health = Health::default();
            health.failed(0, random);
            probe_at(&health)
        });
        assert_eq!(pauses, [100, 150, 200, 100]);
    }
}
