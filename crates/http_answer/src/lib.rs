//! The answer to one HTTP/1.1 request, from its bytes as they come (RFC 9112).
//!
//! No I/O and no clock. Whoever answers is not trusted: every length has a bound, and framing that
//! two readers could read in two ways is refused, also where RFC 9112 6.3 would let it pass.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod error;
mod framing;
mod head;

pub use error::AnswerError;
use framing::{Framing, Step};
use head::Head;
pub use head::{MAX_HEAD, MAX_HEADERS};

/// Bytes that may come on top of the largest body: the head, and the sizes of chunks.
pub const SLACK: usize = 64 << 10;

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 200 to 999: an interim answer (1xx) is none.
    pub status: u16,
    /// The Content-Type as sent; `None` when there is none, or none in ASCII.
    pub content_type: Option<String>,
    /// As large as the reader allows, at most.
    pub body: Vec<u8>,
}

/// Reads one answer, piece by piece.
pub struct AnswerReader {
    stage: Stage,
    /// Bytes that came and are not used yet.
    unread: Vec<u8>,
    body: Vec<u8>,
    max_body: usize,
    /// Bytes that may still come.
    left: usize,
}

enum Stage {
    Head { interim: usize },
    Body(Head, Framing),
    Done(Head),
}

impl AnswerReader {
    /// For an answer with a body of at most `max_body` bytes, and [`SLACK`] bytes more as it is sent.
    pub fn new(max_body: usize) -> Self {
        Self {
            stage: Stage::Head { interim: 0 },
            unread: Vec::new(),
            body: Vec::new(),
            max_body,
            left: max_body.saturating_add(SLACK),
        }
    }

    /// Takes what came; true once the answer is whole. What comes after it is nobody's.
    ///
    /// # Errors
    /// It is no answer, or too large. The reader is then of no use any more.
    pub fn read(&mut self, bytes: &[u8]) -> Result<bool, AnswerError> {
        self.left = self.left.checked_sub(bytes.len()).ok_or(AnswerError::TooLarge)?;
        self.unread.extend_from_slice(bytes);
        let mut used = 0;
        while let Some(rest) = self.unread.get(used..) {
            match self.stage {
                Stage::Head { interim } => match Head::read(rest)? {
                    None => break,
                    Some((head, len)) => {
                        used += len;
                        self.stage = next_stage(head, interim + len, self.max_body)?;
                    }
                },
                Stage::Body(ref head, ref mut framing) => match framing.step(rest)? {
                    Step::More => break,
                    Step::Skip(len) => used += len,
                    Step::Body(part) => {
                        if self.body.len() + part.len() > self.max_body {
                            return Err(AnswerError::TooLarge);
                        }
                        self.body.extend_from_slice(part);
                        used += part.len();
                    }
                    Step::End => self.stage = Stage::Done(head.clone()),
                },
                Stage::Done(_) => break,
            }
        }
        self.unread.drain(..used.min(self.unread.len()));
        Ok(matches!(self.stage, Stage::Done(_)))
    }

    /// The status as far as the answer has come, also of one that is none.
    pub fn status(&self) -> Option<u16> {
        match &self.stage {
            Stage::Head { .. } => head::status_at_start_of(&self.unread),
            Stage::Body(head, _) | Stage::Done(head) => Some(head.status),
        }
    }

    /// The answer, when nothing more comes.
    ///
    /// # Errors
    /// It ends before its end.
    pub fn finish(self) -> Result<Answer, AnswerError> {
        let head = match self.stage {
            Stage::Done(head) | Stage::Body(head, Framing::UntilClose) => head,
            Stage::Body(..) | Stage::Head { .. } => return Err(AnswerError::Truncated),
        };
        Ok(Answer { status: head.status, content_type: head.content_type, body: self.body })
    }
}

/// What comes after a head; `interim` = bytes of heads so far.
fn next_stage(head: Head, interim: usize, max_body: usize) -> Result<Stage, AnswerError> {
    match head.status {
        100..=199 if interim > MAX_HEAD => Err(AnswerError::TooLarge),
        // It promises another protocol, which nobody asked for (RFC 9110 15.2.2).
        101 => Err(AnswerError::Malformed("a switch to another protocol")),
        100..=199 => Ok(Stage::Head { interim }),
        _ => Framing::of(&head, max_body).map(|framing| Stage::Body(head, framing)),
    }
}

#[cfg(test)]
mod tests;
