//! What there is beside a block.

use clock::UnixTime;
use std::rc::Rc;

use nginx_sys::ngx_conf_t;

use super::files::Files;
use super::raw::RawIdp;
use crate::store::Store;

/// What the lines of a block may refer to.
pub struct Surroundings<'a> {
    /// For nginx's own functions.
    pub cf: *mut ngx_conf_t,
    pub idps: &'a [RawIdp],
    pub stores: &'a [Rc<Store>],
    pub files: &'a Files,
    /// The paths of all handlers, whosever they are.
    pub handler_paths: Rc<[String]>,
    pub now: UnixTime,
}
