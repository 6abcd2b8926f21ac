//! One use of xmlsec1's signature context, locked down before it reads the document.
use std::ffi::CStr;
use std::ptr::NonNull;
use std::slice;

use super::{Node, SecKey, Silence, sys, transform};

/// What xmlsec1 may run, and nothing else: these URIs and the fixed transforms.
pub(crate) struct Dsig<'a> {
    pub(crate) signature_method: &'a str,
    pub(crate) digest_method: &'a str,
    /// `#ID`, the only URI that the one reference may have.
    pub(crate) reference: &'a str,
}

/// Why there are no digested bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DsigFailure {
    /// xmlsec1 could not work on it, or memory was short.
    Refused,
    /// The signature does not fit the key.
    Invalid,
    /// The signed data was changed: no key can mend that.
    Digest,
    /// Something other than the one expected reference was verified.
    Reference,
    /// Canonicalisation yielded nothing.
    Void,
}

pub(crate) const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(crate) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

impl Dsig<'_> {
    /// Verifies `signature` (a `ds:Signature` of a live tree) and returns the bytes that were digested.
    pub(crate) fn verify(&self, signature: Node<'_>, key: &SecKey) -> Result<Vec<u8>, DsigFailure> {
        let _silence = Silence::new();
        let context = self.context(key).ok_or(DsigFailure::Refused)?;
        // SAFETY: context and node are live; xmlsec1 registers the IDs inside the signature and
        // changes nothing else of the tree.
        if unsafe { sys::xmlSecDSigCtxVerify(context.0.as_ptr(), signature.as_ptr()) } < 0 {
            return Err(DsigFailure::Refused);
        }
        context.digested(self)
    }

    /// Fills DigestValue and SignatureValue of the template `signature`.
    pub(crate) fn sign(&self, signature: Node<'_>, key: &SecKey) -> Result<(), DsigFailure> {
        let _silence = Silence::new();
        let context = self.context(key).ok_or(DsigFailure::Refused)?;
        // SAFETY: context and node are live; the caller holds no reference into the two value
        // elements, whose content xmlsec1 replaces.
        let signed = unsafe { sys::xmlSecDSigCtxSign(context.0.as_ptr(), signature.as_ptr()) };
        // SAFETY: as in `digested`.
        let status = unsafe { context.0.as_ref().status };
        if signed < 0 || status != sys::xmlSecDSigStatusSucceeded {
            return Err(DsigFailure::Refused);
        }
        Ok(())
    }

    /// A context without a key manager: building one costs milliseconds and would read KeyInfo.
    fn context(&self, key: &SecKey) -> Option<Context> {
        // SAFETY: a null key manager is allowed; the context is zeroed but for its defaults.
        let pointer = NonNull::new(unsafe { sys::xmlSecDSigCtxCreate(std::ptr::null_mut()) })?;
        let mut context = Context(pointer);
        // SAFETY: `context` is the only owner; it takes over the duplicated key.
        let fields = unsafe { context.0.as_mut() };
        fields.flags |= sys::XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
        fields.flags |= sys::XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS;
        // Looks `#ID` up in the table of IDs, and never runs XPath.
        fields.flags |= sys::XMLSEC_DSIG_FLAGS_USE_VISA3D_HACK;
        fields.enabledReferenceUris = sys::xmlSecTransformUriTypeSameDocument;
        fields.signKey = key.duplicate();
        if fields.signKey.is_null() {
            return None;
        }
        context.enable(self)?;
        Some(context)
    }
}

struct Context(NonNull<sys::_xmlSecDSigCtx>);

