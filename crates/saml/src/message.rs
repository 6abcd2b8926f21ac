//! What all messages share, whatever they say: how they begin, how they are built, signed, encrypted.

pub mod clock;
pub mod encryption;
pub mod header;
pub mod status;
pub mod structure;
