//! libxml2's messages go nowhere, for a while.
use std::ffi::c_void;
use std::ptr;

use crate::sys;

/// libxml2's messages of this thread go nowhere while this lives; then to whom they went before.
pub(crate) struct Silence {
    handler: sys::xmlStructuredErrorFunc,
    context: *mut c_void,
}

impl Silence {
    pub(crate) fn new() -> Self {
        unsafe extern "C" fn discard(_: *mut c_void, _: sys::xmlErrorPtr) {}
        // SAFETY: both accessors return pointers to this thread's own variables.
        let before = unsafe {
            Self {
                handler: *sys::__xmlStructuredError(),
                context: *sys::__xmlStructuredErrorContext(),
            }
        };
        // SAFETY: `discard` has the handler's type and uses neither argument.
        unsafe { sys::xmlSetStructuredErrorFunc(ptr::null_mut(), Some(discard)) };
        before
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // SAFETY: the pair was in place when `new` read it.
        unsafe { sys::xmlSetStructuredErrorFunc(self.context, self.handler) };
    }
}
