//! Why an answer is none.

use std::fmt;

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerError {
    /// It breaks HTTP/1.1, in these words.
    Malformed(&'static str),
    /// Its head or body is larger than expected, or will be.
    TooLarge,
    /// The connection was closed in the middle.
    Truncated,
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

impl std::error::Error for AnswerError {}
