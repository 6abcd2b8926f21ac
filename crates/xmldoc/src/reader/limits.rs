//! Bounds on a document.
use crate::GateError;

/// Bounds on a document.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes.
    pub bytes: usize,
    /// Element depth.
    pub depth: usize,
    /// Elements.
    pub elements: usize,
    /// Attributes (namespace declarations included) on one element.
    pub attributes: usize,
}

impl Limits {
    /// Are so many bytes few enough?
    pub(crate) fn hold(&self, bytes: usize) -> Result<(), GateError> {
        if bytes > self.bytes {
            return Err(GateError::TooLarge { bytes, limit: self.bytes });
        }
        Ok(())
    }

    /// For what has passed the gate before, or is our own.
    pub(crate) const NONE: Self =
        Self { bytes: usize::MAX, depth: usize::MAX, elements: usize::MAX, attributes: usize::MAX };
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 256 * 1024, depth: 64, elements: 10_000, attributes: 64 }
    }
}
