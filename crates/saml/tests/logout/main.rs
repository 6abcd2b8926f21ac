//! Taking logout messages: every rule with what passes, what it refuses, and the code it refuses with.

mod idp;
#[path = "../response/key.rs"]
#[allow(dead_code, reason = "shared with the tests on Responses, which need all of it")]
mod key;
mod request;
mod response;
#[path = "../response/seal.rs"]
#[allow(dead_code, reason = "shared with the tests on Responses, which need all of it")]
mod seal;
mod transport;
mod wrapping;
