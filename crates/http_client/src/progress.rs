//! How far an exchange has come.

use std::cell::{Cell, RefCell};
use std::fmt;

use httparse::{EMPTY_HEADER, Response, Status};

use crate::bounds::{MAX_HEADERS, MAX_HEADS, SLACK};
use crate::error::{AnswerError, ExchangeError};

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The server takes the request.
    Sending,
    /// The head of the answer, after which its status is known.
    Head,
    /// The body of the answer.
    Body,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sending => "sending",
            Self::Head => "the answer",
            Self::Body => "the body of the answer",
        })
    }
}

/// What hyper's side and the asker's both see.
pub(crate) struct Progress<E> {
    stage: Cell<Stage>,
    status: Cell<Option<u16>>,
    /// What came before the head was whole.
    heads: RefCell<Vec<u8>>,
    /// Bytes that may still come.
    left: Cell<usize>,
    /// What hyper was told less of: it knows neither our connections nor our bounds.
    failure: RefCell<Option<ExchangeError<E>>>,
}

impl<E> Progress<E> {
    /// For an answer with a body of at most `max_body` bytes.
    pub(crate) fn new(max_body: usize) -> Self {
        Self {
            stage: Cell::new(Stage::Sending),
            status: Cell::new(None),
            heads: RefCell::default(),
            left: Cell::new(max_body.saturating_add(SLACK)),
            failure: RefCell::new(None),
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        self.stage.get()
    }

    /// As far as the answer has come, also of one that is none.
    pub(crate) fn status(&self) -> Option<u16> {
        self.status.get().or_else(|| status_at_start_of(&self.heads.borrow()))
    }

    /// The request is on its way as far as hyper has it, or not quite.
    pub(crate) fn sent(&self, all: bool) {
        if self.stage.get() != Stage::Body {
            self.stage.set(if all { Stage::Head } else { Stage::Sending });
        }
    }

    /// Bytes came from the server.
    pub(crate) fn came(&self, bytes: &[u8]) -> Result<(), AnswerError> {
        let left = self.left.get().checked_sub(bytes.len()).ok_or(AnswerError::TooLarge)?;
        self.left.set(left);
        if self.stage.get() != Stage::Body {
            let mut heads = self.heads.borrow_mut();
            heads.extend_from_slice(bytes);
            if heads.len() > MAX_HEADS {
                return Err(AnswerError::TooLarge);
            }
        }
        Ok(())
    }

    /// The head of the final answer is whole.
    pub(crate) fn head_came(&self, status: u16) {
        self.stage.set(Stage::Body);
        self.status.set(Some(status));
        self.heads.take();
    }

    pub(crate) fn fail(&self, failure: ExchangeError<E>) {
        self.failure.borrow_mut().get_or_insert(failure);
    }

    /// What really happened when hyper gave up.
    pub(crate) fn why(&self, error: hyper::Error) -> ExchangeError<E> {
        self.failure.take().unwrap_or_else(|| AnswerError::from(error).into())
    }
}

/// The final status that heads begin with, whatever follows its first line.
fn status_at_start_of(heads: &[u8]) -> Option<u16> {
    let mut rest = heads;
    loop {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut response = Response::new(&mut headers);
        // It keeps what it has understood of a head that it refuses.
        let parsed = response.parse(rest);
        match (parsed, response.code) {
            // Interim: another one follows.
            (Ok(Status::Complete(len)), Some(100..=199)) => rest = rest.get(len..)?,
            (_, code) => return code.filter(|code| (200..1000).contains(code)),
        }
    }
}
