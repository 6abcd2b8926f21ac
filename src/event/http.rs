//! One HTTP/1.1 POST from server to server, on a connection of its own.

use std::cell::Cell;
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use clock::{Monotonic, Msec};
use http::HttpUrl;
use http_answer::{Answer, AnswerError, AnswerReader};
use sp::{BackChannel, Post, Posting};

use super::{Address, Callback, Connection, ConnectionError, Tls};
use crate::clock::monotonic;

/// For all of it: connecting, the handshake, sending and the whole answer.
const WITHIN: Msec = Msec(10_000);
/// Bytes read at a time.
const CHUNK: usize = 16 << 10;

/// A resource on another server, its address known.
pub struct Resource {
    address: Address,
    tls: Option<Rc<Tls>>,
    /// Host and port as the Host field has them (RFC 9112 3.2).
    host: String,
    /// Path and query (RFC 9112 3.2.1).
    target: String,
}

/// Why there is no whole answer.
#[derive(Debug)]
pub struct HttpError {
    failure: Failure,
    /// Of an answer that ended early, or was none.
    status: Option<u16>,
}

#[derive(Debug)]
enum Failure {
    Connection(ConnectionError),
    Answer(AnswerError),
    /// The time is over; where it went.
    TimedOut(&'static str),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            Failure::Connection(error) => error.fmt(f),
            Failure::Answer(error) => error.fmt(f),
            Failure::TimedOut(what) => write!(f, "{what} takes longer than {WITHIN} ms"),
        }?;
        self.status.map_or(Ok(()), |status| write!(f, " (its HTTP status is {status})"))
    }
}

impl std::error::Error for HttpError {}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        Self::Connection(error)
    }
}

impl From<AnswerError> for Failure {
    fn from(error: AnswerError) -> Self {
        Self::Answer(error)
    }
}

impl Resource {
    /// `address` is that of the host of `url`; `tls` is there when its scheme is https.
    pub fn new(url: &HttpUrl<'_>, address: Address, tls: Option<Rc<Tls>>) -> Self {
        let origin = url.origin();
        let host = origin.split_once("://").map_or_else(|| url.host(), |(_, host)| host).to_owned();
        let rest = url.rest().split('#').next().unwrap_or_default();
        let slash = if rest.starts_with('/') { "" } else { "/" };
        Self { address, tls, host, target: format!("{slash}{rest}") }
    }

    /// Posts, and reads the whole answer, whatever its status. A worker that shuts down waits for it.
    ///
    /// # Errors
    /// There is no whole answer within ten seconds, or it is none.
    async fn exchange(&self, post: &Post) -> Result<Answer, HttpError> {
        let bell = Rc::new(Bell::default());
        let peer = format!("the server {}", self.address.name());
        let callback = bell.callback();
        let connection = Connection::open(&self.address, self.tls.as_ref(), &peer, false, callback)
            .map_err(|error| HttpError { failure: error.into(), status: None })?;
        let mut exchange = Exchange {
            connection,
            unsent: self.head(post).into_bytes(),
            sent: 0,
            answer: AnswerReader::new(post.max_answer),
            buffer: vec![0; CHUNK],
            deadline: monotonic() + WITHIN,
        };
        exchange.unsent.extend_from_slice(post.body.as_bytes());
        let ended = poll_fn(|cx| {
            bell.wakes(cx.waker());
            exchange.go_on()
        })
        .await;
        let status = exchange.answer.status();
        let answer = ended.and_then(|()| Ok(exchange.answer.finish()?));
        answer.map_err(|failure| HttpError { failure, status })
    }

    fn head(&self, post: &Post) -> String {
        let mut head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAccept-Encoding: identity\r\n\
             Content-Length: {}\r\n",
            self.target,
            self.host,
            post.body.len()
        );
        for (name, value) in post.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        head
    }
}

impl BackChannel for Resource {
    fn post(&self, post: Post) -> Posting<'_> {
        Box::pin(async move { self.exchange(&post).await.map_err(|error| error.to_string()) })
    }
}

/// A request on its way, and its answer.
struct Exchange {
    connection: Connection,
    unsent: Vec<u8>,
    /// Bytes of `unsent` that are.
    sent: usize,
    answer: AnswerReader,
    buffer: Vec<u8>,
    deadline: Monotonic,
}

impl Exchange {
    /// After each event: does what can be done. Ready when the answer is whole, or nothing more comes.
    fn go_on(&mut self) -> Poll<Result<(), Failure>> {
        // Which event it was does not matter: the clock says whether the time is over.
        self.connection.take_timeout();
        match self.advance() {
            Ok(None) => Poll::Ready(Ok(())),
            Ok(Some(waits_for)) => self.wait(waits_for),
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// What is waited for; `None` = nothing more.
    fn advance(&mut self) -> Result<Option<&'static str>, Failure> {
        if !self.connection.advance()? {
            return Ok(Some("connecting"));
        }
        while let Some(rest) = self.unsent.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let Some(count) = self.connection.write(rest)? else { break };
            self.sent += count;
        }
        // Who refuses a request need not read it to its end (RFC 9112 9.3).
        loop {
            match self.connection.read(&mut self.buffer) {
                Ok(Some(count)) => {
                    if self.answer.read(self.buffer.get(..count).unwrap_or_default())? {
                        return Ok(None);
                    }
                }
                Ok(None) => return Ok(Some("the answer")),
                Err(ConnectionError::Closed) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn wait(&mut self, what: &'static str) -> Poll<Result<(), Failure>> {
        let now = monotonic();
        if self.deadline <= now {
            return Poll::Ready(Err(Failure::TimedOut(what)));
        }
        // Not cancelable: a worker that shuts down waits.
        self.connection.wait(self.deadline - now);
        Poll::Pending
    }
}

/// Wakes a task at the events of a connection.
#[derive(Default)]
struct Bell(Cell<Option<Waker>>);

impl Bell {
    fn wakes(&self, waker: &Waker) {
        self.0.set(Some(waker.clone()));
    }

    fn callback(self: &Rc<Self>) -> Callback {
        let bell = Rc::clone(self);
        Rc::new(move || {
            if let Some(waker) = bell.0.take() {
                // The task runs inside, and may drop the connection and this callback.
                waker.wake();
            }
        })
    }
}
