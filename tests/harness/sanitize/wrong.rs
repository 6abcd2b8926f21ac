//! Does one wrong thing in each worker, so that it is known what would be found: `--cfg` says which.
//! Loaded before all other objects it is what nginx calls as `epoll_create`, when a worker begins and has given
//! up root's rights.

use std::ffi::{c_int, c_void};
use std::hint::black_box;

unsafe extern "C" {
    fn epoll_create1(flags: c_int) -> c_int;
    fn malloc(size: usize) -> *mut c_void;
    fn ngx_create_pool(size: usize, log: *const c_void) -> *mut c_void;
    fn ngx_palloc(pool: *mut c_void, size: usize) -> *mut c_void;
}

#[unsafe(no_mangle)]
pub extern "C" fn epoll_create(size: c_int) -> c_int {
    // SAFETY: it is not safe: that is what it is for.
    unsafe {
        if size != TRIAL {
            wrong();
        }
        epoll_create1(0)
    }
}

/// By which the master finds out whether there is epoll.
const TRIAL: c_int = 100;

/// Reads what Rust has given back.
#[cfg(freed)]
unsafe fn wrong() {
    let dangling = Box::into_raw(Box::new([1_u8; 32]));
    unsafe {
        drop(Box::from_raw(dangling));
        black_box(black_box(dangling).cast::<u8>().read_volatile());
    }
}

/// Writes behind what one of nginx's pools has given.
#[cfg(pool)]
unsafe fn wrong() {
    unsafe {
        let log = [0_usize; 16];
        let pool = ngx_create_pool(4096, log.as_ptr().cast());
        let there = black_box(ngx_palloc(pool, 24)).cast::<u8>();
        there.add(24).write_volatile(1);
    }
}

/// Has nginx itself read a structure where none is.
#[cfg(null)]
unsafe fn wrong() {
    unsafe {
        black_box(ngx_palloc(std::ptr::null_mut(), 24));
    }
}

/// Forgets what it has.
#[cfg(leaked)]
unsafe fn wrong() {
    unsafe {
        for _ in 0..16 {
            black_box(malloc(1000));
        }
    }
}
