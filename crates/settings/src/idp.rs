//! The parts of an IdP.

pub mod lines;
