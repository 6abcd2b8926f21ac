//! `ngx_http_auth_saml_xmlsec1.so`: libxml2 and xmlsec1, for a module that is not linked with them.
//!
//! The module loads it when a configuration says `second_verifier xmlsec1` or `metadata_certificate`,
//! and finds one symbol in it, the [`Table`].

#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod signed_root;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use xmlsec1_table::{Key, Octets, Sink, Table, VERSION};

/// What the module looks for.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
pub static ngx_http_auth_saml_xmlsec1: Table =
    Table { version: VERSION, start, key_new, key_free, verify, signed_root };

unsafe extern "C" fn start(said: Sink) -> bool {
    answer(said, || {
        let outcome = xmlsec1::check_version().map(|()| signed_root::start());
        outcome.and_then(|()| xmlsec1::start()).map_err(|error| error.to_string())
    })
}

unsafe extern "C" fn key_new(public_key: Octets) -> *mut Key {
    let key = catch_unwind(|| {
        // SAFETY: the octets are the module's, and live during the call.
        xmlsec1::Key::from_public_der(unsafe { public_key.get() })
    });
    key.ok().flatten().map_or(ptr::null_mut(), |key| Box::into_raw(Box::new(key)).cast())
}

unsafe extern "C" fn key_free(key: *mut Key) {
    // SAFETY: the module gives back, once, what `key_new` gave it.
    drop(unsafe { Box::from_raw(key.cast::<xmlsec1::Key>()) });
}

unsafe extern "C" fn verify(key: *const Key, document: Octets, octets: Octets, said: Sink) -> bool {
    answer(said, || {
        // SAFETY: the key is one of `key_new`, and lives; so do the octets during the call.
        let (key, document, octets) =
            unsafe { (&*key.cast::<xmlsec1::Key>(), document.get(), octets.get()) };
        xmlsec1::verify(document, octets, key)
    })
}

unsafe extern "C" fn signed_root(
    document: Octets,
    keys: *const Octets,
    count: usize,
    allow_sha1: bool,
    said: Sink,
) -> bool {
    let mut digested = Vec::new();
    let verified = answer(said, || {
        // SAFETY: the octets are the module's, and live during the call, as does the list of them.
        let (document, keys) = unsafe {
            let keys = std::slice::from_raw_parts(keys, count);
            (document.get(), keys.iter().map(|key| key.get()).collect::<Vec<_>>())
        };
        digested = signed_root::signed_root(document, &keys, allow_sha1)?;
        Ok(())
    });
    if verified {
        // SAFETY: the sink is the module's, and good during the call.
        unsafe { said.say(&digested) };
    }
    verified
}

/// Says the error of `work`, if there is one; a panic is one.
fn answer(said: Sink, work: impl FnOnce() -> Result<(), String>) -> bool {
    let outcome = catch_unwind(AssertUnwindSafe(work));
    let outcome = outcome.unwrap_or_else(|_| Err("xmlsec1's bindings panicked".to_owned()));
    if let Err(error) = &outcome {
        // SAFETY: the sink is the module's, and good during the call.
        unsafe { said.say(error.as_bytes()) };
    }
    outcome.is_ok()
}
