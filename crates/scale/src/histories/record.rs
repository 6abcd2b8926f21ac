//! What was asked and answered, and what failed meanwhile: all that the judge sees.

use std::fmt;

use clock::UnixTime;
use session::StoreKey;

use super::faults::Faults;
use super::script::Setup;

/// A history that was played.
pub struct Record {
    /// How the store was set up.
    pub setup: Setup,
    /// In the order in which they began.
    pub events: Vec<Event>,
    /// Those who have waited in vain for an answer.
    pub unanswered: usize,
    /// What failed, and when.
    pub faults: Faults,
    /// Assertions by their numbers.
    pub assertions: Vec<Assertion>,
    /// Logout requests by their numbers.
    pub requests: Vec<Request>,
    /// Where what belongs to a person lies, by user.
    pub people: Vec<Places>,
    /// Nodes of operators' orders.
    pub orders: Vec<usize>,
}

/// What an IdP has said of somebody.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// Of whom.
    pub user: usize,
    /// Its IssueInstant.
    pub issued: UnixTime,
    /// Its SessionIndex.
    pub index: Option<String>,
    /// Nodes of the claim of the request that it answers.
    pub request: Option<Vec<usize>>,
}

/// A LogoutRequest.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whom it logs out.
    pub user: usize,
    /// Its SessionIndex; `None` = all.
    pub index: Option<String>,
    /// Its IssueInstant.
    pub issued: UnixTime,
}

/// Nodes of what belongs to one person.
#[derive(Clone, Debug)]
pub struct Places {
    /// Of the session set.
    pub set: Vec<usize>,
    /// Of the claims of assertions.
    pub claims: Vec<usize>,
    /// Of the logouts.
    pub logouts: Vec<usize>,
}

/// What was asked, and what the answer was.
#[derive(Clone, Debug)]
pub struct Event {
    /// The step that it is; those of the end have none.
    pub step: Option<usize>,
    /// At which worker, counted over all hosts.
    pub worker: usize,
    /// Its host.
    pub host: usize,
    /// When it was asked, microseconds.
    pub began: u64,
    /// When it was answered.
    pub ended: u64,
    /// What the host took for the time of day then, and when it answered.
    pub clock: (UnixTime, UnixTime),
    /// What it was.
    pub what: What,
}

/// What was asked and answered.
#[derive(Clone, Debug)]
pub enum What {
    /// A login.
    Login {
        /// Of which assertion.
        assertion: usize,
        /// The session that it makes, by a number that no other login has.
        session: usize,
        /// Nodes of the session.
        places: Vec<usize>,
        /// Where it lies.
        key: StoreKey,
        /// Its end.
        expires: UnixTime,
        /// What came of it.
        outcome: LoggedIn,
    },
    /// A request with a session's cookie.
    Read {
        /// Which session.
        session: usize,
        /// Whom it showed.
        outcome: Shown,
    },
    /// A LogoutRequest.
    Logout {
        /// Which.
        request: usize,
        /// Did the IdP hear Success?
        is_done: bool,
    },
    /// Somebody leaves.
    Leave {
        /// Which session.
        session: usize,
        /// Whom it showed before it ended.
        outcome: Shown,
        /// Were they told that it has ended?
        is_done: bool,
    },
    /// An operator ends all sessions.
    Order {
        /// Were they told that it holds?
        is_done: bool,
    },
    /// The sessions of a person are looked up, as a logout does.
    Members {
        /// Whose.
        user: usize,
        /// Where they lie; `None` = the store did not answer.
        keys: Option<Vec<StoreKey>>,
    },
}

/// What came of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedIn {
    /// The browser has a cookie.
    Yes,
    /// The assertion was refused: it is too old, was used, or its user was logged out.
    Refused,
    /// The store did not answer.
    Failed,
}

/// What a request found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A session, of this NameID and with this SessionIndex.
    Session(String, Option<String>),
    /// None: the browser is sent to the IdP.
    Nothing,
    /// The store did not answer: 503.
    Failed,
}

impl Shown {
    /// Was there a session?
    pub fn is_session(&self) -> bool {
        matches!(self, Self::Session(..))
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |micros: u64| micros as f64 / 1e6;
        let (began, ended) = (seconds(self.began), seconds(self.ended));
        write!(f, "{began:>12.6} – {ended:>12.6} s  host {} worker {}  ", self.host, self.worker)?;
        match &self.what {
            What::Login { assertion, session, places, outcome, .. } => {
                write!(f, "login {session} by assertion {assertion} on {places:?}: {outcome:?}")
            }
            What::Read { session, outcome } => write!(f, "read {session}: {outcome:?}"),
            What::Logout { request, is_done } => write!(f, "logout {request}: {is_done}"),
            What::Leave { session, outcome, is_done } => {
                write!(f, "leave {session}: {outcome:?}, {is_done}")
            }
            What::Order { is_done } => write!(f, "all are ended: {is_done}"),
            What::Members { user, keys } => {
                write!(f, "members {user}: {:?}", keys.as_ref().map(Vec::len))
            }
        }
    }
}
