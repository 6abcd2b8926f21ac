//! RSA-PSS for xmlsec1 1.2, which has none: one transform per digest, as its plug-ins are made.
//!
//! xmlsec1 drives it like its own signature methods: it pushes the canonical SignedInfo in, then
//! either reads the signature out or asks whether the one in the document fits.
use std::ffi::c_int;
use std::mem::size_of;
use std::slice;

use foreign_types::ForeignTypeRef;
use openssl::pkey::{PKey, PKeyRef, Private};

use super::{InitError, sys, transform};
use crate::SignatureAlgorithm;
use crate::keys::octets;

/// What one use of the method holds, behind xmlsec1's own part.
#[repr(C)]
struct PssTransform {
    base: sys::_xmlSecTransform,
    state: *mut State,
}

struct State {
    algorithm: SignatureAlgorithm,
    /// Typed private, since it may be one; verification asks it for the public part only.
    key: Option<PKey<Private>>,
    signed_info: Vec<u8>,
}

/// Registers what this xmlsec1 lacks; 1.3 and later bring their own.
pub(super) fn register() -> Result<(), InitError> {
    let methods = [
        (
            SignatureAlgorithm::RsaPssSha256,
            c"rsa-pss-sha256",
            c"http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        ),
        (
            SignatureAlgorithm::RsaPssSha384,
            c"rsa-pss-sha384",
            c"http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1",
        ),
        (
            SignatureAlgorithm::RsaPssSha512,
            c"rsa-pss-sha512",
            c"http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1",
        ),
    ];
    for (algorithm, name, href) in methods {
        let usage = sys::xmlSecTransformUsageSignatureMethod;
        if transform(algorithm.uri(), usage).is_some() {
            continue;
        }
        let klass = sys::_xmlSecTransformKlass {
            klassSize: size_of::<sys::_xmlSecTransformKlass>() as _,
            objSize: size_of::<PssTransform>() as _,
            name: name.as_ptr().cast(),
            href: href.as_ptr().cast(),
            usage,
            initialize: Some(initialize),
            finalize: Some(finalize),
            readNode: None,
            writeNode: None,
            setKeyReq: Some(set_key_requirements),
            setKey: Some(set_key),
            verify: Some(verify),
            getDataType: Some(sys::xmlSecTransformDefaultGetDataType),
            pushBin: Some(sys::xmlSecTransformDefaultPushBin),
            popBin: Some(sys::xmlSecTransformDefaultPopBin),
            pushXml: None,
            popXml: None,
            execute: Some(execute),
            reserved0: std::ptr::null_mut(),
            reserved1: std::ptr::null_mut(),
        };
        // xmlsec1 keeps the pointer until the process ends.
        let klass: &'static _ = Box::leak(Box::new(klass));
        // SAFETY: the klass is complete and lives for ever.
        if unsafe { sys::xmlSecTransformIdsRegister(klass) } < 0 {
            return Err(InitError("xmlSecTransformIdsRegister"));
        }
    }
    Ok(())
}

/// The state behind a transform; `None` when xmlsec1 hands over something else.
///
/// # Safety
/// `transform` is null or a transform of a klass made by `register`, not used elsewhere meanwhile.
unsafe fn state<'a>(transform: sys::xmlSecTransformPtr) -> Option<&'a mut State> {
    // SAFETY: objSize made xmlsec1 allocate a whole PssTransform, zeroed before `initialize`.
    unsafe { transform.cast::<PssTransform>().as_ref()?.state.as_mut() }
}

unsafe extern "C" fn initialize(transform: sys::xmlSecTransformPtr) -> c_int {
    // SAFETY: xmlsec1 passes a transform of one of our klasses, whose href is a C string.
    unsafe {
        let href = std::ffi::CStr::from_ptr((*(*transform).id).href.cast());
        let Some(algorithm) = href.to_str().ok().and_then(SignatureAlgorithm::from_uri) else {
            return -1;
        };
        let state = State { algorithm, key: None, signed_info: Vec::new() };
        (*transform.cast::<PssTransform>()).state = Box::into_raw(Box::new(state));
    }
    0
}

unsafe extern "C" fn finalize(transform: sys::xmlSecTransformPtr) {
    // SAFETY: `state` is null or what `initialize` put there; it is taken out, so freed once.
    unsafe {
        let state = std::ptr::replace(
            &raw mut (*transform.cast::<PssTransform>()).state,
            std::ptr::null_mut(),
        );
        if !state.is_null() {
            drop(Box::from_raw(state));
        }
    }
}

unsafe extern "C" fn set_key_requirements(
    transform: sys::xmlSecTransformPtr,
    requirements: sys::xmlSecKeyReqPtr,
) -> c_int {
    // SAFETY: both pointers are live for the call.
    unsafe {
        let signs = (*transform).operation == sys::xmlSecTransformOperationSign;
        (*requirements).keyId = sys::xmlSecOpenSSLKeyDataRsaGetKlass();
        (*requirements).keyType =
            if signs { sys::xmlSecKeyDataTypePrivate } else { sys::xmlSecKeyDataTypePublic };
        (*requirements).keyUsage =
            if signs { sys::xmlSecKeyUsageSign } else { sys::xmlSecKeyUsageVerify };
    }
    0
}

unsafe extern "C" fn set_key(transform: sys::xmlSecTransformPtr, key: sys::xmlSecKeyPtr) -> c_int {
    // SAFETY: xmlsec1 checked the key against the requirements: it holds RSA data, so an EVP_PKEY,
    // of which `to_owned` takes a reference of its own.
    unsafe {
        let Some(state) = state(transform) else { return -1 };
        let evp = sys::xmlSecOpenSSLEvpKeyDataGetEvp(sys::xmlSecKeyGetValue(key));
        if evp.is_null() {
            return -1;
        }
        state.key = Some(PKeyRef::<Private>::from_ptr(evp.cast()).to_owned());
    }
    0
}

unsafe extern "C" fn execute(
    transform: sys::xmlSecTransformPtr,
    last: c_int,
    _: sys::xmlSecTransformCtxPtr,
) -> c_int {
    // SAFETY: the transform is ours and live; its buffers belong to it.
    unsafe {
        let Some(state) = state(transform) else { return -1 };
        if (*transform).status == sys::xmlSecTransformStatusNone {
            (*transform).status = sys::xmlSecTransformStatusWorking;
        }
        if (*transform).status != sys::xmlSecTransformStatusWorking {
            return 0;
        }
        let input = &raw mut (*transform).inBuf;
        let size = sys::xmlSecBufferGetSize(input);
        let data = sys::xmlSecBufferGetData(input);
        if size > 0 && !data.is_null() {
            state.signed_info.extend_from_slice(slice::from_raw_parts(data, size as usize));
            if sys::xmlSecBufferRemoveHead(input, size) < 0 {
                return -1;
            }
        }
        if last == 0 {
            return 0;
        }
        if (*transform).operation == sys::xmlSecTransformOperationSign {
            let Some(signature) = sign(state) else { return -1 };
            let output = &raw mut (*transform).outBuf;
            if sys::xmlSecBufferAppend(output, signature.as_ptr(), signature.len() as _) < 0 {
                return -1;
            }
        }
        (*transform).status = sys::xmlSecTransformStatusFinished;
    }
    0
}

unsafe extern "C" fn verify(
    transform: sys::xmlSecTransformPtr,
    data: *const u8,
    size: std::ffi::c_uint,
    _: sys::xmlSecTransformCtxPtr,
) -> c_int {
    // SAFETY: `data` holds `size` bytes, the decoded SignatureValue; the transform is ours.
    unsafe {
        let Some(state) = state(transform) else { return -1 };
        if data.is_null() || (*transform).status != sys::xmlSecTransformStatusFinished {
            return -1;
        }
        let fits = fits(state, slice::from_raw_parts(data, size as usize));
        (*transform).status =
            if fits { sys::xmlSecTransformStatusOk } else { sys::xmlSecTransformStatusFail };
    }
    0
}

fn sign(state: &State) -> Option<Vec<u8>> {
    octets::sign(state.key.as_ref()?, state.algorithm, &state.signed_info).ok()
}

fn fits(state: &State, signature: &[u8]) -> bool {
    let Some(key) = &state.key else { return false };
    octets::verify(key, state.algorithm, &state.signed_info, signature).unwrap_or(false)
}
