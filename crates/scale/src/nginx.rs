//! The few names of nginx and of its Rust bindings that the store's files use.

use std::cell::RefCell;
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

/// Zeroed memory; a large one of pages that the system has not touched yet.
///
/// # Safety
/// None is needed.
pub unsafe fn ngx_slab_alloc(_: *mut ngx_slab_pool_t, size: usize) -> *mut c_void {
    let len = size + LINE;
    let known = FREE.with_borrow_mut(|free| {
        let place = free.iter().position(|memory| memory.len() == len)?;
        Some(free.swap_remove(place))
    });
    let memory = match known {
        Some(memory) => {
            // SAFETY: it was allocated here, and whose it was is gone.
            unsafe { (*memory).fill(0) };
            memory
        }
        None => Box::into_raw(vec![0; len].into_boxed_slice()),
    };
    USED.with_borrow_mut(|used| used.push(memory));
    let start = memory.cast::<u8>();
    start.wrapping_add(start.align_offset(LINE)).cast()
}

thread_local! {
    /// The memory of this world, and that of worlds before it.
    static USED: RefCell<Vec<*mut [u8]>> = const { RefCell::new(Vec::new()) };
    static FREE: RefCell<Vec<*mut [u8]>> = const { RefCell::new(Vec::new()) };
}

/// What is larger is not used again: to write zeros takes longer than to ask the system for some.
const SMALL: usize = 1 << 20;

/// A new world begins: nobody of the old one uses its memory any more.
pub fn take_back_memory() {
    let used = USED.take().into_iter().filter(|memory| memory.len() <= SMALL);
    FREE.with_borrow_mut(|free| free.extend(used));
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
