//! One operation of xmlsec1's on one signature.
use std::ptr::{self, NonNull};
use std::slice;

use crate::key::Key;
use crate::sys;

pub(crate) struct Context(NonNull<sys::_xmlSecDSigCtx>);

impl Context {
    /// Without a key manager: it would look at KeyInfo, and read all CAs of this host.
    pub(crate) fn new(key: &Key) -> Option<Self> {
        let key = key.duplicate()?;
        // SAFETY: a null key manager is allowed; the context takes over the duplicated key, which
        // is destroyed here when there is no context.
        unsafe {
            let Some(mut context) = NonNull::new(sys::xmlSecDSigCtxCreate(ptr::null_mut())) else {
                sys::xmlSecKeyDestroy(key.as_ptr());
                return None;
            };
            context.as_mut().signKey = key.as_ptr();
            Some(Self(context))
        }
    }

    /// Keeps what is digested.
    pub(crate) fn storing_references(mut self) -> Self {
        // SAFETY: `self` is the only owner.
        unsafe { self.0.as_mut() }.flags |= sys::XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
        self
    }

    pub(crate) fn as_mut(&mut self) -> &mut sys::_xmlSecDSigCtx {
        // SAFETY: `self` is the only owner.
        unsafe { self.0.as_mut() }
    }

    /// `signature` is a node of a live tree.
    pub(crate) fn verify(&self, signature: NonNull<sys::xmlNode>) -> bool {
        // SAFETY: context and node are live.
        unsafe {
            sys::xmlSecDSigCtxVerify(self.0.as_ptr(), signature.as_ptr()) >= 0
                && self.0.as_ref().status == sys::xmlSecDSigStatusSucceeded
        }
    }

    /// `template` is a node of a live tree.
    #[cfg(any(test, feature = "bare"))]
    pub(crate) fn sign(&self, template: NonNull<sys::xmlNode>) -> bool {
        // SAFETY: context and node are live.
        unsafe { sys::xmlSecDSigCtxSign(self.0.as_ptr(), template.as_ptr()) >= 0 }
    }

    /// How many References it has verified.
    pub(crate) fn references(&self) -> usize {
        // SAFETY: the list belongs to the context.
        unsafe {
            let references = (&raw const self.0.as_ref().signedInfoReferences).cast_mut();
            sys::xmlSecPtrListGetSize(references) as usize
        }
    }

    /// What the first Reference digested.
    pub(crate) fn digested(&self) -> Option<&[u8]> {
        // SAFETY: the list belongs to the context and holds reference contexts, whose buffer lives as
        // long.
        unsafe {
            let references = (&raw const self.0.as_ref().signedInfoReferences).cast_mut();
            let reference = sys::xmlSecPtrListGetItem(references, 0);
            if reference.is_null() {
                return None;
            }
            let buffer = sys::xmlSecDSigReferenceCtxGetPreDigestBuffer(reference.cast());
            if buffer.is_null() {
                return None;
            }
            let (data, size) = (sys::xmlSecBufferGetData(buffer), sys::xmlSecBufferGetSize(buffer));
            (!data.is_null()).then(|| slice::from_raw_parts(data, size as usize))
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: `self` is the only owner; the context frees its key.
        unsafe { sys::xmlSecDSigCtxDestroy(self.0.as_ptr()) };
    }
}
