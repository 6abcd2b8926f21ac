//! What several targets need: the keys that the seeds are signed with, what those signatures cover,
//! and mutations that keep XML well-formed.

pub mod elements;
pub mod seeds;
pub mod sp;
pub mod xml_mutator;
