//! What there is beside a block.

use std::rc::Rc;

use clock::UnixTime;
use nginx_sys::ngx_conf_t;

use settings::files::Files;
use settings::raw::RawIdp;
use settings::sp::endpoints::RawEndpoint;

use crate::store::Store;

/// What the lines of a block may refer to.
pub struct Surroundings<'a> {
    /// For nginx's own functions.
    pub cf: *mut ngx_conf_t,
    pub idps: &'a [RawIdp],
    pub stores: &'a [Rc<Store>],
    pub files: &'a Files,
    /// The handlers, whosever they are.
    pub endpoints: &'a [RawEndpoint],
    /// Their paths.
    pub handler_paths: Rc<[String]>,
    pub now: UnixTime,
}
