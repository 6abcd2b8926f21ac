//! The connection to a node and the conversation on it.

use std::fmt;
use std::rc::Rc;

use ::memcached::{Command, Outcome, Pipeline, ProtocolError, PushError, Question};
use clock::{Monotonic, Msec};

use crate::event::{Address, Callback, Connection, ConnectionError, Tls, is_exiting};

/// A connection rests so long before it is closed.
const REST: Msec = Msec(60_000);
/// Bytes read at a time.
const CHUNK: usize = 16 << 10;

/// Who waits stands in the pipeline as a `T`.
pub struct Link<T> {
    connection: Option<Connection>,
    pipeline: Pipeline<T>,
    buffer: Vec<u8>,
    /// Since when nobody waits.
    resting: Monotonic,
}

/// How to connect.
pub struct Target<'a> {
    pub address: &'a Address,
    pub tls: Option<&'a Rc<Tls>>,
    /// Do not log what has been logged.
    pub quiet: bool,
    pub callback: &'a Callback,
}

/// Why a conversation ended.
#[derive(Debug)]
pub enum LinkError {
    Connection(ConnectionError),
    Protocol(ProtocolError),
    /// The oldest command's time is over; whether it was the connection that took so long.
    TimedOut {
        connecting: bool,
    },
    /// Nobody waits, and it is time to close.
    AtRest,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(error) => error.fmt(f),
            Self::Protocol(error) => error.fmt(f),
            Self::TimedOut { connecting: true } => f.write_str("connecting takes too long"),
            Self::TimedOut { connecting: false } => f.write_str("it does not answer in time"),
            Self::AtRest => f.write_str("nobody asks it"),
        }
    }
}

impl From<ConnectionError> for LinkError {
    fn from(error: ConnectionError) -> Self {
        Self::Connection(error)
    }
}

impl From<ProtocolError> for LinkError {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl<T> Default for Link<T> {
    fn default() -> Self {
        Self {
            connection: None,
            pipeline: Pipeline::default(),
            buffer: Vec::new(),
            resting: Monotonic::default(),
        }
    }
}

impl<T> Link<T> {
    /// Queues a command. It is written at the end of this turn of the event loop.
    pub fn push(
        &mut self,
        command: Command,
        deadline: Monotonic,
        ticket: T,
    ) -> Result<(), PushError> {
        self.pipeline.push(command, deadline, ticket)
    }

    /// As [`Link::push`].
    pub fn ask(
        &mut self,
        question: &Question,
        deadline: Monotonic,
        ticket: T,
    ) -> Result<(), PushError> {
        self.pipeline.ask(question, deadline, ticket)
    }

    /// Sees to it that there is a connection, and that it wakes up in time for what was pushed.
    pub fn start(&mut self, target: &Target<'_>, now: Monotonic) -> Result<(), LinkError> {
        let Some(deadline) = self.pipeline.deadline() else { return Ok(()) };
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                let Target { address, tls, quiet, callback } = *target;
                let peer = format!("memcached {}", address.name());
                let opened = Connection::open(address, tls, &peer, quiet, Rc::clone(callback))?;
                none.insert(opened)
            }
        };
        // Behind others, the timer runs for them.
        if self.pipeline.waiting() == 1 {
            connection.wait(deadline - now);
        }
        connection.call_back_soon();
        Ok(())
    }

    /// After an event: reads and writes what can be, and says who was answered.
    ///
    /// # Errors
    /// The conversation is over: take it. `answered` has those before.
    pub fn progress(
        &mut self,
        now: Monotonic,
        answered: &mut Vec<(T, Outcome)>,
    ) -> Result<(), LinkError> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let timed_out = connection.take_timeout();
        if !connection.advance()? {
            return self.check_time(now, true);
        }
        read(connection, &mut self.pipeline, &mut self.buffer, answered)?;
        write(connection, &mut self.pipeline)?;
        if self.pipeline.waiting() > 0 {
            return self.check_time(now, false);
        }
        if !answered.is_empty() {
            self.resting = now;
        }
        self.settle(now, timed_out || !answered.is_empty())
    }

    /// The oldest command governs.
    fn check_time(&mut self, now: Monotonic, connecting: bool) -> Result<(), LinkError> {
        let (Some(deadline), Some(connection)) =
            (self.pipeline.deadline(), self.connection.as_mut())
        else {
            return Ok(());
        };
        if deadline <= now {
            return Err(LinkError::TimedOut { connecting });
        }
        connection.wait(deadline - now);
        Ok(())
    }

    /// Nobody waits: rests, until it has rested for long or the worker shuts down.
    fn settle(&mut self, now: Monotonic, rearm: bool) -> Result<(), LinkError> {
        let Some(connection) = self.connection.as_mut() else { return Ok(()) };
        if is_exiting() || connection.must_close() {
            return Err(LinkError::AtRest);
        }
        if rearm {
            let left = self.resting + REST - now;
            if left == Msec(0) {
                return Err(LinkError::AtRest);
            }
            connection.rest(left);
        }
        Ok(())
    }

    /// Commands without a reply.
    pub fn waiting(&self) -> usize {
        self.pipeline.waiting()
    }
}

fn read<T>(
    connection: &mut Connection,
    pipeline: &mut Pipeline<T>,
    buffer: &mut Vec<u8>,
    answered: &mut Vec<(T, Outcome)>,
) -> Result<(), LinkError> {
    buffer.resize(CHUNK, 0);
    while let Some(count) = connection.read(buffer)? {
        pipeline.read(buffer.get(..count).unwrap_or_default(), answered)?;
    }
    Ok(())
}

fn write<T>(connection: &mut Connection, pipeline: &mut Pipeline<T>) -> Result<(), LinkError> {
    while !pipeline.output().is_empty() {
        let next = if connection.has_tls() { pipeline.record() } else { pipeline.output() };
        let Some(count) = connection.write(next)? else { break };
        pipeline.wrote(count);
    }
    Ok(())
}
