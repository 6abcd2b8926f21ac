//! A connection, as an exchange needs it.

use std::task::{Context, Poll};

/// Bytes to and from the server. What is pending wakes the task of the context.
pub trait Stream: Unpin {
    /// Why it broke.
    type Error;

    /// Reads into a buffer that is not empty; 0 = the end.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<Result<usize, Self::Error>>;

    /// Takes some of the bytes, which are not empty: how many.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize, Self::Error>>;
}
