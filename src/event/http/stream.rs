//! A connection of nginx's, for a task: what is not ready wakes it.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use http_client::Stream;

use super::bell::Bell;
use crate::event::address::Address;
use crate::event::connection::{Connection, Stage};
use crate::event::connection_error::ConnectionError;
use crate::event::tls::Tls;

/// Closed when dropped.
pub struct HttpStream {
    connection: Connection,
    bell: Rc<Bell>,
}

impl HttpStream {
    /// Begins to connect to `server`, at one of its addresses.
    ///
    /// # Errors
    /// It failed at once.
    pub fn open(
        address: &Address,
        tls: Option<&Rc<Tls>>,
        server: &str,
    ) -> Result<Self, ConnectionError> {
        let bell = Rc::new(Bell::default());
        let peer = format!("the server {server}");
        let connection = Connection::open(address, tls, &peer, false, bell.callback())?;
        Ok(Self { connection, bell })
    }

    /// Waits until the server has taken the connection.
    pub async fn connected(&mut self) -> Result<(), ConnectionError> {
        poll_fn(|cx| self.poll_stage(cx, Stage::Handshaking)).await
    }

    /// Waits until it can be used.
    pub async fn secured(&mut self) -> Result<(), ConnectionError> {
        poll_fn(|cx| self.poll_stage(cx, Stage::Ready)).await
    }

    /// From now on a worker that shuts down closes it.
    pub fn rest(&mut self) {
        self.connection.set_idle(true);
    }

    fn poll_stage(&mut self, cx: &Context<'_>, stage: Stage) -> Poll<Result<(), ConnectionError>> {
        self.check_open()?;
        self.connection.advance()?;
        if self.connection.stage() >= stage {
            return Poll::Ready(Ok(()));
        }
        self.bell.wakes(cx.waker());
        Poll::Pending
    }

    fn poll_count(
        &self,
        cx: &Context<'_>,
        count: Option<usize>,
    ) -> Poll<Result<usize, ConnectionError>> {
        if let Some(count) = count {
            return Poll::Ready(Ok(count));
        }
        self.bell.wakes(cx.waker());
        Poll::Pending
    }

    fn check_open(&self) -> Result<(), ConnectionError> {
        if self.connection.must_close() { Err(ConnectionError::Stopped) } else { Ok(()) }
    }
}

impl Stream for HttpStream {
    type Error = ConnectionError;

    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<Result<usize, ConnectionError>> {
        self.check_open()?;
        match self.connection.read(buffer) {
            Ok(count) => self.poll_count(cx, count),
            Err(ConnectionError::Closed) => Poll::Ready(Ok(0)),
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize, ConnectionError>> {
        self.check_open()?;
        let count = self.connection.write(bytes)?;
        self.poll_count(cx, count)
    }
}
