//! Holds a history against what is promised. It knows what was asked, answered and broken, and nothing of the store.
//!
//! What is excused is what the documentation says is lost: with `replicas 1` what lay on a node that died; with
//! `replicas 2` what took two failures, one for each node of an entry. A failure is one that may have mattered: a node
//! that was not surely heard, not surely written to, or that lost all.

mod case;
mod excuses;

use std::fmt;

use clock::Seconds;
use session::StoreKey;

use self::case::{Case, Login, Whose};
use super::play::name_id;
use super::record::{Event, LoggedIn, Record, Shown, What};
use super::script::CLOCK_WITHIN;
use crate::login::REPLAY;

/// What was promised and does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// A session that was logged out, with Success, lets nobody in.
    EndedIsEnded,
    /// A session shows whom its assertion named.
    OwnValues,
    /// One that is over lets nobody in.
    Lifetime,
    /// One that nobody has used for the idle timeout lets nobody in.
    IdleTimeout,
    /// An assertion begins one session.
    OnceOnly,
    /// Nobody is logged out by what is no logout.
    NotLost,
    /// A login is refused that was used before, is too old, or was logged out.
    Welcome,
    /// While a node of each entry answers, all goes on.
    Available,
    /// A NameID's set has all its sessions, and nobody else's.
    Findable,
    /// Everybody is answered.
    Answered,
}

/// One that was broken.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which.
    pub promise: Promise,
    /// By what.
    pub words: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken: {:?}: {}", self.promise, self.words)
    }
}

/// Nodes and hosts count whole seconds, each its own; and moves of an idle timeout are a second apart at least.
const WHOLE_SECONDS: u64 = 6_000_000;

/// What does not hold in it.
pub fn judge(record: &Record) -> Vec<Violation> {
    let case = Case::of(record);
    let mut violations = Vec::new();
    let mut find = |promise, words: String| violations.push(Violation { promise, words });
    if record.unanswered > 0 {
        find(Promise::Answered, format!("{} got no answer", record.unanswered));
    }
    for event in &record.events {
        for (promise, words) in case.look_at(event) {
            find(promise, words);
        }
    }
    for words in case.used_twice() {
        find(Promise::OnceOnly, words);
    }
    violations
}

/// By how much the clock was set forward meanwhile, microseconds: what was to end so long after the beginning is kept
/// for less.
fn was_set_forward(event: &Event) -> u64 {
    let by_clock = u64::try_from((event.clock.1 - event.clock.0).0).unwrap_or(0) * 1_000_000;
    by_clock.saturating_sub(event.ended - event.began)
}

/// Sessions that were shown after their logout, and are excused.
pub fn excused(record: &Record) -> usize {
    let case = Case::of(record);
    let shown = record.events.iter().filter(|event| match &event.what {
        What::Read { session, outcome } if outcome.is_session() => {
            let of = case.logins.get(session);
            of.is_some_and(|login| case.ended_before(event, login).next().is_some())
        }
        _ => false,
    });
    shown.count()
}

type Wrongs = Vec<(Promise, String)>;
impl<'a> Case<'a> {
    fn look_at(&self, event: &Event) -> Wrongs {
        match &event.what {
            What::Read { session, outcome } | What::Leave { session, outcome, .. } => {
                let Some(login) = self.logins.get(session) else { return Vec::new() };
                match outcome {
                    Shown::Session(user, index) => {
                        let mut wrongs = self.shows(event, login, user, index.as_deref());
                        wrongs.extend(self.shows_ended(event, login));
                        wrongs
                    }
                    Shown::Nothing => self.has_lost(event, login),
                    Shown::Failed => self.is_refused(event, Some(login)),
                }
            }
            What::Login { outcome: LoggedIn::Failed, .. } | What::Order { is_done: false } => {
                self.is_refused(event, None)
            }
            What::Login { outcome: LoggedIn::Refused, assertion, .. } => {
                self.is_unwelcome(event, *assertion)
            }
            What::Logout { is_done: false, request } => {
                let is_fresh =
                    event.clock.1 <= self.record.requests[*request].issued + Seconds(300);
                if is_fresh { self.is_refused(event, None) } else { Vec::new() }
            }
            What::Members { user, keys } => match keys {
                Some(keys) => self.knows(event, *user, keys),
                None => self.is_refused(event, None),
            },
            _ => Vec::new(),
        }
    }

    /// A session is shown: is it what its login made, and does it live?
    fn shows(&self, event: &Event, login: &Login<'a>, user: &str, index: Option<&str>) -> Wrongs {
        let mut wrongs = Vec::new();
        let assertion = &self.record.assertions[login.assertion];
        let whose = name_id(&self.record.setup, assertion.user);
        if (user, index) != (whose.as_str(), assertion.index.as_deref()) {
            wrongs.push((Promise::OwnValues, format!("{event}: it is {whose}'s")));
        }
        if event.clock.0.min(event.clock.1) >= login.expires {
            wrongs.push((Promise::Lifetime, format!("{event}: it ended at {:?}", login.expires)));
        }
        if let Some(idle) = self.record.setup.idle_timeout {
            let used = self.last_use(login, event);
            let idle = u64::try_from(idle.0).unwrap_or(0) * 1_000_000 + WHOLE_SECONDS;
            if event.began > used + idle && self.record.faults.were_none(used, event.ended) {
                let since = (event.began - used) / 1_000_000;
                wrongs.push((Promise::IdleTimeout, format!("{event}: unused for {since} s")));
            }
        }
        wrongs
    }

