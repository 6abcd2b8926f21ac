//! The connection, as hyper sees it.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};

use crate::bounds::{MAX_HEAD, TURN};
use crate::error::ExchangeError;
use crate::progress::Progress;
use crate::stream::Stream;

/// Counts what comes, and keeps from hyper what it could not carry: errors of connections.
pub(crate) struct Wire<S: Stream> {
    stream: S,
    buffer: Box<[u8]>,
    progress: Rc<Progress<S::Error>>,
    speech: Speech,
    /// Bytes that came in this turn of the task.
    came: usize,
}

/// hyper listens before it speaks, and takes what comes then for nonsense. A server that does not wait
/// for the request is heard after it all the same, whichever comes first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speech {
    NotBegun,
    /// Not yet, and hyper waits to read.
    Awaited,
    Begun,
}

impl<S: Stream> Wire<S> {
    pub(crate) fn new(stream: S, progress: Rc<Progress<S::Error>>) -> Self {
        Self {
            stream,
            buffer: vec![0; MAX_HEAD].into(),
            progress,
            speech: Speech::NotBegun,
            came: 0,
        }
    }

    fn fail(&self, error: impl Into<ExchangeError<S::Error>>) -> io::Error {
        self.progress.fail(error.into());
        io::ErrorKind::Other.into()
    }
}

impl<S: Stream> Read for Wire<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.speech != Speech::Begun {
            this.speech = Speech::Awaited;
            return Poll::Pending;
        }
        if this.came >= TURN {
            this.came = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let room = cursor.remaining().min(this.buffer.len());
        let buffer = this.buffer.get_mut(..room).unwrap_or_default();
        let Poll::Ready(read) = this.stream.poll_read(cx, buffer) else {
            this.came = 0;
            return Poll::Pending;
        };
        match read {
            Ok(count) => {
                this.came += count;
                let bytes = this.buffer.get(..count).unwrap_or_default();
                this.progress.came(bytes).map_err(|error| this.fail(error))?;
                cursor.put_slice(bytes);
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(Err(this.fail(ExchangeError::Connection(error)))),
        }
    }
}

impl<S: Stream> Write for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.progress.sent(false);
        let written = ready!(this.stream.poll_write(cx, bytes));
        if this.speech == Speech::Awaited {
            cx.waker().wake_by_ref();
        }
        this.speech = Speech::Begun;
        Poll::Ready(written.map_err(|error| this.fail(ExchangeError::Connection(error))))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper has written all it had.
        self.progress.sent(true);
        Poll::Ready(Ok(()))
    }

    /// The connection is closed when it is dropped.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
