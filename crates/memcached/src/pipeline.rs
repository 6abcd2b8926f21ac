//! One connection's conversation: commands go out in order, replies come back in the same order.

use std::collections::VecDeque;
use std::fmt;

use clock::Monotonic;

use crate::command::Command;
use crate::question::Question;
use crate::reply::{Decoder, MAX_VALUE, Outcome, ProtocolError, Reply};

/// Commands that may wait for their reply at a time.
pub const MAX_WAITING: usize = 4096;
/// Bytes that may wait to be written.
pub const MAX_OUTPUT: usize = 8 << 20;

/// The most plain bytes that one TLS record carries (RFC 8446 5.1), and memcached reads at a time.
const RECORD: usize = 16 << 10;

/// What an empty output buffer may keep.
const SPARE: usize = 64 << 10;

/// A ticket `T` stands for whoever waits for the reply. Later commands have later deadlines.
#[derive(Debug)]
pub struct Pipeline<T> {
    output: Vec<u8>,
    /// How much of `output` has been written.
    written: usize,
    /// What is left to write of each command.
    unwritten: VecDeque<usize>,
    /// Of the first of these, a part has been written.
    begun: bool,
    waiting: VecDeque<Waiting<T>>,
    decoder: Decoder,
    next_opaque: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    /// What the reply must bear; a no-op's bears nothing.
    opaque: Option<u64>,
    deadline: Monotonic,
    ticket: T,
}

/// Why a command was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushError {
    /// [`MAX_WAITING`] commands wait, or [`MAX_OUTPUT`] bytes.
    Full,
    /// The value is longer than [`MAX_VALUE`].
    TooLarge,
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "too many commands wait for a reply",
            Self::TooLarge => "the value is longer than 1 MiB",
        })
    }
}

impl std::error::Error for PushError {}

impl<T> Default for Pipeline<T> {
    fn default() -> Self {
        Self {
            output: Vec::new(),
            written: 0,
            unwritten: VecDeque::new(),
            begun: false,
            waiting: VecDeque::new(),
            decoder: Decoder::default(),
            next_opaque: 1,
        }
    }
}

impl<T> Pipeline<T> {
    /// Queues a command.
    ///
    /// # Errors
    /// The command was not queued; the ticket is dropped.
    pub fn push(
        &mut self,
        command: Command,
        deadline: Monotonic,
        ticket: T,
    ) -> Result<(), PushError> {
        if command.value_len > MAX_VALUE {
            return Err(PushError::TooLarge);
        }
        self.has_room_for(command.value_len)?;
        let opaque = (!command.is_noop()).then_some(self.next_opaque);
        let before = self.output.len();
        self.encode(command, opaque)?;
        self.queued(before, Waiting { opaque, deadline, ticket });
        Ok(())
    }

    /// Queues a command whose text is at hand.
    ///
    /// # Errors
    /// As [`Pipeline::push`].
    pub fn ask(
        &mut self,
        question: &Question,
        deadline: Monotonic,
        ticket: T,
    ) -> Result<(), PushError> {
        self.has_room_for(0)?;
        let before = self.output.len();
        self.output.extend_from_slice(question.as_text());
        self.output.extend_from_slice(b" O");
        self.output.extend_from_slice(itoa::Buffer::new().format(self.next_opaque).as_bytes());
        self.output.extend_from_slice(b"\r\n");
        let opaque = Some(self.next_opaque);
        self.queued(before, Waiting { opaque, deadline, ticket });
        Ok(())
    }

    fn has_room_for(&self, value_len: usize) -> Result<(), PushError> {
        let is_full =
            self.waiting.len() >= MAX_WAITING || self.output().len() + value_len > MAX_OUTPUT;
        if is_full { Err(PushError::Full) } else { Ok(()) }
    }

    /// What stands in the output from `before` on waits for its reply.
    fn queued(&mut self, before: usize, waiting: Waiting<T>) {
        self.next_opaque += 1;
        self.unwritten.push_back(self.output.len() - before);
        self.waiting.push_back(waiting);
    }

    fn encode(&mut self, command: Command, opaque: Option<u64>) -> Result<(), PushError> {
        let command = match opaque {
            Some(opaque) => command.flag(format!("O{opaque}")),
            None => command,
        };
        let before = self.output.len();
        // The codec refuses keys over 250 bytes, which `Key` never has.
        command.meta.encode_into(&mut self.output).map_err(|_| {
            self.output.truncate(before);
            PushError::TooLarge
        })
    }

    /// What is to be written.
    pub fn output(&self) -> &[u8] {
        self.output.get(self.written..).unwrap_or_default()
    }

    /// The part of the output that makes the next TLS record: it ends where a command does.
    ///
    /// memcached (1.6.18 for one) reads what fits into its buffer and then waits for the socket,
    /// though its TLS library holds the rest of the record: with commands cut anywhere, the last
    /// ones of a burst are not answered until more comes.
    pub fn record(&self) -> &[u8] {
        let mut len = 0;
        for (place, command) in self.unwritten.iter().enumerate() {
            // A value that did not fit in a record ends in one of its own, for the same reason.
            if len + command > RECORD || (self.begun && place > 0) {
                break;
            }
            len += command;
        }
        let len = if len == 0 { RECORD } else { len };
        let output = self.output();
        output.get(..len).unwrap_or(output)
    }

    /// Says that the first `count` bytes of the output have been written.
    pub fn wrote(&mut self, count: usize) {
        self.forget_written(count);
        self.written += count;
        if self.written >= self.output.len() {
            self.output.clear();
            self.output.shrink_to(SPARE);
            self.written = 0;
        } else if self.written > SPARE {
            self.output.drain(..self.written);
            self.written = 0;
        }
    }

    fn forget_written(&mut self, mut count: usize) {
        while let Some(first) = self.unwritten.front_mut() {
            if count < *first {
                *first -= count;
                self.begun |= count > 0;
                return;
            }
            count -= *first;
            self.begun = false;
            self.unwritten.pop_front();
        }
    }

    /// Takes bytes from the node, and appends to `answered` whoever they answer.
    ///
    /// # Errors
    /// The conversation is lost: drop the connection and the pipeline. `answered` has those before.
    pub fn read(
        &mut self,
        chunk: &[u8],
        answered: &mut Vec<(T, Outcome)>,
    ) -> Result<(), ProtocolError> {
        self.decoder.feed(chunk);
        while let Some(reply) = self.decoder.next_reply()? {
            let oldest = self.waiting.front().ok_or(ProtocolError::Unasked)?;
            if !answers(&reply, oldest.opaque) {
                return Err(ProtocolError::WrongOpaque);
            }
            if let Some(oldest) = self.waiting.pop_front() {
                answered.push((oldest.ticket, reply.outcome));
            }
        }
        if self.waiting.is_empty() && self.decoder.pending() > 0 {
            return Err(ProtocolError::Unasked);
        }
        Ok(())
    }

    /// When the oldest command's time is over.
    pub fn deadline(&self) -> Option<Monotonic> {
        self.waiting.front().map(|oldest| oldest.deadline)
    }

    /// Commands without a reply.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

/// Errors bear no token. Should one be out of place, the next reply's token tells.
fn answers(reply: &Reply, opaque: Option<u64>) -> bool {
    match &reply.outcome {
        Outcome::Failed(_) => reply.opaque.is_none(),
        Outcome::Alive => opaque.is_none() && reply.opaque.is_none(),
        _ => opaque.is_some() && reply.opaque == opaque,
    }
}

#[cfg(test)]
mod tests;