    /// A session is shown: was it logged out?
    fn shows_ended(&self, event: &Event, login: &Login<'a>) -> Wrongs {
        let ended = self.ended_before(event, login);
        let ended = ended.filter(|logout| !self.excuses(logout, login, event));
        ended.map(|logout| (Promise::EndedIsEnded, format!("{event}: {}", logout.event))).collect()
    }

    /// A session is not shown: was it ended, or may it be lost?
    fn has_lost(&self, event: &Event, login: &Login<'_>) -> Wrongs {
        let setup = &self.record.setup;
        let is_ended = self
            .logouts
            .iter()
            .any(|logout| logout.event.began <= event.ended && self.may_mean(logout, login));
        let is_over = event.clock.0.max(event.clock.1) + CLOCK_WITHIN * 2 >= login.expires;
        // A use is told to the nodes now and then, and only to those that answer.
        let is_idle = setup.idle_timeout.is_some_and(|idle| {
            let idle = u64::try_from(idle.0).unwrap_or(0) * 1_000_000;
            event.ended + WHOLE_SECONDS + was_set_forward(login.event) > login.event.began + idle
        });
        if is_ended || is_over || is_idle || self.may_be_lost(event, login) {
            return Vec::new();
        }
        vec![(Promise::NotLost, format!("{event}: nobody has ended it"))]
    }

    /// A login was refused: was there a reason?
    fn is_unwelcome(&self, event: &Event, assertion: usize) -> Wrongs {
        let was_used = self.record.events.iter().any(|other| {
            let is_same =
                matches!(other.what, What::Login { assertion: of, .. } if of == assertion);
            is_same && !std::ptr::eq(other, event) && other.began <= event.ended
        });
        let of = &self.record.assertions[assertion];
        let is_old = event.clock.0 > of.issued + REPLAY;
        let was_logged_out = self.logouts.iter().any(|logout| {
            let Whose::Request(request) = logout.whose else { return false };
            let request = &self.record.requests[request];
            // What comes while a logout looks for sessions may be among them, though it is younger.
            request.user == of.user
                && (of.issued <= request.issued || logout.event.ended >= event.began)
                && (request.index.is_none() || of.index.is_none() || request.index == of.index)
                && logout.event.began <= event.ended
        });
        if was_used || is_old || was_logged_out {
            return Vec::new();
        }
        vec![(Promise::Welcome, format!("{event}: it was good"))]
    }

    /// Somebody got no answer of the store: did too many nodes fail?
    fn is_refused(&self, event: &Event, of: Option<&Login<'_>>) -> Wrongs {
        let faults = &self.record.faults;
        let is_well = |node: &usize| faults.is_heard(event.host, *node, event.began, event.ended);
        let is_right = match (of, &event.what) {
            // Who leaves is refused by the nodes of the session alone, as who reads.
            (Some(login), _) => !login.places.iter().any(is_well),
            (None, What::Members { user, .. }) => {
                !self.record.people[*user].set.iter().any(is_well)
            }
            (None, _) => {
                let ill = (0..super::script::NODES).filter(|node| !is_well(node)).count();
                ill >= self.record.setup.replicas
            }
        };
        if is_right {
            return Vec::new();
        }
        vec![(Promise::Available, format!("{event}: nodes of it were there"))]
    }

    /// The sessions of a person were looked up.
    fn knows(&self, event: &Event, user: usize, keys: &[StoreKey]) -> Wrongs {
        let mut wrongs = Vec::new();
        let own: Vec<StoreKey> = self
            .record
            .events
            .iter()
            .filter_map(|event| match &event.what {
                What::Login { assertion, key, .. }
                    if self.record.assertions[*assertion].user == user =>
                {
                    Some(*key)
                }
                _ => None,
            })
            .collect();
        if keys.iter().any(|key| !own.contains(key)) {
            wrongs.push((Promise::Findable, format!("{event}: one is not theirs")));
        }
        let set = &self.record.people[user].set;
        for login in self.logins.values() {
            let is_theirs = self.record.assertions[login.assertion].user == user;
            let lives = self
                .shown
                .get(&login.session)
                .into_iter()
                .flatten()
                .any(|look| look.began > login.event.ended && look.ended < event.began);
            let was_ended = self
                .logouts
                .iter()
                .any(|logout| logout.event.began <= event.ended && self.may_mean(logout, login));
            let is_over = event.clock.0 + CLOCK_WITHIN * 2 >= login.expires;
            let may_be_missed = set.iter().all(|node| self.misses(*node, login.event, event));
            if is_theirs
                && lives
                && !was_ended
                && !is_over
                && !may_be_missed
                && !keys.contains(&login.key)
            {
                let words = format!("{event}: session {} is not found", login.session);
                wrongs.push((Promise::Findable, words));
            }
        }
        wrongs
    }

    /// Logins by an assertion that had begun a session before.
    fn used_twice(&self) -> Vec<String> {
        let mut logins: Vec<_> = self.logins.values().collect();
        logins.sort_by_key(|login| (login.assertion, login.session));
        let mut words = Vec::new();
        for pair in logins.windows(2) {
            let [one, other] = [pair[0], pair[1]];
            if one.assertion != other.assertion {
                continue;
            }
            let assertion = &self.record.assertions[one.assertion];
            let claims = &self.record.people[assertion.user].claims;
            let may_meet = |nodes: &[usize]| {
                nodes.iter().any(|node| {
                    let (first, second) = match one.event.began <= other.event.began {
                        true => (one.event, other.event),
                        false => (other.event, one.event),
                    };
                    !self.misses(*node, first, second)
                })
            };
            if may_meet(claims) || assertion.request.as_deref().is_some_and(may_meet) {
                words.push(format!("{} and {}", one.event, other.event));
            }
        }
        words
    }
}
