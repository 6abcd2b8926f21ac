//! Replies, read from bytes as they come in. The peer is not trusted: whatever it sends, memory
//! stays bounded and nothing is guessed.

use std::fmt;

use clock::Seconds;
use memcache::exp::{Error, MetaResponse, ReturnCode, parse_meta_result};

/// The longest first line of a reply, in bytes; ours have about 40.
pub const MAX_HEADER: usize = 2048;
/// The longest value, in bytes: memcached's own limit for an item unless `-I` moves it.
pub const MAX_VALUE: usize = 1 << 20;

/// What a buffer may keep when it is empty.
const SPARE: usize = 64 << 10;
/// How much of the peer's own words gets into a log line.
const MAX_QUOTE: usize = 160;

/// One reply, and the token of the command that it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// `O`: as sent with the command; `None` in an error and in the answer to a no-op.
    pub opaque: Option<u64>,
    /// What it says.
    pub outcome: Outcome,
}

/// What a node answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `VA`: there it is.
    Item(Item),
    /// `HD`: done.
    Done,
    /// `HD`: there it is, and this is its mark, which was all that the command asked for.
    Marked(Marked),
    /// `EN`: nothing to get.
    Miss,
    /// `NS`: not stored, since there is one.
    NotStored,
    /// `EX`: not done, it changed since it was read.
    Changed,
    /// `NF`: nothing to swap or delete.
    NotFound,
    /// `MN`: the answer to a no-op.
    Alive,
    /// `SERVER_ERROR`: this command failed, in the node's words made printable. The connection
    /// goes on.
    Failed(String),
}

/// A stored value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// As stored.
    pub value: Vec<u8>,
    /// How long it still lives; `None` = for ever.
    pub ttl: Option<Seconds>,
    /// What changes with the value, if the command asked for it.
    pub cas: Option<u64>,
    /// What the value was marked with; 0 = with nothing.
    pub mark: u32,
}

/// What is known of a value that was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marked {
    /// What it was marked with; 0 = with nothing.
    pub mark: u32,
    /// How long it still lives; `None` = for ever.
    pub ttl: Option<Seconds>,
}

impl Item {
    /// Whether the node compares and swaps; the command must have asked for `cas`. One that was
    /// started with `-C` answers 0, which no item of others has.
    pub fn has_cas(&self) -> bool {
        self.cas.is_some_and(|cas| cas != 0)
    }
}

/// Why a connection cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// A first line longer than [`MAX_HEADER`].
    HeaderTooLong,
    /// A value longer than [`MAX_VALUE`].
    ValueTooLong,
    /// Not a reply of the meta protocol, quoted in printable characters.
    Malformed(String),
    /// `ERROR` or `CLIENT_ERROR`: the node did not understand, so what follows is uncertain.
    Rejected(String),
    /// A reply to another command than the oldest.
    WrongOpaque,
    /// A reply to nothing.
    Unasked,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeaderTooLong => f.write_str("it sent an endless line"),
            Self::ValueTooLong => f.write_str("it sent a value longer than 1 MiB"),
            Self::Malformed(quote) => {
                write!(f, "it sent \"{quote}\", which is not memcached's meta protocol")
            }
            Self::Rejected(quote) => {
                write!(f, "it rejected a command: \"{quote}\"; it must be memcached 1.6 or later")
            }
            Self::WrongOpaque => f.write_str("it answered another command than the next"),
            Self::Unasked => f.write_str("it sent a reply to nothing"),
        }
    }
}

impl std::error::Error for ProtocolError {}

/// Cuts a stream into replies. After an error the stream is lost.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Where the next reply begins.
    start: usize,
}

impl Decoder {
    /// Takes more of the stream. Memory stays bounded when [`Decoder::next_reply`] is called until
    /// it gives `None` after each chunk.
    pub fn feed(&mut self, chunk: &[u8]) {
        self.buffer.drain(..self.start.min(self.buffer.len()));
        self.start = 0;
        if self.buffer.is_empty() {
            self.buffer.shrink_to(SPARE);
        }
        self.buffer.extend_from_slice(chunk);
    }

    /// The next whole reply; `None` = more bytes are needed.
    ///
    /// # Errors
    /// The stream is not one of replies.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, ProtocolError> {
        let unread = self.buffer.get(self.start..).unwrap_or_default();
        let Some((line, rest)) = first_line(unread)? else { return Ok(None) };
        let header = match marked(line) {
            Some(header) => header,
            None => Header::parse(line)?,
        };
        let (value, rest) = match header.value_len {
            None => (None, rest),
            Some(len) => {
                let Some((value, rest)) = data_block(rest, len)? else { return Ok(None) };
                (Some(value.to_vec()), rest)
            }
        };
        self.start = self.buffer.len() - rest.len();
        Ok(Some(header.reply(value)))
    }

    /// Bytes of a reply that is not whole yet.
    pub fn pending(&self) -> usize {
        self.buffer.len().saturating_sub(self.start)
    }
}

/// A part without its CRLF, and what follows it; `None` = not all there.
type Cut<'a> = Option<(&'a [u8], &'a [u8])>;

