//! Preloaded: what libcrypto frees for a thread that ends takes its time, and is told on stderr, which nginx writes to its log.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread::sleep;
use std::time::Duration;

type Destructor = unsafe extern "C" fn(*mut c_void);

#[repr(C)]
struct Object {
    path: *const c_char,
    address: *mut c_void,
    symbol: *const c_char,
    symbol_address: *mut c_void,
}

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    fn dladdr(address: *const c_void, object: *mut Object) -> c_int;
}

const NEXT: *mut c_void = -1_isize as *mut c_void;

static ORIGINAL: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

unsafe extern "C" fn slow(value: *mut c_void) {
    eprintln!("thread begins to end");
    sleep(Duration::from_millis(300));
    unsafe {
        std::mem::transmute::<*mut c_void, Destructor>(ORIGINAL.load(Ordering::SeqCst))(value)
    };
    eprintln!("thread has ended");
}

fn is_of_libcrypto(destructor: Destructor) -> bool {
    let null = ptr::null_mut();
    let mut object =
        Object { path: null as _, address: null, symbol: null as _, symbol_address: null };
    unsafe {
        dladdr(destructor as *const c_void, &mut object) != 0
            && CStr::from_ptr(object.path).to_bytes().windows(9).any(|part| part == b"libcrypto")
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_key_create(key: *mut u32, destructor: Option<Destructor>) -> c_int {
    type Create = unsafe extern "C" fn(*mut u32, Option<Destructor>) -> c_int;
    let create: Create =
        unsafe { std::mem::transmute(dlsym(NEXT, c"pthread_key_create".as_ptr())) };
    match destructor {
        Some(original) if is_of_libcrypto(original) => {
            ORIGINAL.store(original as *mut c_void, Ordering::SeqCst);
            unsafe { create(key, Some(slow)) }
        }
        other => unsafe { create(key, other) },
    }
}
