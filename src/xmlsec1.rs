//! xmlsec1, in a shared object of its own: it is loaded when a configuration asks for it, and never else,
//! so that a login cannot reach a library for XML that nobody wanted.

use std::ffi::{CStr, CString, OsStr, c_int, c_void};
use std::mem::MaybeUninit;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::{Arc, OnceLock};

use saml::xmlsec1::Xmlsec1;
use xmldoc::SecondVerifier;
use xmlsec1_table::{FILE, Key, Octets, SYMBOL, Sink, Table, VERSION};
use zone::Counter;

use crate::counters::Counters;
use crate::own_pages;

/// What must be installed for it.
const ADVICE: &str = "it comes with the module when that is built where libxml2-dev and libxmlsec1-dev \
                      are, and needs libxml2 and libxmlsec1-openssl";

/// The object, loaded and started. It stays loaded: libraries keep pointers into it.
#[derive(Clone, Copy)]
pub struct Library {
    table: &'static Table,
    /// Of the configuration that uses it.
    counters: &'static Counters,
}

impl Library {
    /// Loads and starts it, at the first call; one that failed is tried again. nginx's master must do
    /// that before it forks. Its disagreements are counted with `counters`.
    ///
    /// # Errors
    /// It is not there, or cannot be used: the rest of a sentence, and what to do.
    pub fn load(counters: &'static Counters) -> Result<Self, String> {
        static LOADED: OnceLock<&'static Table> = OnceLock::new();
        let table = match LOADED.get() {
            Some(loaded) => loaded,
            None => {
                let table = Self::load_first()?;
                LOADED.get_or_init(|| table)
            }
        };
        Ok(Self { table, counters })
    }

    fn load_first() -> Result<&'static Table, String> {
        let path = path().ok_or("cannot tell where the module lies")?;
        let table = open(&path)
            .map_err(|why| format!("needs {FILE} beside the module ({why}); {ADVICE}"))?;
        if table.version != VERSION {
            return Err(format!(
                "finds {} of another build; install the one that was built with the module",
                path.display()
            ));
        }
        own_pages::keep_object(std::ptr::from_ref(table) as usize);
        let mut said = Vec::new();
        // SAFETY: the table is of this build; `said` lives during the call, and is not used meanwhile.
        if unsafe { (table.start)(Sink::to(&mut said)) } {
            return Ok(table);
        }
        let said = String::from_utf8_lossy(&said);
        Err(format!("cannot be: {said}; install the libraries that {FILE} was built with"))
    }
}

impl Xmlsec1 for Library {
    fn verifier(&self, public_key: &[u8]) -> Result<Arc<dyn SecondVerifier>, String> {
        // SAFETY: the library has started; the octets live during the call.
        let key = unsafe { (self.table.key_new)(Octets::of(public_key)) };
        let key = NonNull::new(key).ok_or("xmlsec1 cannot read it")?;
        Ok(Arc::new(Verifier { table: self.table, key, counters: self.counters }))
    }

    fn signed_root(
        &self,
        document: &str,
        public_keys: &[Vec<u8>],
        allow_sha1: bool,
    ) -> Result<String, String> {
        let keys: Vec<Octets> = public_keys.iter().map(|key| Octets::of(key)).collect();
        let mut said = Vec::new();
        // SAFETY: the library has started; octets, keys and `said` live during the call, and `said` is
        // not used meanwhile.
        let verified = unsafe {
            let (document, sink) = (Octets::of(document.as_bytes()), Sink::to(&mut said));
            (self.table.signed_root)(document, keys.as_ptr(), keys.len(), allow_sha1, sink)
        };
        if !verified {
            return Err(String::from_utf8_lossy(&said).into_owned());
        }
        String::from_utf8(said).map_err(|_| "its signature covers what is no UTF-8".to_owned())
    }
}

/// xmlsec1 with one key.
struct Verifier {
    table: &'static Table,
    key: NonNull<Key>,
    counters: &'static Counters,
}

