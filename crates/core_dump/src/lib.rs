//! What core dumps of this process leave out (core(5); `MADV_DONTDUMP` of madvise(2)).
//!
//! Keys and what requests bring lie all over the heap: libcrypto, nginx and Rust share it, and memory that
//! was given back keeps its content. So nothing is marked singly. All memory that is written to and belongs
//! to no file is left out, but the stack, by which a debugger tells who called whom.
//!
//! - [`hide`] marks what is there. Children inherit that; what comes later has no mark. [`reveal`] takes it
//!   back.
//! - [`at_crash`] marks all of it once more in the instant before the kernel writes a dump, and only then
//!   nothing is missed. A debugger that attaches (gcore) sends no signal, and gets what was marked before.
//! - [`clear_stack`] overwrites what functions that have returned left on the stack.
//! - [`secretly`] is for other threads that use keys, whose registers a dump has, too.
//!
//! Linux only.

#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod crash;
mod dead_stack;
mod interrupted;
mod loader;
mod mapping;
mod page;
mod pages;
mod registers;
mod threads;

pub use self::crash::{at_crash, not_at_crash};
pub use self::dead_stack::clear_stack;
pub use self::pages::{hide, hide_range, reveal, reveal_range};
pub use self::threads::secretly;
