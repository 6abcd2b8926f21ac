//! The few names of nginx and of its Rust bindings that the store's files use.

use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};

pub const NGX_LOG_ALERT: u32 = 2;
pub const NGX_LOG_CRIT: u32 = 3;
pub const NGX_LOG_ERR: u32 = 4;
pub const NGX_LOG_WARN: u32 = 5;

/// Nobody reads a configuration here.
#[allow(non_camel_case_types)]
pub enum ngx_conf_t {}

/// Log lines go nowhere.
#[allow(non_camel_case_types)]
pub enum ngx_log_t {}

#[allow(non_camel_case_types)]
pub struct ngx_cycle_t {
    pub log: *mut ngx_log_t,
}

#[allow(non_upper_case_globals)]
pub static mut ngx_cycle: *mut ngx_cycle_t = &raw mut CYCLE;
static mut CYCLE: ngx_cycle_t = ngx_cycle_t { log: null_mut() };

#[allow(non_upper_case_globals)]
pub static mut ngx_pagesize: usize = PAGE;
const PAGE: usize = 4096;

/// A zone before something was made in it: its pages are bytes here.
#[allow(non_camel_case_types)]
pub struct ngx_slab_pool_t {
    pub pages: *mut Page,
    pub last: *mut Page,
    pub data: *mut c_void,
    pub mutex: Mutex,
}

/// One page, as far as pointers to it are counted.
pub type Page = u8;

/// One thread needs none.
pub struct Mutex;

/// # Safety
/// None is needed.
pub unsafe fn ngx_shmtx_lock(_: *mut Mutex) {}

/// # Safety
/// None is needed.
pub unsafe fn ngx_shmtx_unlock(_: *mut Mutex) {}

/// Zeroed memory that is never given back, of pages that the system has not touched yet.
///
/// # Safety
/// None is needed.
pub unsafe fn ngx_slab_alloc(_: *mut ngx_slab_pool_t, size: usize) -> *mut c_void {
    let memory: &mut [u8] = Box::leak(vec![0; size + LINE].into_boxed_slice());
    let start = memory.as_mut_ptr();
    start.wrapping_add(start.align_offset(LINE)).cast()
}

/// A cache line, at which tables begin.
const LINE: usize = 64;

/// A pool with room for `size` bytes, kept for ever.
pub fn slab_pool(size: usize) -> NonNull<ngx_slab_pool_t> {
    let pages: &mut [Page] = Box::leak(vec![0; size / PAGE].into_boxed_slice());
    let ends = pages.as_mut_ptr_range();
    let pool =
        ngx_slab_pool_t { pages: ends.start, last: ends.end, data: null_mut(), mutex: Mutex };
    NonNull::from(Box::leak(Box::new(pool)))
}

/// `ngx::log`.
pub mod log {
    use std::ptr::NonNull;

    pub fn ngx_cycle_log() -> NonNull<super::ngx_log_t> {
        NonNull::dangling()
    }
}

/// `ngx::async_`.
pub mod async_ {
    pub use crate::world::spawn;
}

#[macro_export]
macro_rules! ngx_log_error {
    ($level:expr, $log:expr, $($words:tt)+) => {
        $crate::world::log($level, $log, format_args!($($words)+))
    };
}