fn first_line(bytes: &[u8]) -> Result<Cut<'_>, ProtocolError> {
    let head = bytes.get(..MAX_HEADER).unwrap_or(bytes);
    let Some(end) = memchr::memchr(b'\n', head) else {
        return if bytes.len() < MAX_HEADER { Ok(None) } else { Err(ProtocolError::HeaderTooLong) };
    };
    let (line, rest) = bytes.split_at_checked(end + 1).unwrap_or_default();
    let line = line.strip_suffix(b"\r\n").ok_or_else(|| malformed(line))?;
    Ok(Some((line, rest)))
}

fn data_block(bytes: &[u8], len: usize) -> Result<Cut<'_>, ProtocolError> {
    let Some((block, rest)) = bytes.split_at_checked(len + 2) else { return Ok(None) };
    let value = block.strip_suffix(b"\r\n");
    value.map(|value| Some((value, rest))).ok_or_else(|| malformed(b"a value without its end"))
}

struct Header {
    opaque: Option<u64>,
    /// Without the value.
    outcome: Outcome,
    value_len: Option<usize>,
}

impl Header {
    fn parse(line: &[u8]) -> Result<Self, ProtocolError> {
        let response = match MetaResponse::parse_header(line) {
            Ok(response) => response,
            Err(Error::Server(words)) => {
                let outcome = Outcome::Failed(quote(words.as_bytes()));
                return Ok(Self { opaque: None, outcome, value_len: None });
            }
            Err(Error::Rejected(words)) => {
                return Err(ProtocolError::Rejected(quote(words.as_bytes())));
            }
            Err(_) => return Err(malformed(line)),
        };
        let result = parse_meta_result(response).map_err(|_| malformed(line))?;
        let mut value_len = None;
        let ttl = result.ttl.filter(|ttl| *ttl >= 0).map(Seconds);
        let outcome = match result.rc {
            ReturnCode::Va => {
                value_len = Some(announced_len(line)?);
                let mark = result.client_flags.unwrap_or(0);
                Outcome::Item(Item { value: Vec::new(), ttl, cas: result.cas, mark })
            }
            ReturnCode::Hd => match result.client_flags {
                Some(mark) => Outcome::Marked(Marked { mark, ttl }),
                None => Outcome::Done,
            },
            ReturnCode::En => Outcome::Miss,
            ReturnCode::Ns => Outcome::NotStored,
            ReturnCode::Ex => Outcome::Changed,
            ReturnCode::Nf => Outcome::NotFound,
            ReturnCode::Mn => Outcome::Alive,
            _ => return Err(malformed(line)),
        };
        let opaque = result.opaque.map(|token| number(&token).ok_or_else(|| malformed(line)));
        Ok(Self { opaque: opaque.transpose()?, outcome, value_len })
    }

    fn reply(self, value: Option<Vec<u8>>) -> Reply {
        let outcome = match (self.outcome, value) {
            (Outcome::Item(item), Some(value)) => Outcome::Item(Item { value, ..item }),
            (outcome, _) => outcome,
        };
        Reply { opaque: self.opaque, outcome }
    }
}

/// The length after `VA`, which the codec reads too but does not tell.
fn announced_len(line: &[u8]) -> Result<usize, ProtocolError> {
    let token = line.split(|b| *b == b' ').filter(|token| !token.is_empty()).nth(1);
    let len = token.and_then(number).ok_or_else(|| malformed(line))?;
    match usize::try_from(len) {
        Ok(len) if len <= MAX_VALUE => Ok(len),
        _ => Err(ProtocolError::ValueTooLong),
    }
}

/// The reply to a question for a mark, which each request may ask: the codec would make a vector of each of its parts.
/// `None` = any other, or written otherwise.
fn marked(line: &[u8]) -> Option<Header> {
    let mut parts = line.strip_prefix(b"HD f")?.split(|b| *b == b' ');
    let mark = number(parts.next()?)?.try_into().ok()?;
    let ttl = match parts.next()?.strip_prefix(b"t")? {
        b"-1" => None,
        left => Some(Seconds(number(left)?.try_into().ok()?)),
    };
    let opaque = Some(number(parts.next()?.strip_prefix(b"O")?)?);
    let outcome = Outcome::Marked(Marked { mark, ttl });
    parts.next().is_none().then_some(Header { opaque, outcome, value_len: None })
}

/// Digits and nothing else.
fn number(token: &[u8]) -> Option<u64> {
    let (first, others) = token.split_first()?;
    others
        .iter()
        .try_fold(digit(*first)?, |number, next| number.checked_mul(10)?.checked_add(digit(*next)?))
}

fn digit(byte: u8) -> Option<u64> {
    byte.is_ascii_digit().then(|| u64::from(byte - b'0'))
}

fn malformed(line: &[u8]) -> ProtocolError {
    ProtocolError::Malformed(quote(line))
}

/// The peer's words, fit for a log.
fn quote(words: &[u8]) -> String {
    let words = words.get(..MAX_QUOTE).unwrap_or(words);
    words.trim_ascii().escape_ascii().to_string()
}

#[cfg(test)]
mod tests;
