//! One request to an endpoint, as its future has it: owned data, and two wishes that only the
//! server can grant.

use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;

use clock::{Monotonic, Msec, UnixTime};
use futures_channel::oneshot;
use http::Head;
use pages::Circumstances;
use saml::binding::{Draft, SendError};
use saml::reason;
use saml::refusal::Refusal;
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

    /// Is there another thread that has time for work of ours?
    fn has_thread(&self) -> bool {
        false
    }

    /// Does `work` in one; it is over when that is done, or was given up.
    fn aside(&self, work: Work) -> Pause {
        work();
        Box::pin(std::future::ready(()))
    }
}

/// Work for another thread.
pub type Work = Box<dyn FnOnce() + Send>;

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

impl dyn Server + '_ {
    /// What `work` makes: in another thread when it `is_slow` and there is one, so that others do not wait
    /// for it, or else here at once.
    ///
    /// # Errors
    /// It was given up.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        is_slow: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        if !is_slow || !self.has_thread() {
            return Ok(work());
        }
        // Nobody polls it: to wake somebody is nothing for another thread.
        let (tell, mut told) = oneshot::channel();
        self.aside(Box::new(move || drop(tell.send(work())))).await;
        let made = told.try_recv().ok().flatten();
        made.ok_or_else(|| Refusal::internal("no thread of saml_crypto_threads did the work"))
    }
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

    /// The message of a draft.
    ///
    /// # Errors
    /// There is none, or it could not be signed.
    pub(crate) async fn sign<T: Send + 'static>(
        &self,
        draft: Result<Draft<T>, SendError>,
    ) -> Result<T, Refusal> {
        let draft = draft.map_err(signing_failed)?;
        let signed = self.server.compute(draft.is_slow(), move || draft.sign()).await?;
        signed.map_err(signing_failed)
    }

    /// Tells the application at `uri` that a session ended.
    pub(crate) async fn notify(&self, uri: &str, session: &Rc<LiveSession>) -> Answer {
        let (tell, told) = oneshot::channel();
        let session = Rc::clone(session);
        self.server.grant(Wish::Notify { uri: uri.to_owned(), session, tell });
        told.await.unwrap_or(Answer::Gone)
    }
}

/// A message could not be signed.
pub(crate) fn signing_failed(error: SendError) -> Refusal {
    Refusal::new(&reason::SIGNING_FAILED, error.0)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::test_sp::Clock;

    fn computed(server: &dyn Server, is_slow: bool) -> Result<i32, &'static str> {
        let made = server.compute(is_slow, || 7).now_or_never().unwrap();
        made.map_err(|refusal| refusal.code())
    }

    #[test]
    fn what_no_thread_has_done_is_refused() {
        let here = Clock::default();
        let lossy = Clock { loses_work: true, ..Clock::default() };
        assert_eq!([computed(&here, true), computed(&here, false)], [Ok(7), Ok(7)]);
        assert_eq!(computed(&lossy, true), Err("internal_error"));
        assert_eq!(computed(&lossy, false), Ok(7), "it is sooner done than handed over");
    }
}
