//! What several targets need: the keys that the seeds are signed with, what those signatures cover,
//! mutations that keep XML well-formed, pages as browsers read them, and an SP at work.

pub mod dom;
pub mod elements;
pub mod seeds;
pub mod sentence;
pub mod sp;
pub mod xml_mutator;

/// The SP, browsers and IdPs of the tests of `crates/sp`.
#[path = "../../crates/sp/tests/flow"]
pub mod flow {
    pub mod site;
}
