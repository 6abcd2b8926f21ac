//! Where the body ends (RFC 9112 6.3, 7.1).

use httparse::{Status, parse_chunk_size};

use crate::error::AnswerError;
use crate::head::Head;

/// Bytes of a chunk's size with its extensions, which are ignored (RFC 9112 7.1.1).
const MAX_CHUNK_LINE: usize = 256;

/// How the rest of the body is delimited.
pub(crate) enum Framing {
    /// So many bytes are to come.
    Sized(u64),
    /// A chunk's size is next.
    ChunkSize,
    /// So many bytes of a chunk are to come, then its end of line.
    Chunk(u64),
    UntilClose,
}

/// What stands at the beginning of the bytes that came.
pub(crate) enum Step<'a> {
    /// Not enough to say.
    More,
    /// So many bytes that are not of the body.
    Skip(usize),
    /// Bytes of the body.
    Body(&'a [u8]),
    /// The body was whole before them.
    End,
}

impl Framing {
    /// The framing of the body that follows `head`, the answer to a POST.
    ///
    /// # Errors
    /// It declares more than `max_body` bytes.
    pub(crate) fn of(head: &Head, max_body: usize) -> Result<Self, AnswerError> {
        match (head.status, head.content_length) {
            // No body, whatever the header says.
            (204 | 304, _) => Ok(Self::Sized(0)),
            _ if head.is_chunked => Ok(Self::ChunkSize),
            (_, Some(length)) if length > max_body as u64 => Err(AnswerError::TooLarge),
            (_, Some(length)) => Ok(Self::Sized(length)),
            (_, None) => Ok(Self::UntilClose),
        }
    }

    /// Goes on by one step.
    pub(crate) fn step<'a>(&mut self, bytes: &'a [u8]) -> Result<Step<'a>, AnswerError> {
        match self {
            Self::Sized(0) => Ok(Step::End),
            Self::Sized(left) => Ok(part(bytes, left)),
            Self::Chunk(0) => self.chunk_end(bytes),
            Self::Chunk(left) => Ok(part(bytes, left)),
            Self::ChunkSize => self.chunk_size(bytes),
            Self::UntilClose if bytes.is_empty() => Ok(Step::More),
            Self::UntilClose => Ok(Step::Body(bytes)),
        }
    }

    fn chunk_size<'a>(&mut self, bytes: &[u8]) -> Result<Step<'a>, AnswerError> {
        const INVALID: AnswerError = AnswerError::Malformed("invalid chunk size");
        // httparse reads an empty line as the last chunk.
        if bytes.first().is_some_and(|first| !first.is_ascii_hexdigit()) {
            return Err(INVALID);
        }
        match parse_chunk_size(bytes).map_err(|_| INVALID)? {
            Status::Complete((len, _)) if len > MAX_CHUNK_LINE => Err(INVALID),
            Status::Partial if bytes.len() > MAX_CHUNK_LINE => Err(INVALID),
            Status::Partial => Ok(Step::More),
            // The last chunk; trailer fields are nothing to us.
            Status::Complete((len, 0)) => {
                *self = Self::Sized(0);
                Ok(Step::Skip(len))
            }
            Status::Complete((len, size)) => {
                *self = Self::Chunk(size);
                Ok(Step::Skip(len))
            }
        }
    }

    fn chunk_end<'a>(&mut self, bytes: &[u8]) -> Result<Step<'a>, AnswerError> {
        match bytes {
            [] | [b'\r'] => Ok(Step::More),
            [b'\r', b'\n', ..] => {
                *self = Self::ChunkSize;
                Ok(Step::Skip(2))
            }
            _ => Err(AnswerError::Malformed("a chunk that does not end where it said")),
        }
    }
}

/// What is there of the bytes to come.
fn part<'a>(bytes: &'a [u8], left: &mut u64) -> Step<'a> {
    let len = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
    match bytes.split_at_checked(len) {
        Some((part, _)) if len > 0 => {
            *left -= len as u64;
            Step::Body(part)
        }
        _ => Step::More,
    }
}
