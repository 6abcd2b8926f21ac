//! The body of an answer as it comes: never more than its bound, its coding undone.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;

use crate::error::AnswerError;
use crate::framing::Coding;

/// A body under way.
pub(crate) enum Body {
    Identity(Bounded),
    Gzip(Box<MultiGzDecoder<Bounded>>),
}

/// Octets, up to so many.
pub(crate) struct Bounded {
    octets: Vec<u8>,
    max: usize,
    /// There were more.
    overflown: bool,
}

impl Body {
    /// An empty one, to hold at most `max` bytes after its coding was undone.
    pub(crate) fn new(coding: Coding, max: usize) -> Self {
        let room = Bounded { octets: Vec::new(), max, overflown: false };
        match coding {
            Coding::Identity => Self::Identity(room),
            Coding::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(room))),
        }
    }

    /// Its next part.
    ///
    /// # Errors
    /// It is larger than its bound, or not in its coding.
    pub(crate) fn push(&mut self, part: &[u8]) -> Result<(), AnswerError> {
        let pushed = match self {
            Self::Identity(room) => room.write_all(part),
            Self::Gzip(decoder) => decoder.write_all(part),
        };
        pushed.map_err(|_| self.why())
    }

    /// All of it.
    ///
    /// # Errors
    /// Its coding ends early.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, AnswerError> {
        if let Self::Gzip(decoder) = &mut self
            && decoder.try_finish().is_err()
        {
            return Err(self.why());
        }
        Ok(match self {
            Self::Identity(mut room) => std::mem::take(&mut room.octets),
            Self::Gzip(mut decoder) => std::mem::take(&mut decoder.get_mut().octets),
        })
    }

    fn why(&self) -> AnswerError {
        match self {
            Self::Gzip(decoder) if !decoder.get_ref().overflown => {
                AnswerError::malformed("a body that is not in gzip, or not whole")
            }
            _ => AnswerError::TooLarge,
        }
    }
}

impl Write for Bounded {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if self.octets.len() + part.len() > self.max {
            self.overflown = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.octets.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
