//! libxml2 and xmlsec1 as this crate uses them: started once, silent, freed by `Drop`.
mod dsig;
mod pss;
mod tree;

use std::ffi::{CString, c_void};
use std::fmt;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use foreign_types::ForeignType;
use openssl::error::ErrorStack;
use openssl::pkey::PKey;

use crate::KeyError;

pub(crate) use dsig::{Dsig, DsigFailure, ENVELOPED, EXC_C14N, verify_bare};
pub(crate) use tree::{Child, Node, ParseError, Tree};

/// What bindgen made of the libraries' headers.
#[allow(non_camel_case_types, non_upper_case_globals, non_snake_case, dead_code)]
#[allow(clippy::all, clippy::undocumented_unsafe_blocks, unnecessary_transmutes)]
mod sys {
    include!(concat!(env!("OUT_DIR"), "/fence.rs"));
}

/// Why libxml2 or xmlsec1 could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitError(&'static str);

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: is the installed xmlsec1 the one this was built with?", self.0)
    }
}

impl std::error::Error for InitError {}

/// Starts libxml2 and xmlsec1; later calls return the first one's result.
///
/// Everything in this crate starts them when it must; a server calls this before it forks.
pub fn init() -> Result<(), InitError> {
    static STARTED: OnceLock<Result<(), InitError>> = OnceLock::new();
    *STARTED.get_or_init(start)
}

fn start() -> Result<(), InitError> {
    // SAFETY: OnceLock runs this once, before any other use of the two libraries by this crate;
    // xmlInitParser may run again after another module's call.
    unsafe {
        sys::xmlInitParser();
        // xmlSecInit puts its own loader in; the process's other users of libxml2 keep theirs.
        let entity_loader = sys::xmlGetExternalEntityLoader();
        let started = sys::xmlSecInit();
        sys::xmlSetExternalEntityLoader(entity_loader);
        if started < 0 {
            return Err(InitError("xmlSecInit"));
        }
        if sys::xmlSecOpenSSLInit() < 0 {
            return Err(InitError("xmlSecOpenSSLInit"));
        }
        // Both starts put in a callback that prints to stderr.
        sys::xmlSecErrorsSetCallback(None);
    }
    pss::register()
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
        // What xmlsec1 left in libcrypto's queue would look to nginx like a TLS error.
        drop(ErrorStack::get());
    }
}

/// A key in xmlsec1's form; shares its EVP_PKEY with the openssl crate's.
pub(crate) struct SecKey(NonNull<sys::_xmlSecKey>);

// SAFETY: xmlsec1 keeps no thread's state in a key, and nothing writes to it after `from_pkey`;
// `duplicate` reads it and counts one more reference to the EVP_PKEY, which libcrypto does atomically.
unsafe impl Send for SecKey {}
// SAFETY: as for Send.
unsafe impl Sync for SecKey {}

impl SecKey {
    pub(crate) fn from_pkey<T>(pkey: &PKey<T>) -> Result<Self, KeyError> {
        init().map_err(|e| KeyError(e.to_string()))?;
        let refused = || KeyError("is a key that xmlsec1 does not take".into());
        let shared = pkey.clone();
        // SAFETY: the pointer is a live EVP_PKEY; on success xmlsec1 owns the reference of `shared`.
        let value = unsafe { sys::xmlSecOpenSSLEvpKeyAdopt(shared.as_ptr().cast()) };
        if value.is_null() {
            drop(ErrorStack::get());
            return Err(refused());
        }
        std::mem::forget(shared);
        // SAFETY: no arguments; null is checked below.
        let Some(key) = NonNull::new(unsafe { sys::xmlSecKeyCreate() }) else {
            // SAFETY: `value` is ours, nobody else has seen it.
            unsafe { sys::xmlSecKeyDataDestroy(value) };
            return Err(refused());
        };
        let key = Self(key);
        // SAFETY: both are live; on success the key owns `value`.
        if unsafe { sys::xmlSecKeySetValue(key.0.as_ptr(), value) } < 0 {
            // SAFETY: the key did not take `value`.
            unsafe { sys::xmlSecKeyDataDestroy(value) };
            return Err(refused());
        }
        Ok(key)
    }

    /// A copy that the caller must give to xmlsec1 or destroy; null when memory is short.
    fn duplicate(&self) -> *mut sys::_xmlSecKey {
        // SAFETY: the key lives as long as `self`.
        unsafe { sys::xmlSecKeyDuplicate(self.0.as_ptr()) }
    }
}

impl Drop for SecKey {
    fn drop(&mut self) {
        // SAFETY: `self` is the only owner; contexts got duplicates.
        unsafe { sys::xmlSecKeyDestroy(self.0.as_ptr()) };
    }
}

/// The transform that does `uri`; `usage` is one of the xmlSecTransformUsage constants.
fn transform(uri: &str, usage: u32) -> Option<sys::xmlSecTransformId> {
    let uri = CString::new(uri).ok()?;
    // SAFETY: the list of transforms lives from `init` on; `uri` is read during the call only.
    let found = unsafe {
        sys::xmlSecTransformIdListFindByHref(
            sys::xmlSecTransformIdsGet(),
            uri.as_ptr().cast(),
            usage,
        )
    };
    (!found.is_null()).then_some(found)
}
