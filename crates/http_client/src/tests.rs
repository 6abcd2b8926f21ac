mod answers;
mod codings;
mod connections;
mod requests;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use http::{Answer, HttpUrl};

use crate::{AnswerError, Exchange, ExchangeError, Method, Request, Stage, Stream, Target};

const MAX: usize = 1000;

/// The connection broke, for a reason of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Broken;

/// A server that says what it was told, piece by piece, and hears what it is sent.
#[derive(Clone, Default)]
struct Server {
    pieces: Rc<RefCell<VecDeque<Vec<u8>>>>,
    heard: Rc<RefCell<Vec<u8>>>,
    then: Rc<Cell<Then>>,
    /// Bytes that it takes before it takes none.
    takes: Rc<Cell<Option<usize>>>,
    /// The next piece is always there already.
    flows: Rc<Cell<bool>>,
    open: Rc<()>,
}

/// After the last piece.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Then {
    #[default]
    Closes,
    IsSilent,
    Breaks,
}

impl Server {
    fn says<'b>(pieces: impl IntoIterator<Item = &'b [u8]>) -> Self {
        let server = Self::default();
        server.pieces.borrow_mut().extend(pieces.into_iter().map(<[u8]>::to_vec));
        server
    }

    fn then(self, then: Then) -> Self {
        self.then.set(then);
        self
    }
}

impl Stream for Server {
    type Error = Broken;

    /// Each piece is an event of its own.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<Result<usize, Broken>> {
        let mut pieces = self.pieces.borrow_mut();
        let Some(mut piece) = pieces.pop_front() else {
            return match self.then.get() {
                Then::Closes => Poll::Ready(Ok(0)),
                Then::IsSilent => Poll::Pending,
                Then::Breaks => Poll::Ready(Err(Broken)),
            };
        };
        if piece.is_empty() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let count = piece.len().min(buffer.len());
        buffer[..count].copy_from_slice(&piece[..count]);
        if count < piece.len() {
            pieces.push_front(piece.split_off(count));
        } else if !self.flows.get() {
            pieces.push_front(Vec::new());
        }
        Poll::Ready(Ok(count))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, Broken>> {
        let mut heard = self.heard.borrow_mut();
        let left = self.takes.get().map_or(usize::MAX, |takes| takes - heard.len());
        if left == 0 {
            return Poll::Pending;
        }
        let count = bytes.len().min(left);
        heard.extend_from_slice(&bytes[..count]);
        Poll::Ready(Ok(count))
    }
}

struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

type Outcome = Result<Answer, ExchangeError<Broken>>;

/// Until it is ready, or nobody wakes it any more.
fn run(exchange: &mut Exchange<Broken>) -> Option<Outcome> {
    let bell = Arc::new(Bell(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&bell));
    let mut exchange = pin!(exchange);
    while bell.0.swap(false, Ordering::Relaxed) {
        if let Poll::Ready(outcome) = exchange.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(outcome);
        }
    }
    None
}

fn target(url: &str) -> Target {
    Target::new(&HttpUrl::parse(url).unwrap()).unwrap()
}

const POST: Request<'_> =
    Request { method: Method::Post("hi"), headers: &[], gzip: false, max_answer: MAX };

fn ask(server: &Server, request: &Request<'_>) -> Exchange<Broken> {
    Exchange::new(server.clone(), &target("http://a.example/"), request).unwrap()
}

/// All at once, then the connection is closed.
fn read(bytes: &[u8]) -> Result<Answer, AnswerError> {
    match run(&mut ask(&Server::says([bytes]), &POST)) {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(ExchangeError::Answer(error))) => Err(error),
        other => panic!("{other:?}"),
    }
}

/// Head lines without the end of the head.
fn with(lines: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{lines}\r\n{body}")
}

fn chunked(body: &str) -> String {
    with("Transfer-Encoding: chunked\r\n", body)
}
