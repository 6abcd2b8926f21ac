//! Many hosts and many memcacheds in one process, by a simulated clock.
//!
//! What is simulated is the world around the store: time, the network, memcached. The store itself is the
//! module's own: `src/sessions.rs`, `src/store.rs` and all below them are compiled here once more, and find
//! under the names of nginx's bindings what this crate has in their place. So a change of the store changes
//! what `docs/scale.md` says, and nothing has to be kept alike by hand.

// The module's files ask for these by name.
extern crate self as nginx_sys;
extern crate self as ngx;
extern crate self as openssl;
extern crate self as sp;

pub mod clock;
pub mod counters;
pub mod event;
pub mod farm;
pub mod guard;
pub mod histories;
pub mod login;
pub mod logouts;
mod nginx;
pub mod node;
pub mod operations;
pub mod outage;
pub mod path;
pub mod rand;
pub mod random;
pub mod shared_memory;
pub mod storm;
pub mod traffic;
pub mod turns;
pub mod visits;
pub mod world;

/// The module's own files.
#[allow(clippy::missing_errors_doc, reason = "inside of the module they are no public interface")]
#[path = "../../../src"]
pub mod module {
    pub mod sessions;
    pub mod store;
}

pub use module::{sessions, store};
pub use nginx::*;
/// An SP, but for its chance.
pub use real_sp::*;
