//! A key of xmlsec1's.
use std::ptr::{self, NonNull};

use crate::report::Report;
use crate::{start, sys};

/// A key, read once. It has no password: xmlsec1 would ask a terminal for it.
pub struct Key(NonNull<sys::_xmlSecKey>);

impl Key {
    /// The public key of a SubjectPublicKeyInfo in DER; `None` when xmlsec1 reads none.
    pub fn from_public_der(der: &[u8]) -> Option<Self> {
        Self::read(der, sys::xmlSecKeyDataFormatDer)
    }

    /// The key, private or public, of a PEM file; `None` when xmlsec1 reads none.
    #[cfg(any(test, feature = "bare"))]
    pub fn from_pem(pem: &[u8]) -> Option<Self> {
        Self::read(pem, sys::xmlSecKeyDataFormatPem)
    }

    fn read(octets: &[u8], format: sys::xmlSecKeyDataFormat) -> Option<Self> {
        start().ok()?;
        // libcrypto's readers try one form of key after the other, and say of each that it is not it.
        let _report = Report::begin();
        // SAFETY: `octets` holds so many bytes and is read during the call only; without password
        // and callback nobody is asked for one.
        let key = unsafe {
            sys::xmlSecOpenSSLAppKeyLoadMemory(
                octets.as_ptr(),
                octets.len().try_into().ok()?,
                format,
                ptr::null(),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        NonNull::new(key).map(Self)
    }

    /// A duplicate, for whom it is given to.
    pub(crate) fn duplicate(&self) -> Option<NonNull<sys::_xmlSecKey>> {
        // SAFETY: the key is live.
        NonNull::new(unsafe { sys::xmlSecKeyDuplicate(self.0.as_ptr()) })
    }
}

// SAFETY: nobody changes a key; it is duplicated, which counts references to libcrypto's key atomically.
unsafe impl Send for Key {}
// SAFETY: as above.
unsafe impl Sync for Key {}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: `self` is the only owner; contexts got duplicates.
        unsafe { sys::xmlSecKeyDestroy(self.0.as_ptr()) };
    }
}
