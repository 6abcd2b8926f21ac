//! One request to an endpoint, as its future has it: owned data, and two wishes that only the
//! server can grant.

use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;

use clock::{Monotonic, Msec, UnixTime};
use futures_channel::oneshot;
use http::Head;
use pages::Circumstances;
use session::Client;

use crate::event::Event;
use crate::live_session::LiveSession;

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
    /// Who reads the body, and tells the applications.
    pub server: Rc<dyn Server>,
}

/// The server that a visit comes to.
pub trait Server {
    /// Grants a wish, later. There may be several notices at a time; a body is wished for alone.
    fn grant(&self, wish: Wish);

    /// The time of day.
    fn now(&self) -> UnixTime;

    /// The clock for durations.
    fn monotonic(&self) -> Monotonic;

    /// Is over after this span, and not before.
    fn pause(&self, span: Msec) -> Pause;

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
    /// An application is told that a session ended: a request to `uri` with its variables.
    Notify {
        /// Of a location on this server, from `logout_notify`.
        uri: String,
        /// The one that ended.
        session: Rc<LiveSession>,
        /// Gets the answer.
        tell: oneshot::Sender<Answer>,
    },
}

/// A span of time that goes by.
pub type Pause = Pin<Box<dyn Future<Output = ()>>>;

/// What an application answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With this status of HTTP.
    Status(u16),
    /// Nothing: the server could not ask, or not hear it out.
    None,
    /// The request is gone, and with it whoever could ask.
    Gone,
}

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
    pub(crate) async fn notify(&self, uri: &str, session: &Rc<LiveSession>) -> Answer {
        let (tell, told) = oneshot::channel();
        let session = Rc::clone(session);
        self.server.grant(Wish::Notify { uri: uri.to_owned(), session, tell });
        told.await.unwrap_or(Answer::Gone)
    }
}
