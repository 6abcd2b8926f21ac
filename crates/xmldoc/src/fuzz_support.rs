//! What the fuzz targets compare libxml2 with.
use crate::{Element, GateError, element};

/// Reads a document as the digested bytes of a signature are read.
pub fn read(bytes: &[u8]) -> Result<Element, GateError> {
    element::from_canonical(bytes)
}
