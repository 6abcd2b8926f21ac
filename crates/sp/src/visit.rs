//! One request to an endpoint, as its future has it: owned data, and two wishes that only the
//! server can grant.

use std::net::IpAddr;
use std::rc::Rc;

use clock::{Monotonic, UnixTime};
use futures_channel::oneshot;
use http::Head;
use pages::Circumstances;
use saml::reason;
use saml::refusal::Refusal;
use session::{Client, Session};

use crate::event::Event;

/// A request to an endpoint.
pub struct Visit {
    /// Method, path, query and header fields.
    pub head: Head,
    /// Where it comes from; `None` = from this very host, without one.
    pub address: Option<IpAddr>,
    /// Whose budget pays for decryption.
    pub client: Client,
    /// When it came.
    pub now: UnixTime,
    /// Those that the SP's logins look at ([`Sp::variables`](crate::Sp::variables)), by their names; of no
    /// use elsewhere.
    pub variables: Vec<(String, String)>,
    /// What a page must say, should the visit be refused.
    pub circumstances: Rc<Circumstances>,
    /// Who reads the body, and tells the application.
    pub server: Rc<dyn Server>,
}

/// The server that a visit comes to.
pub trait Server {
    /// Grants a wish, later. There is one at a time.
    fn grant(&self, wish: Wish);

    /// The time of day.
    fn now(&self) -> UnixTime;

    /// The clock for durations.
    fn monotonic(&self) -> Monotonic;

    /// Counts what happened, and keeps a record of it.
    fn tell(&self, event: &Event<'_>);

    /// Is there anybody who keeps records?
    fn keeps_records(&self) -> bool;

    /// Tells the administrator what happened.
    fn note(&self, what: &str);

    /// Tells the administrator what is surely not as they want it.
    fn warn(&self, what: &str);
}

/// What an endpoint wants of the request. Who drops a wish has not granted it.
pub enum Wish {
    /// The body, which the server reads.
    Body {
        /// Bytes at most; a longer one is [`BodyError::TooLarge`].
        limit: usize,
        /// Gets the whole body.
        tell: oneshot::Sender<Result<Vec<u8>, BodyError>>,
    },
    /// The application is told that a session ended: a request to `uri` with its variables.
    Notify {
        /// Of a location on this server, from `logout_notify`.
        uri: String,
        /// The one that ended.
        session: Box<Session>,
        /// Hears how the application took it.
        tell: oneshot::Sender<Heard>,
    },
}

/// Did the application hear it? The refusal says why not.
pub type Heard = Result<(), Refusal>;

/// Why a request body cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// More than the limit, in bytes.
    TooLarge,
    /// The server did not read it, or cannot read it back.
    Unreadable,
}

impl Visit {
    /// Has it a body?
    pub fn is_post(&self) -> bool {
        self.head.method() == "POST"
    }

    /// The whole body.
    ///
    /// # Errors
    /// It is longer than `limit` bytes, or cannot be read.
    pub async fn body(&self, limit: usize) -> Result<Vec<u8>, BodyError> {
        let (tell, told) = oneshot::channel();
        self.server.grant(Wish::Body { limit, tell });
        told.await.unwrap_or(Err(BodyError::Unreadable))
    }

    /// Tells the application at `uri` that a session ended.
    ///
    /// # Errors
    /// It did not answer well, or the request is gone and nobody could ask it.
    pub async fn notify(&self, uri: &str, session: Session) -> Heard {
        let (tell, told) = oneshot::channel();
        self.server.grant(Wish::Notify { uri: uri.to_owned(), session: Box::new(session), tell });
        let gone = || not_heard("the request ended before logout_notify was answered");
        told.await.unwrap_or_else(|_| Err(gone()))
    }
}

/// The application may not know of the logout.
pub fn not_heard(why: impl Into<String>) -> Refusal {
    Refusal::new(&reason::LOGOUT_NOTIFY_FAILED, why)
}