// SAFETY: the object's keys may be used from any thread, as crates/xmlsec1 promises of them.
unsafe impl Send for Verifier {}
// SAFETY: as above.
unsafe impl Sync for Verifier {}

impl SecondVerifier for Verifier {
    fn verify(&self, document: &str, octets: &str) -> Result<(), String> {
        let mut said = Vec::new();
        // SAFETY: the key is the object's own and lives; octets and `said` live during the call, and
        // `said` is not used meanwhile.
        let verified = unsafe {
            let (document, octets) =
                (Octets::of(document.as_bytes()), Octets::of(octets.as_bytes()));
            (self.table.verify)(self.key.as_ptr(), document, octets, Sink::to(&mut said))
        };
        if verified {
            return Ok(());
        }
        // It is asked for what the module has found good, so that this is a disagreement.
        let counted = self.counters.count(Counter::SecondVerifierDisagreements);
        // In front, since what is long will be cut off.
        let counted = counted.map(|counted| format!("({counted}) ")).unwrap_or_default();
        Err(counted + &String::from_utf8_lossy(&said))
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        // SAFETY: `self` is the only owner of a key that the object gave out.
        unsafe { (self.table.key_free)(self.key.as_ptr()) };
    }
}

/// Where the object must be: beside the module, wherever that was loaded from.
fn path() -> Option<PathBuf> {
    let mut about = MaybeUninit::<libc::Dl_info>::zeroed();
    let here: fn() -> Option<PathBuf> = path;
    // SAFETY: dladdr fills `about`, whose name is a C string that lives as long as the module, or says
    // that it has not.
    let module = unsafe {
        if libc::dladdr(here as *const c_void, about.as_mut_ptr()) == 0 {
            return None;
        }
        let name = about.assume_init().dli_fname;
        if name.is_null() {
            return None;
        }
        CStr::from_ptr(name)
    };
    let module = Path::new(OsStr::from_bytes(module.to_bytes()));
    // With a slash in it, so that it is looked for nowhere else.
    Some(module.canonicalize().ok()?.with_file_name(FILE))
}

/// The table of the object at `path`.
fn open(path: &Path) -> Result<&'static Table, String> {
    let name = CString::new(path.as_os_str().to_owned().into_vec());
    let name = name.map_err(|_| "its path holds a zero".to_owned())?;
    // SAFETY: the object is the module's own, whose constructors do nothing; it is never closed. Its
    // symbol is the table. nginx reads its configuration in one thread, so that dlerror is of this.
    unsafe {
        let object = libc::dlopen(name.as_ptr(), FLAGS);
        if object.is_null() {
            return Err(dl_error());
        }
        let table = libc::dlsym(object, SYMBOL.as_ptr());
        table.cast::<Table>().as_ref().ok_or_else(|| dl_error())
    }
}

/// An nginx with its own OpenSSL inside offers some of its functions to all that it loads. xmlsec1 must
/// have those of the libcrypto that it was built for, and all of them. AddressSanitizer, which offers malloc to
/// all, allows nobody to have another.
#[cfg(all(target_env = "gnu", not(address_sanitizer)))]
const FLAGS: c_int = libc::RTLD_NOW | libc::RTLD_LOCAL | libc::RTLD_DEEPBIND;
#[cfg(not(all(target_env = "gnu", not(address_sanitizer))))]
const FLAGS: c_int = libc::RTLD_NOW | libc::RTLD_LOCAL;

/// What went wrong in the last call.
///
/// # Safety
/// No other thread calls the loader.
unsafe fn dl_error() -> String {
    // SAFETY: what it gives is null, or a C string that lives until the next call.
    unsafe {
        let error = libc::dlerror();
        if error.is_null() {
            return "no reason given".to_owned();
        }
        CStr::from_ptr(error).to_string_lossy().into_owned()
    }
}
