//! What happens in a history, drawn from a seed.

use std::fmt;

use clock::{Msec, Seconds};
use fastrand::Rng;

use crate::farm::Plan;
use crate::path::Way;

/// Hosts of every history.
pub const HOSTS: usize = 2;
/// Workers of each host.
pub const WORKERS: usize = 2;
/// memcached nodes.
pub const NODES: usize = 3;
/// People, each with a NameID.
pub const USERS: usize = 3;
/// No clock is further from the right time.
pub const CLOCK_WITHIN: Seconds = Seconds(30);

/// A history before it is played.
#[derive(Clone, Debug)]
pub struct Script {
    /// How the store is set up.
    pub setup: Setup,
    /// In the order of their time.
    pub steps: Vec<Step>,
}

/// How the store is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Draws what hosts and network draw.
    pub seed: u64,
    /// `replicas`.
    pub replicas: usize,
    /// `cache_valid`.
    pub cache_valid: Msec,
    /// `stale`.
    pub stale: Seconds,
    /// `session_idle_timeout`.
    pub idle_timeout: Option<Seconds>,
    /// `session_lifetime`.
    pub lifetime: Seconds,
    /// How much longer than at best a way takes at most, microseconds.
    pub jitter: u64,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub struct Step {
    /// By which others mean it.
    pub id: usize,
    /// Microseconds since the beginning.
    pub at: u64,
    /// What it is.
    pub act: Act,
}

/// What somebody or something does. A worker is counted over all hosts.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// A person's assertion, issued so many seconds ago, comes for the first time.
    Login {
        worker: usize,
        user: usize,
        age: i64,
        /// Does it answer a request?
        is_asked: bool,
        /// Has it a SessionIndex?
        has_index: bool,
    },
    /// The assertion of a login comes again.
    Replay { worker: usize, login: usize },
    /// A request with the cookie of a login.
    Read { worker: usize, login: usize },
    /// The IdP logs a person out: all sessions, or that of a login. The request was made so many seconds ago.
    Logout { worker: usize, user: usize, of: Option<usize>, age: i64 },
    /// The same LogoutRequest comes again.
    Again { worker: usize, logout: usize },
    /// A person logs out here.
    Leave { worker: usize, login: usize },
    /// An operator ends all sessions.
    Order { worker: usize },
    /// Something fails, or works again.
    Fault(Fault),
}

/// What fails, or works again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A node's process stops.
    Freeze(usize),
    /// It goes on.
    Thaw(usize),
    /// A node dies, and with it what it had.
    Kill(usize),
    /// It is started again.
    Start(usize),
    /// The way between a host and a node changes.
    Way(usize, usize, Way),
    /// A host's clock is set: so many seconds before the right time, or behind.
    Clock(usize, i64),
}

/// At which pace things happen, microseconds.
#[derive(Clone, Copy)]
enum Pace {
    /// All at once.
    Rush,
    /// Within some seconds.
    Usual,
    /// Over half an hour, so that assertions grow old.
    Slow,
}

impl Pace {
    fn pause(self, rng: &mut Rng) -> u64 {
        let (few, many) = match self {
            Self::Rush => (400, 5_000),
            Self::Usual => (2_000, 1_500_000),
            Self::Slow => (1_500_000, 90_000_000),
        };
        match rng.u8(..10) {
            0..4 => rng.u64(..few),
            4..9 => rng.u64(..many),
            _ => rng.u64(..2 * many) + 1_000_000,
        }
    }
}

impl Setup {
    /// As a farm is planned.
    pub fn plan(&self) -> Plan {
        Plan {
            hosts: HOSTS,
            workers: WORKERS,
            nodes: NODES,
            replicas: self.replicas,
            cache_valid: self.cache_valid,
            stale: self.stale,
            idle_timeout: self.idle_timeout,
            lifetime: self.lifetime,
            jitter: self.jitter,
            zone: 128 << 10,
            seed: self.seed,
            ..Plan::default()
        }
    }
}

impl Script {
    /// The one of this seed.
    pub fn draw(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let one = |rng: &mut Rng, of: &[i64]| of[rng.usize(..of.len())];
        let setup = Setup {
            seed: rng.u64(..),
            replicas: 1 + usize::from(rng.u8(..4) > 0),
            cache_valid: Msec(one(&mut rng, &[0, 0, 1000, 1000, 3000]).unsigned_abs()),
            stale: Seconds(one(&mut rng, &[0, 10, 60])),
            idle_timeout: Some(Seconds(one(&mut rng, &[0, 40, 3600, 3600])))
                .filter(|idle| *idle > Seconds(0)),
            lifetime: Seconds(one(&mut rng, &[200, 28_800, 28_800])),
            jitter: one(&mut rng, &[0, 300, 3_000, 40_000]).unsigned_abs(),
        };
        let pace = [Pace::Rush, Pace::Usual, Pace::Usual, Pace::Slow][rng.usize(..4)];
        // By orders, sessions are told by when they began: there clocks must agree.
        let has_orders = rng.u8(..4) == 0;
        let (steps, logins, logouts) = (Vec::new(), Vec::new(), Vec::new());
        let mut drawing = Drawing { steps, logins, logouts, has_orders, rng };
        let end = drawing.people(pace);
        drawing.faults(end);
        let mut steps = drawing.steps;
        steps.sort_by_key(|step| step.at);
        Self { setup, steps }
    }
}

