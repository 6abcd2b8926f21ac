//! What `nginx -t` knows of words alone: which name was meant, which hosts a `server_name` takes,
//! where blanks are missing. Pure: no nginx, no files.

#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod addresses;
mod nearest;
mod server_name;

pub use addresses::looks_joined;
pub use nearest::nearest;
pub use server_name::ServerName;
