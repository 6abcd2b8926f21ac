//! How large an answer may be, besides its body.

/// Bytes of status line and header fields. hyper reads so many at a time, too.
pub const MAX_HEAD: usize = 16 << 10;
/// Header fields.
pub const MAX_HEADERS: usize = 100;
/// Bytes until the head of the final answer is whole: heads of interim answers, itself, and what came
/// together with its end.
pub(crate) const MAX_HEADS: usize = 3 * MAX_HEAD;
/// Bytes that may come on top of the largest body: heads, and the sizes of chunks.
pub const SLACK: usize = 64 << 10;
/// Bytes that are read before others have their turn.
pub(crate) const TURN: usize = 64 << 10;
