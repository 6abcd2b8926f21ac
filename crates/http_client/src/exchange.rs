//! A request and its answer.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use http::Answer;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{Builder, Connection};
use hyper::http::response::Parts;

use crate::body::Body;
use crate::bounds::{MAX_HEAD, MAX_HEADERS};
use crate::error::ExchangeError;
use crate::framing;
use crate::progress::{Progress, Stage};
use crate::request::{Request, Target};
use crate::stream::Stream;
use crate::wire::Wire;

/// An exchange under way, whatever status it comes to. Dropped, it drops its stream.
pub struct Exchange<E> {
    work: Pin<Box<dyn Future<Output = Result<Answer, ExchangeError<E>>>>>,
    progress: Rc<Progress<E>>,
}

impl<E: 'static> Exchange<E> {
    /// Over a connection that was made for it.
    ///
    /// # Errors
    /// There is no whole answer, or it is none. [`ExchangeError::Request`] is one at once.
    pub fn new(
        stream: impl Stream<Error = E> + 'static,
        target: &Target,
        request: &Request<'_>,
    ) -> Result<Self, ExchangeError<E>> {
        let progress = Rc::new(Progress::new(request.max_answer));
        let (gzip, max_answer) = (request.gzip, request.max_answer);
        let request =
            request.for_hyper(target).map_err(|error| ExchangeError::Request(error.to_string()))?;
        let wire = Wire::new(stream, Rc::clone(&progress));
        let work = Box::pin(work(wire, request, gzip, max_answer, Rc::clone(&progress)));
        Ok(Self { work, progress })
    }

    /// What it waits for.
    pub fn stage(&self) -> Stage {
        self.progress.stage()
    }

    /// The status as far as the answer has come, also of one that is none.
    pub fn status(&self) -> Option<u16> {
        self.progress.status()
    }
}

impl<E> Future for Exchange<E> {
    type Output = Result<Answer, ExchangeError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.work.as_mut().poll(cx)
    }
}

async fn work<S: Stream>(
    wire: Wire<S>,
    request: hyper::Request<Full<Bytes>>,
    gzip: bool,
    max_answer: usize,
    progress: Rc<Progress<S::Error>>,
) -> Result<Answer, ExchangeError<S::Error>> {
    let (mut sender, connection) = Builder::new()
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        // As servers have seen them for thirty years.
        .title_case_headers(true)
        .writev(false)
        .handshake(wire)
        .await
        .map_err(|error| progress.why(error))?;
    let mut driven = Driven { connection: Some(connection) };
    let answer = driven.until(sender.send_request(request)).await;
    let (head, mut incoming) = answer.map_err(|error| progress.why(error))?.into_parts();
    progress.head_came(head.status.as_u16());
    let mut body = Body::new(framing::check(&head, gzip, max_answer)?, max_answer);
    while let Some(frame) = driven.until(incoming.frame()).await {
        // Trailer fields are nothing to us.
        if let Ok(part) = frame.map_err(|error| progress.why(error))?.into_data() {
            body.push(&part)?;
        }
    }
    Ok(answer_of(&head, body.finish()?))
}

fn answer_of(head: &Parts, body: Vec<u8>) -> Answer {
    let field = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
        (name.as_str().to_owned(), value.as_bytes().to_owned())
    };
    let fields = head.headers.iter().map(field).collect();
    Answer { status: head.status.as_u16(), fields, body }
}

/// hyper's side of the connection, which works only while somebody polls it.
struct Driven<S: Stream> {
    /// `None` = it has ended, and what is to come of it has come.
    connection: Option<Connection<Wire<S>, Full<Bytes>>>,
}

impl<S: Stream> Driven<S> {
    /// What `awaited` comes to. How the connection itself ends is told there.
    async fn until<F: Future>(&mut self, awaited: F) -> F::Output {
        let mut awaited = pin!(awaited);
        poll_fn(|cx| {
            if let Some(connection) = &mut self.connection
                && Pin::new(connection).poll(cx).is_ready()
            {
                self.connection = None;
            }
            awaited.as_mut().poll(cx)
        })
        .await
    }
}
