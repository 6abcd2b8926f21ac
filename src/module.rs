//! The module as nginx's configuration has it, and what it runs on.

use nginx_sys::{ngx_http_request_t, ngx_int_t};

use crate::sessions::Sessions;

/// The module, as ngx's traits want it.
pub struct SamlModule;

/// A handler of one of nginx's phases.
pub type PhaseHandler = unsafe extern "C" fn(*mut ngx_http_request_t) -> ngx_int_t;

/// An SP whose sessions are in nginx's shared memory, or in memcached.
pub type Sp = sp::Sp<Sessions>;

/// What a location runs on.
pub type Location = sp::Location<Sessions>;

/// How a location is protected.
pub type Protection = sp::Protection<Sessions>;
