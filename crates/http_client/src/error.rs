//! Why there is no answer.

use std::error::Error;
use std::{fmt, io};

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerError {
    /// It breaks HTTP/1.1, in these words, which are none of the server's.
    Malformed(String),
    /// Its head or body is larger than expected, or will be.
    TooLarge,
    /// The connection was closed in the middle.
    Truncated,
}

impl AnswerError {
    pub(crate) fn malformed(what: &str) -> Self {
        Self::Malformed(what.to_owned())
    }
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "its answer is no HTTP/1.1: {what}"),
            Self::TooLarge => f.write_str("its answer is too large"),
            Self::Truncated => f.write_str("it closed the connection before its answer was whole"),
        }
    }
}

impl Error for AnswerError {}

impl From<hyper::Error> for AnswerError {
    fn from(error: hyper::Error) -> Self {
        let innermost = innermost(&error);
        let ended = innermost
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof);
        if error.is_incomplete_message() || ended {
            return Self::Truncated;
        }
        Self::Malformed(innermost.to_string())
    }
}

/// The one that says most.
fn innermost<'e>(error: &'e (dyn Error + 'static)) -> &'e (dyn Error + 'static) {
    let mut innermost = error;
    while let Some(source) = innermost.source()
        // What an io::Error wraps says no more, and hides its kind.
        && !innermost.is::<io::Error>()
    {
        innermost = source;
    }
    innermost
}

/// Why an exchange came to nothing; `E` is what connections break by.
#[derive(Debug, PartialEq, Eq)]
pub enum ExchangeError<E> {
    /// The request has a header field that HTTP cannot say.
    Request(String),
    /// The connection broke.
    Connection(E),
    /// What came is no answer.
    Answer(AnswerError),
}

impl<E: fmt::Display> fmt::Display for ExchangeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(what) => write!(f, "the request cannot be sent: {what}"),
            Self::Connection(error) => error.fmt(f),
            Self::Answer(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for ExchangeError<E> {}

impl<E> From<AnswerError> for ExchangeError<E> {
    fn from(error: AnswerError) -> Self {
        Self::Answer(error)
    }
}
