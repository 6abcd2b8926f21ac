//! Starting xmlsec1, once in a process.
use std::ffi::c_int;
use std::fmt;
use std::sync::OnceLock;

use crate::{report, sys};

/// Why xmlsec1 does not work here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartError {
    /// The library is another version than the headers that this was built with: its structures are
    /// laid out in another way.
    Version,
    /// It does not start.
    Failed,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version => write!(
                f,
                "libxmlsec1 is not the version {}.{}.{} or a later one of {0}.{1}",
                sys::XMLSEC_VERSION_MAJOR,
                sys::XMLSEC_VERSION_MINOR,
                sys::XMLSEC_VERSION_SUBMINOR
            ),
            Self::Failed => f.write_str("libxmlsec1 does not start"),
        }
    }
}

impl std::error::Error for StartError {}

/// Is the library laid out as its headers say that this was built with?
///
/// # Errors
/// It is another version, and nothing of it may be used.
pub fn check_version() -> Result<(), StartError> {
    // SAFETY: numbers go in, a number comes out.
    let compared = unsafe {
        sys::xmlSecCheckVersionExt(
            sys::XMLSEC_VERSION_MAJOR as c_int,
            sys::XMLSEC_VERSION_MINOR as c_int,
            sys::XMLSEC_VERSION_SUBMINOR as c_int,
            sys::xmlSecCheckVersionABICompatible,
        )
    };
    if compared == 1 { Ok(()) } else { Err(StartError::Version) }
}

/// Starts xmlsec1; later calls say what the first one has said. nginx's master must call it before it
/// forks, so that its workers share what it sets up.
///
/// # Errors
/// The library is another one than this was built for, or does not start.
pub fn start() -> Result<(), StartError> {
    static STARTED: OnceLock<Result<(), StartError>> = OnceLock::new();
    *STARTED.get_or_init(|| {
        let outcome = start_once();
        report::take_over();
        outcome
    })
}

fn start_once() -> Result<(), StartError> {
    check_version()?;
    // SAFETY: OnceLock runs this once, before any other use of xmlsec1 by this crate. libxml2 may be
    // started again after another module's call; xmlsec1 may not, and is asked first.
    unsafe {
        sys::xmlInitParser();
        if !has_started() && (sys::xmlSecInit() < 0 || sys::xmlSecOpenSSLInit() < 0) {
            return Err(StartError::Failed);
        }
    }
    Ok(())
}

/// Has somebody else in this process started it? A second start forgets what the first one set up.
fn has_started() -> bool {
    // SAFETY: the list is a static of the library, whose ID is null until it starts.
    unsafe { sys::xmlSecTransformIdsGet().as_ref() }.is_some_and(|ids| !ids.id.is_null())
}
