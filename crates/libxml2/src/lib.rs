//! libxml2 as a second opinion: what the tests and fuzz targets of the XML fence compare with. The
//! module itself does not use it.

#![warn(missing_docs, unreachable_pub)]

mod canonical;
mod tree;

use std::ffi::{CString, c_void};
use std::ptr;
use std::sync::Once;

pub use canonical::Canonical;
pub use tree::{Child, Node, ParseError, Tree};

/// What bindgen made of the library's headers.
#[allow(
    missing_docs,
    non_camel_case_types,
    non_upper_case_globals,
    non_snake_case,
    dead_code,
    unreachable_pub
)]
#[allow(clippy::all, clippy::undocumented_unsafe_blocks, clippy::use_self, unnecessary_transmutes)]
mod sys {
    include!(concat!(env!("OUT_DIR"), "/libxml2.rs"));
}

/// Starts libxml2; later calls do nothing.
fn init() {
    static STARTED: Once = Once::new();
    // SAFETY: no arguments; it may run again after another module's call.
    STARTED.call_once(|| unsafe { sys::xmlInitParser() });
}

/// Is it a URI reference to libxml2? Only then it canonicalises what has a namespace of that name.
pub fn is_uri(text: &str) -> bool {
    let Ok(text) = CString::new(text) else { return false };
    // SAFETY: a C string goes in; what comes out is null or a URI of its own, which is freed once.
    unsafe {
        let uri = sys::xmlParseURI(text.as_ptr());
        if !uri.is_null() {
            sys::xmlFreeURI(uri);
        }
        !uri.is_null()
    }
}

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