impl Context {
    fn enable(&self, dsig: &Dsig<'_>) -> Option<()> {
        use sys::{
            xmlSecTransformUsageDigestMethod as DIGEST,
            xmlSecTransformUsageSignatureMethod as SIGNATURE,
        };
        let context = self.0.as_ptr();
        // SAFETY: no arguments; both lists of functions live as long as the library.
        let (enveloped, exclusive) = unsafe {
            (sys::xmlSecTransformEnvelopedGetKlass(), sys::xmlSecTransformExclC14NGetKlass())
        };
        for klass in [enveloped, exclusive, transform(dsig.digest_method, DIGEST)?] {
            // SAFETY: context and transform are live.
            let enabled = unsafe { sys::xmlSecDSigCtxEnableReferenceTransform(context, klass) };
            (enabled >= 0).then_some(())?;
        }
        for klass in [exclusive, transform(dsig.signature_method, SIGNATURE)?] {
            // SAFETY: as above.
            let enabled = unsafe { sys::xmlSecDSigCtxEnableSignatureTransform(context, klass) };
            (enabled >= 0).then_some(())?;
        }
        Some(())
    }

    /// The digested bytes, when everything that was verified is what `dsig` expects.
    fn digested(&self, dsig: &Dsig<'_>) -> Result<Vec<u8>, DsigFailure> {
        // SAFETY: the context lives as long as `self`, and xmlsec1 is done with it.
        let context = unsafe { self.0.as_ref() };
        let references = (&raw const context.signedInfoReferences).cast_mut();
        if context.status != sys::xmlSecDSigStatusSucceeded {
            // SAFETY: the list belongs to the context and holds reference contexts; an item is null
            // when there is none.
            let first = unsafe {
                sys::xmlSecPtrListGetItem(references, 0)
                    .cast::<sys::xmlSecDSigReferenceCtx>()
                    .as_ref()
            };
            let changed = first.is_some_and(|r| r.status == sys::xmlSecDSigStatusInvalid);
            return Err(if changed { DsigFailure::Digest } else { DsigFailure::Invalid });
        }
        // SAFETY: the list belongs to the context and holds reference contexts.
        let reference = unsafe {
            if sys::xmlSecPtrListGetSize(references) != 1
                || sys::xmlSecPtrListGetSize((&raw const context.manifestReferences).cast_mut())
                    != 0
            {
                return Err(DsigFailure::Reference);
            }
            sys::xmlSecPtrListGetItem(references, 0).cast::<sys::xmlSecDSigReferenceCtx>()
        };
        // SAFETY: null or an item of the list.
        let Some(fields) = (unsafe { reference.as_ref() }) else {
            return Err(DsigFailure::Reference);
        };
        // SAFETY: a non-null uri is a C string of the reference context.
        let expected = !fields.uri.is_null()
            && unsafe { CStr::from_ptr(fields.uri.cast()) }.to_bytes() == dsig.reference.as_bytes();
        if !expected || fields.status != sys::xmlSecDSigStatusSucceeded {
            return Err(DsigFailure::Reference);
        }
        // SAFETY: the buffer belongs to the reference context, and is copied before that dies.
        unsafe {
            let buffer = sys::xmlSecDSigReferenceCtxGetPreDigestBuffer(reference);
            if buffer.is_null() {
                return Err(DsigFailure::Void);
            }
            let (data, size) = (sys::xmlSecBufferGetData(buffer), sys::xmlSecBufferGetSize(buffer));
            if data.is_null() || size == 0 {
                return Err(DsigFailure::Void);
            }
            Ok(slice::from_raw_parts(data, size as usize).to_vec())
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: `self` is the only owner; the context frees its key.
        unsafe { sys::xmlSecDSigCtxDestroy(self.0.as_ptr()) };
    }
}

/// xmlsec1 with its defaults, for the benchmark.
pub(crate) fn verify_bare(signature: Node<'_>, key: &SecKey) -> bool {
    // SAFETY: as in `Dsig::context` and `Dsig::verify`.
    unsafe {
        let Some(context) = NonNull::new(sys::xmlSecDSigCtxCreate(std::ptr::null_mut())) else {
            return false;
        };
        let mut context = Context(context);
        context.0.as_mut().signKey = key.duplicate();
        sys::xmlSecDSigCtxVerify(context.0.as_ptr(), signature.as_ptr()) >= 0
            && context.0.as_ref().status == sys::xmlSecDSigStatusSucceeded
    }
}