struct Drawing {
    steps: Vec<Step>,
    logins: Vec<(usize, usize)>,
    logouts: Vec<usize>,
    has_orders: bool,
    rng: Rng,
}

impl Drawing {
    fn add(&mut self, at: u64, act: Act) -> usize {
        let id = self.steps.len();
        self.steps.push(Step { id, at, act });
        id
    }

    /// What people and IdPs do; gives when they have done it.
    fn people(&mut self, pace: Pace) -> u64 {
        let mut at = 10_000_000;
        for _ in 0..self.rng.usize(6..50) {
            at += pace.pause(&mut self.rng);
            let worker = self.rng.usize(..HOSTS * WORKERS);
            let act = self.act(worker);
            let id = self.add(at, act);
            match act {
                Act::Login { user, .. } => self.logins.push((id, user)),
                Act::Logout { .. } => self.logouts.push(id),
                _ => {}
            }
        }
        at
    }

    fn act(&mut self, worker: usize) -> Act {
        let rng = &mut self.rng;
        let user = rng.usize(..USERS);
        // Mostly a short while on its way; seldom nearly too long.
        let age = if rng.u8(..8) == 0 { rng.i64(500..660) } else { rng.i64(0..5) };
        let (is_asked, has_index) = (rng.bool(), rng.u8(..8) > 0);
        let login = Act::Login { worker, user, age, is_asked, has_index };
        let what = rng.u8(..20);
        if self.has_orders && rng.u8(..20) == 0 {
            return Act::Order { worker };
        }
        let Some((of, whose)) = rng.choice(&self.logins).copied() else { return login };
        match what {
            0..5 => login,
            5..7 => Act::Replay { worker, login: of },
            7..14 => Act::Read { worker, login: of },
            14..16 => Act::Logout { worker, user: whose, of: Some(of), age: request_age(rng) },
            16 | 17 => Act::Logout { worker, user: whose, of: None, age: request_age(rng) },
            18 => Act::Leave { worker, login: of },
            _ => match rng.choice(&self.logouts) {
                Some(logout) => Act::Again { worker, logout: *logout },
                None => Act::Read { worker, login: of },
            },
        }
    }

    /// What fails meanwhile; each fault is over before the end, or at it.
    fn faults(&mut self, end: u64) {
        let begin = 9_000_000;
        for _ in 0..[0, 1, 1, 2, 2, 3, 5][self.rng.usize(..7)] {
            let rng = &mut self.rng;
            let from = rng.u64(begin..end);
            let longest = [2_000, 600_000, 8_000_000, end - begin][rng.usize(..4)];
            let until = from + rng.u64(1..=longest);
            let (host, node) = (rng.usize(..HOSTS), rng.usize(..NODES));
            let pause = rng.u64(100..40_000);
            let by = rng.i64(-CLOCK_WITHIN.0..=CLOCK_WITHIN.0);
            let (fails, works) = match rng.u8(..10) {
                0..2 => (Fault::Freeze(node), Fault::Thaw(node)),
                2..4 => (Fault::Kill(node), Fault::Start(node)),
                4 | 5 => way(host, node, Way::Cut),
                6 => way(host, node, Way::Deaf),
                7 => way(host, node, Way::Dripping(pause)),
                8 => way(host, node, Way::Breaking),
                _ if self.has_orders => (Fault::Freeze(node), Fault::Thaw(node)),
                _ => (Fault::Clock(host, by), Fault::Clock(host, 0)),
            };
            self.add(from, Act::Fault(fails));
            self.add(until, Act::Fault(works));
        }
    }
}

/// A LogoutRequest is taken for six minutes; few are so old.
fn request_age(rng: &mut Rng) -> i64 {
    if rng.u8(..8) == 0 { rng.i64(290..360) } else { rng.i64(0..4) }
}

fn way(host: usize, node: usize, way: Way) -> (Fault, Fault) {
    (Fault::Way(host, node, way), Fault::Way(host, node, Way::Open))
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>12.6} s  {:>3}  {:?}", self.at as f64 / 1e6, self.id, self.act)
    }
}
