//! What xmlsec1 says went wrong.
use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int};

use crate::silence::Silence;
use crate::sys;

/// Longest report, characters.
const LONGEST: usize = 300;

thread_local! {
    /// What was said first since the last report began: the cause; the rest are those that called it.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From its beginning to its end, the first thing that xmlsec1 says in this thread is kept, and what
/// libxml2 says goes nowhere. At its end libcrypto's queue is emptied, so that nobody takes an error of
/// here for one of theirs.
pub struct Report(#[expect(dead_code, reason = "it is what ends with the report")] Silence);

impl Report {
    /// Begins.
    pub fn begin() -> Self {
        SAID.replace(None);
        Self(Silence::new())
    }

    /// What was said first; of no certain form, and for people only.
    pub fn said(&self) -> String {
        SAID.take().unwrap_or_else(|| "xmlsec1 gives no reason".into())
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        // SAFETY: it has no argument, and touches this thread's own queue.
        unsafe { sys::ERR_clear_error() };
    }
}

/// From now on xmlsec1 prints nothing.
pub(crate) fn take_over() {
    // SAFETY: `keep` has the callback's type, and lives as long as the process.
    unsafe { sys::xmlSecErrorsSetCallback(Some(keep)) };
}

unsafe extern "C" fn keep(
    _file: *const c_char,
    _line: c_int,
    function: *const c_char,
    object: *const c_char,
    subject: *const c_char,
    _reason: c_int,
    message: *const c_char,
) {
    // SAFETY: xmlsec1 gives null or C strings that live during the call.
    let words = unsafe { [function, object, subject, message].map(|word| text(word)) };
    SAID.with(|said| {
        // Nobody borrows it while xmlsec1 runs; if somebody did, nothing is kept.
        if let Ok(mut said) = said.try_borrow_mut() {
            said.get_or_insert_with(|| sentence(&words));
        }
    });
}

fn sentence(words: &[String]) -> String {
    let words: Vec<_> = words.iter().filter(|word| !word.is_empty()).map(String::as_str).collect();
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    words.join(": ").chars().map(plain).take(LONGEST).collect()
}

/// # Safety
/// `word` is null or a C string.
unsafe fn text(word: *const c_char) -> String {
    if word.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(word) }.to_string_lossy().into_owned()
}
