//! Why a connection ended.

use std::{fmt, io};

use openssl::x509::X509VerifyResult;

/// Said of the peer: "memcached 10.0.0.1:11211 is down: …".
#[derive(Debug)]
pub enum ConnectionError {
    /// It could not be made.
    Connect(io::Error),
    /// The peer's certificate is not accepted.
    Certificate(String),
    /// The TLS handshake failed; nginx has logged why, unless the connection is quiet.
    Handshake,
    /// The peer closed it.
    Closed,
    /// The network or the peer broke it.
    Broken,
    /// The worker shuts down and does not wait for it.
    Stopped,
    /// nginx has no memory, no socket or no connection left; it has logged which.
    Nginx,
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "connecting failed: {error}"),
            Self::Certificate(reason) => {
                write!(f, "its certificate is not accepted: {reason}")
            }
            Self::Handshake => f.write_str("the TLS handshake failed"),
            Self::Closed => f.write_str("it closed the connection"),
            Self::Broken => f.write_str("the connection broke"),
            Self::Stopped => f.write_str("nginx is shutting down"),
            Self::Nginx => f.write_str("nginx could not open a connection"),
        }
    }
}

impl std::error::Error for ConnectionError {}

impl From<X509VerifyResult> for ConnectionError {
    fn from(refused: X509VerifyResult) -> Self {
        Self::Certificate(refused.error_string().to_owned())
    }
}
