//! Status line and header fields (RFC 9112 4, 5).

use httparse::{EMPTY_HEADER, Error, Header, Response, Status};

use crate::error::AnswerError;

/// Bytes of status line and header fields.
pub const MAX_HEAD: usize = 16 << 10;
/// Header fields.
pub const MAX_HEADERS: usize = 100;

/// What matters of it here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub status: u16,
    pub content_type: Option<String>,
    pub content_length: Option<u64>,
    pub is_chunked: bool,
}

impl Head {
    /// The head at the beginning of `bytes`, with its length; `None` = it has not come whole.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, AnswerError> {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut response = Response::new(&mut headers);
        match response.parse(bytes).map_err(explain)? {
            Status::Complete(len) if len <= MAX_HEAD => Self::of(&response).map(|h| Some((h, len))),
            Status::Partial if bytes.len() <= MAX_HEAD => Ok(None),
            _ => Err(AnswerError::TooLarge),
        }
    }

    fn of(response: &Response<'_, '_>) -> Result<Self, AnswerError> {
        let status = response.code.filter(|code| (100..1000).contains(code));
        let status = status.ok_or(AnswerError::Malformed("invalid status"))?;
        let mut head = Self { status, content_type: None, content_length: None, is_chunked: false };
        for header in response.headers.iter() {
            head.take(header)?;
        }
        if head.is_chunked && head.content_length.is_some() {
            return Err(AnswerError::Malformed("both Content-Length and Transfer-Encoding"));
        }
        if head.is_chunked && response.version == Some(0) {
            return Err(AnswerError::Malformed("Transfer-Encoding in HTTP/1.0"));
        }
        Ok(head)
    }

    fn take(&mut self, header: &Header<'_>) -> Result<(), AnswerError> {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("Content-Length") {
            let length = length(header.value)?;
            if self.content_length.replace(length).is_some_and(|other| other != length) {
                return Err(AnswerError::Malformed("two Content-Lengths that differ"));
            }
        } else if is("Transfer-Encoding") {
            if self.is_chunked || !header.value.eq_ignore_ascii_case(b"chunked") {
                return Err(AnswerError::Malformed("a Transfer-Encoding other than chunked"));
            }
            self.is_chunked = true;
        } else if is("Content-Encoding") {
            if !header.value.eq_ignore_ascii_case(b"identity") {
                return Err(AnswerError::Malformed("a Content-Encoding that nobody asked for"));
            }
        } else if is("Content-Type") {
            let value = std::str::from_utf8(header.value).ok().filter(|value| value.is_ascii());
            self.content_type = value.map(str::to_owned);
        }
        Ok(())
    }
}

/// The final status that a head begins with, whatever follows its first line.
pub(crate) fn status_at_start_of(bytes: &[u8]) -> Option<u16> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut response = Response::new(&mut headers);
    // It keeps what it has understood of a head that it refuses.
    let _ = response.parse(bytes);
    response.code.filter(|code| (200..1000).contains(code))
}

/// Digits only; `parse` alone would take a sign.
fn length(value: &[u8]) -> Result<u64, AnswerError> {
    let digits = std::str::from_utf8(value).ok().filter(|v| v.bytes().all(|b| b.is_ascii_digit()));
    let length = digits.and_then(|digits| digits.parse().ok());
    length.ok_or(AnswerError::Malformed("invalid Content-Length"))
}

fn explain(error: Error) -> AnswerError {
    match error {
        Error::HeaderName => AnswerError::Malformed("invalid header name"),
        Error::HeaderValue => AnswerError::Malformed("invalid header value"),
        Error::NewLine => AnswerError::Malformed("invalid end of line"),
        Error::Status => AnswerError::Malformed("invalid status"),
        Error::Token => AnswerError::Malformed("invalid token"),
        Error::TooManyHeaders => AnswerError::TooLarge,
        Error::Version => AnswerError::Malformed("another protocol or version"),
    }
}
