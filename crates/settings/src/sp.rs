//! The parts of an SP.

pub mod cookies;
pub mod credential;
pub mod endpoints;
pub mod publication;
pub mod return_targets;
pub mod session_rules;
