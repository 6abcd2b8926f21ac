//! Why another server gave no answer.

use std::fmt;

use clock::Msec;
use http_client::ExchangeError;

use crate::event::connection_error::ConnectionError;

/// Which server, why, and where it stood.
#[derive(Debug)]
pub struct HttpError {
    /// `HOST:PORT`.
    pub server: String,
    pub failure: Failure,
    /// Of an answer that ended early, or was none.
    pub status: Option<u16>,
}

#[derive(Debug)]
pub enum Failure {
    /// None of its addresses could be connected to: each with its own reason.
    Unreachable(Vec<(String, Self)>),
    /// Its name leads nowhere.
    Name(String),
    Connection(ConnectionError),
    Exchange(ExchangeError<ConnectionError>),
    /// The time is over; where it went.
    TimedOut(String, Msec),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.server, self.failure)?;
        self.status.map_or(Ok(()), |status| write!(f, " (its HTTP status is {status})"))
    }
}

impl std::error::Error for HttpError {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(failures) => write_each(f, failures),
            Self::Name(why) => f.write_str(why),
            Self::Connection(error) => error.fmt(f),
            Self::Exchange(error) => error.fmt(f),
            Self::TimedOut(what, within) => write!(f, "{what} takes longer than {within} ms"),
        }
    }
}

fn write_each(f: &mut fmt::Formatter<'_>, failures: &[(String, Failure)]) -> fmt::Result {
    match failures {
        [] => f.write_str("it has no address"),
        [(_, failure)] => write!(f, "{failure}"),
        [(address, first), others @ ..] => {
            write!(f, "{address}: {first}")?;
            others.iter().try_for_each(|(address, failure)| write!(f, ", {address}: {failure}"))
        }
    }
}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        Self::Connection(error)
    }
}

impl From<ExchangeError<ConnectionError>> for Failure {
    fn from(error: ExchangeError<ConnectionError>) -> Self {
        Self::Exchange(error)
    }
}
