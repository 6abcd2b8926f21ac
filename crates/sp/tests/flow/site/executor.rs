//! Runs futures that wait for nothing outside of a test.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Turns of a future that somebody lets wait; who takes more waits for ever.
const MOST_TURNS: usize = 16;

/// What the future comes to.
pub fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..MOST_TURNS {
        if let Poll::Ready(output) = turn(future.as_mut()) {
            return output;
        }
    }
    panic!("it waits for what never comes");
}

/// As far as the future gets at once.
pub fn turn<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Lets the others have their turn, as what waits for a network does.
pub async fn wait() {
    let mut has_waited = false;
    std::future::poll_fn(|_| match std::mem::replace(&mut has_waited, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}
