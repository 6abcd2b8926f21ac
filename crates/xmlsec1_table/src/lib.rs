//! What the module and its second shared object, `ngx_http_auth_saml_xmlsec1.so`, say to one another.
//!
//! The object gives out one [`Table`]. What passes between the two is octets that are lent for the
//! time of a call, and keys, which only the object opens: neither frees what the other has allocated.

#![warn(missing_docs, unreachable_pub)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::ffi::{CStr, c_void};
use std::slice;

/// The file's name; it lies beside the module.
pub const FILE: &str = "ngx_http_auth_saml_xmlsec1.so";

/// The symbol of the [`Table`].
pub const SYMBOL: &CStr = c"ngx_http_auth_saml_xmlsec1";

/// Both are of one build: any change of the table, or of what its functions promise, comes with another.
pub const VERSION: [u8; 16] = padded(concat!(env!("CARGO_PKG_VERSION"), "/1").as_bytes());

/// The functions of the object. None of them unwinds.
#[repr(C)]
pub struct Table {
    /// As [`VERSION`]; whoever finds another one must not look any further.
    pub version: [u8; 16],
    /// Starts the libraries, before nginx forks. Says why not.
    pub start: unsafe extern "C" fn(said: Sink) -> bool,
    /// A key from a SubjectPublicKeyInfo in DER; null when xmlsec1 reads none.
    pub key_new: unsafe extern "C" fn(public_key: Octets) -> *mut Key,
    /// Its end.
    pub key_free: unsafe extern "C" fn(key: *mut Key),
    /// Does xmlsec1 verify the one Signature that is a child of the root of `document`, and has that
    /// digested `octets`? Says why not.
    pub verify:
        unsafe extern "C" fn(key: *const Key, document: Octets, octets: Octets, said: Sink) -> bool,
    /// Verifies the root's own signature by one of `count` keys (as for `key_new`), and says what was
    /// digested, or why it does not verify.
    pub signed_root: unsafe extern "C" fn(
        document: Octets,
        keys: *const Octets,
        count: usize,
        allow_sha1: bool,
        said: Sink,
    ) -> bool,
}

/// A key of the object's.
#[repr(C)]
pub struct Key {
    _only_the_object_knows: [u8; 0],
}

/// Octets of the other side, for the time of a call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Octets {
    data: *const u8,
    length: usize,
}

impl Octets {
    /// Lends `octets`.
    pub fn of(octets: &[u8]) -> Self {
        Self { data: octets.as_ptr(), length: octets.len() }
    }

    /// What was lent.
    ///
    /// # Safety
    /// Made by [`Octets::of`] from what lives for 'a.
    pub unsafe fn get<'a>(self) -> &'a [u8] {
        // SAFETY: the caller's promise.
        unsafe { slice::from_raw_parts(self.data, self.length) }
    }
}

/// Where the other side may say something, for the time of a call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Sink {
    write: unsafe extern "C" fn(to: *mut c_void, octets: Octets),
    to: *mut c_void,
}

impl Sink {
    /// What is said goes behind what is in `to`.
    pub fn to(to: &mut Vec<u8>) -> Self {
        unsafe extern "C" fn write(to: *mut c_void, octets: Octets) {
            // SAFETY: `to` is the Vec that `Sink::to` was given; the octets live during the call.
            unsafe { (*to.cast::<Vec<u8>>()).extend_from_slice(octets.get()) };
        }
        Self { write, to: (&raw mut *to).cast() }
    }

    /// Says it.
    ///
    /// # Safety
    /// The Vec that it was made of lives, and nobody else holds it.
    pub unsafe fn say(self, octets: &[u8]) {
        // SAFETY: the caller's promise.
        unsafe { (self.write)(self.to, Octets::of(octets)) };
    }
}

const fn padded(text: &[u8]) -> [u8; 16] {
    let mut padded = [0; 16];
    let (start, _) = padded.split_at_mut(text.len());
    start.copy_from_slice(text);
    padded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_arrives() {
        let mut heard = b"a".to_vec();
        let sink = Sink::to(&mut heard);
        // SAFETY: `heard` lives, and is not used before both are done.
        unsafe {
            sink.say(b"");
            sink.say(b"bc");
        }
        assert_eq!(heard, b"abc");
    }

    #[test]
    fn octets_of_no_length_are_octets() {
        // SAFETY: the literal lives.
        assert_eq!(unsafe { Octets::of(b"").get() }, b"");
    }
}
