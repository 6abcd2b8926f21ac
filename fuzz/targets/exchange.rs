//! The answer of a server that is not trusted: never a panic, never more of it than asked for, and the
//! same however the stream is cut.
#![no_main]

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use http::{Answer, HttpUrl};
use http_client::{Exchange, ExchangeError, Method, Request, Stream, Target};
use libfuzzer_sys::fuzz_target;

const MAX_ANSWER: usize = 4096;

fuzz_target!(|input: &[u8]| {
    let [gzip, cut, stream @ ..] = input else { return };
    let whole = ask(stream, stream.len().max(1), gzip % 2 == 1);
    let cut = ask(stream, usize::from(*cut) + 1, gzip % 2 == 1);
    match (&whole, &cut) {
        (Ok(whole), Ok(cut)) => assert_eq!(whole, cut),
        // Which of its mistakes is found first is up to the cut.
        (whole, cut) => assert!(whole.is_err() && cut.is_err(), "{whole:?} {cut:?}"),
    }
    if let Ok(answer) = whole {
        assert!(answer.status >= 200 && answer.body.len() <= MAX_ANSWER);
    }
});

/// `stream` comes in pieces of `cut` octets, and ends.
fn ask(stream: &[u8], cut: usize, gzip: bool) -> Result<Answer, ExchangeError<Infallible>> {
    let url = HttpUrl::parse("http://a.example/").expect("a URL");
    let target = Target::new(&url).expect("a target");
    let request =
        Request { method: Method::Post("hi"), headers: &[], gzip, max_answer: MAX_ANSWER };
    let server = Server { stream: stream.to_vec(), at: 0, cut, waits: false };
    let mut exchange = Exchange::new(server, &target, &request).expect("a request");
    let mut context = Context::from_waker(Waker::noop());
    // Each piece is a turn, and hyper has a few of its own.
    for _ in 0..4 * stream.len() + 16 {
        if let Poll::Ready(outcome) = Pin::new(&mut exchange).poll(&mut context) {
            return outcome;
        }
    }
    panic!("no end: {:?}", exchange.stage())
}

struct Server {
    stream: Vec<u8>,
    at: usize,
    cut: usize,
    /// For the next event.
    waits: bool,
}

impl Stream for Server {
    type Error = Infallible;

    fn poll_read(
        &mut self,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<Result<usize, Infallible>> {
        self.waits = !self.waits;
        if !self.waits {
            return Poll::Pending;
        }
        let rest = &self.stream[self.at..];
        let count = rest.len().min(self.cut).min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Poll::Ready(Ok(count))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, Infallible>> {
        Poll::Ready(Ok(bytes.len()))
    }
}
