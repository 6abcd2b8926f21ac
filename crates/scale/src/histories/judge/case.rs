//! What of a history bears on what: logins, what was to end their sessions, and which look comes after it.

use std::collections::HashMap;

use clock::UnixTime;
use session::StoreKey;

use super::super::record::{Event, LoggedIn, Record, What};
use super::super::script::CLOCK_WITHIN;

/// The clocks of the store have milliseconds. Microseconds.
pub(super) const ROUNDING: u64 = 2_000;

/// Orders tell sessions by the second in which they began. Microseconds.
pub(super) const A_SECOND: u64 = 1_000_000;

/// A worker with requests asks for orders so often.
pub(super) const UNTIL_ASKED: u64 = 1_000_000;

pub(super) struct Case<'a> {
    pub(super) record: &'a Record,
    pub(super) logins: HashMap<usize, Login<'a>>,
    pub(super) logouts: Vec<Logout<'a>>,
    /// When the sessions of which host was last shown there, and all such moments of any host.
    pub(super) shown: HashMap<usize, Vec<&'a Event>>,
}

/// A login that the browser has the cookie of.
#[derive(Clone, Copy)]
pub(super) struct Login<'a> {
    pub(super) event: &'a Event,
    pub(super) assertion: usize,
    pub(super) session: usize,
    pub(super) places: &'a [usize],
    pub(super) key: StoreKey,
    pub(super) expires: UnixTime,
}

/// What was asked to end sessions, whatever came of it.
pub(super) struct Logout<'a> {
    pub(super) event: &'a Event,
    pub(super) whose: Whose,
    pub(super) is_done: bool,
    /// When its request came for the first time.
    pub(super) first: u64,
}

pub(super) enum Whose {
    /// Those that a LogoutRequest names.
    Request(usize),
    /// The one that somebody has left.
    Session(usize),
    /// All that have begun, as an operator has ordered.
    All,
}

impl<'a> Case<'a> {
    pub(super) fn of(record: &'a Record) -> Self {
        let mut case =
            Self { record, logins: HashMap::new(), logouts: Vec::new(), shown: HashMap::new() };
        let mut first = HashMap::new();
        for event in &record.events {
            match &event.what {
                What::Login { assertion, session, places, key, expires, outcome } => {
                    if *outcome == LoggedIn::Yes {
                        let (assertion, session) = (*assertion, *session);
                        let (key, expires) = (*key, *expires);
                        let login = Login { event, assertion, session, places, key, expires };
                        case.logins.insert(session, login);
                    }
                }
                What::Read { session, outcome } => {
                    if outcome.is_session() {
                        case.shown.entry(*session).or_default().push(event);
                    }
                }
                What::Logout { request, is_done } => {
                    let first = *first.entry(*request).or_insert(event.began);
                    let (whose, is_done) = (Whose::Request(*request), *is_done);
                    case.logouts.push(Logout { event, whose, is_done, first });
                }
                What::Leave { session, outcome, is_done } => {
                    if outcome.is_session() {
                        case.shown.entry(*session).or_default().push(event);
                    }
                    let (whose, is_done, first) = (Whose::Session(*session), *is_done, event.began);
                    case.logouts.push(Logout { event, whose, is_done, first });
                }
                What::Order { is_done } => {
                    let (whose, is_done, first) = (Whose::All, *is_done, event.began);
                    case.logouts.push(Logout { event, whose, is_done, first });
                }
                What::Members { .. } => {}
            }
        }
        case
    }

    /// When it was last in use before.
    pub(super) fn last_use(&self, login: &Login<'_>, before: &Event) -> u64 {
        let shown = self.shown.get(&login.session).into_iter().flatten();
        let used = shown.filter(|event| event.began < before.began).map(|event| event.ended);
        used.max().unwrap_or(0).max(login.event.ended)
    }

    /// What was to end it, and was said to have done so, in time before this look.
    pub(super) fn ended_before<'b>(
        &'b self,
        look: &'b Event,
        login: &'b Login<'a>,
    ) -> impl Iterator<Item = &'b Logout<'a>> {
        let valid = self.record.setup.cache_valid.0 * 1000;
        self.logouts.iter().filter(move |logout| {
            let later = match (self.is_known_here(logout, login, look), &logout.whose) {
                (true, _) => 0,
                (false, Whose::All) => UNTIL_ASKED + valid + ROUNDING,
                (false, _) => valid + ROUNDING,
            };
            logout.is_done
                && !std::ptr::eq(logout.event, look)
                && look.began > logout.event.ended + later
                && self.means(logout, login)
        })
    }

    /// Did this host end it itself? What another one was about to end is not found by a second logout, and may go on
    /// here for what is left of `cache_valid`.
    pub(super) fn is_known_here(
        &self,
        logout: &Logout<'_>,
        login: &Login<'_>,
        read: &Event,
    ) -> bool {
        let is_elsewhere = |other: &Logout<'_>| {
            other.event.host != read.host
                && other.event.began <= logout.event.ended
                && self.may_mean(other, login)
        };
        logout.event.host == read.host && !self.logouts.iter().any(is_elsewhere)
    }

    /// Is the session one of those that this logout has to end?
    pub(super) fn means(&self, logout: &Logout<'_>, login: &Login<'_>) -> bool {
        match logout.whose {
            Whose::Session(session) => session == login.session,
            Whose::All => login.event.ended + A_SECOND < logout.event.began,
            Whose::Request(request) => {
                let request = &self.record.requests[request];
                let assertion = &self.record.assertions[login.assertion];
                let is_named = request.index.is_none()
                    || assertion.index.is_none()
                    || request.index == assertion.index;
                let is_before =
                    assertion.issued <= request.issued || login.event.ended < logout.first;
                // Near its end one host may take it for over, and another not yet.
                let is_alive = logout.event.clock.1 + CLOCK_WITHIN * 2 < login.expires;
                request.user == assertion.user && is_named && is_before && is_alive
            }
        }
    }

    /// May the session have ended by it?
    pub(super) fn may_mean(&self, logout: &Logout<'_>, login: &Login<'_>) -> bool {
        match logout.whose {
            Whose::Session(session) => session == login.session,
            Whose::All => login.event.began <= logout.event.ended + A_SECOND,
            Whose::Request(request) if self.was_answered(logout, request) => false,
            Whose::Request(request) => {
                let request = &self.record.requests[request];
                let assertion = &self.record.assertions[login.assertion];
                let is_named = request.index.is_none()
                    || assertion.index.is_none()
                    || request.index == assertion.index;
                let is_before =
                    assertion.issued <= request.issued || logout.event.ended >= login.event.began;
                request.user == assertion.user && is_named && is_before
            }
        }
    }

    /// Was the same request answered before, so that it does nothing any more?
    pub(super) fn was_answered(&self, logout: &Logout<'_>, request: usize) -> bool {
        let places = &self.record.people[self.record.requests[request].user].logouts;
        self.logouts.iter().any(|earlier| {
            matches!(earlier.whose, Whose::Request(of) if of == request)
                && earlier.is_done
                && earlier.event.ended < logout.event.began
                && places.iter().any(|node| !self.misses(*node, earlier.event, logout.event))
        })
    }
}
