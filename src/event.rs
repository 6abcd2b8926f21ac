//! Outgoing connections on nginx's event loop, and timers.

mod address;
mod connection;
mod connection_error;
mod connection_log;
mod http;
mod resolver;
mod thread;
mod thread_pool;
mod timer;
mod tls;

use std::rc::Rc;

pub use address::Address;
pub use connection::Connection;
pub use connection_error::ConnectionError;
pub use http::{Resource, Servers, Way};
pub use resolver::Resolver;
pub use thread::{aside, end_threads, give_memory_back};
pub use thread_pool::{ThreadPool, begin as begin_threads, has_thread, in_pool};
pub use timer::{Patience, Timer, pause, repeat};
pub use tls::{Tls, TlsOptions};

/// What an event calls. It may drop the connection or the timer that it belongs to.
pub type Callback = Rc<dyn Fn()>;

/// The worker finishes what is under way and takes up nothing that nobody waits for.
pub fn is_exiting() -> bool {
    // SAFETY: set between the turns of this same thread, the second by a signal handler at once.
    unsafe { nginx_sys::ngx_exiting != 0 || nginx_sys::ngx_terminate != 0 }
}
