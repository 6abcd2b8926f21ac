//! Where sessions, claims and tombstones are kept: nginx's shared memory.

pub mod shared;

pub use shared::SharedStore;
pub use zone::{Cache, Kind, StoreError};
