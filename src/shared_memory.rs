//! Zones of shared memory: declared while the configuration is read, mapped when it has been, and handed on
//! by a reload.
//!
//! nginx hands a zone on to the next configuration when name, size and tag are the same. The tag is an
//! address in this module, and the module stays mapped (`-z nodelete`), so a zone never meets another build
//! of the module.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::OnceLock;

use nginx_sys::{
    NGX_ERROR, NGX_LOG_EMERG, NGX_OK, ngx_conf_t, ngx_int_t, ngx_palloc, ngx_shared_memory_add,
    ngx_shm_zone_t, ngx_slab_pool_t, ngx_str_t,
};
use ngx::ngx_log_error;

/// Pages below which nginx's own modules refuse a zone.
pub const MIN_PAGES: usize = 8;

/// What lies in a zone.
pub trait Content: Sized {
    /// Makes it in a new zone, or takes over what the last configuration used.
    ///
    /// # Errors
    /// It cannot be: the rest of a sentence.
    ///
    /// # Safety
    /// `slab` is the pool of a mapped zone that holds nothing else; both outlive what is made.
    unsafe fn open(slab: NonNull<ngx_slab_pool_t>) -> Result<Self, &'static str>;
}

/// A zone of one configuration.
pub struct Zone<T> {
    zone: NonNull<ngx_shm_zone_t>,
    /// Set when nginx has mapped the zone, after the configuration was read.
    opened: OnceLock<T>,
}

// SAFETY: of the zone only the name is read, which stays as it is.
unsafe impl<T: Send + Sync> Sync for Zone<T> {}

/// Why a zone could not be declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclareError {
    /// Another block has declared a zone of this name.
    Duplicate,
    /// nginx refused, and has logged why.
    Nginx,
}

impl<T: Content + 'static> Zone<T> {
    /// Declares a zone while the configuration is read. The handle lives in the cycle's pool: keep it only
    /// in that configuration.
    ///
    /// # Errors
    /// It cannot be declared.
    pub fn declare(
        cf: *mut ngx_conf_t,
        name: &str,
        size: usize,
        tag: *mut c_void,
    ) -> Result<&'static Self, DeclareError> {
        // SAFETY: nginx gave us `cf`, whose pool is the cycle's: it and the zone, in the cycle's list,
        // outlive `cf`. The name is copied into it.
        unsafe {
            let pool = (*cf).pool;
            let mut name =
                ngx_str_t::from_bytes(pool, name.as_bytes()).ok_or(DeclareError::Nginx)?;
            let zone = NonNull::new(ngx_shared_memory_add(cf, &mut name, size, tag));
            let zone = zone.ok_or(DeclareError::Nginx)?;
            if !zone.as_ref().data.is_null() {
                return Err(DeclareError::Duplicate);
            }
            let place = NonNull::new(ngx_palloc(pool, size_of::<Self>()).cast::<Self>());
            let place = place.ok_or(DeclareError::Nginx)?;
            place.write(Self { zone, opened: OnceLock::new() });
            (*zone.as_ptr()).data = place.as_ptr().cast();
            (*zone.as_ptr()).init = Some(init::<T>);
            Ok(place.as_ref())
        }
    }
}

impl<T> Zone<T> {
    /// What lies in it; `None` while nginx has not mapped it.
    pub fn content(&self) -> Option<&T> {
        self.opened.get()
    }

    /// For sentences.
    pub fn name(&self) -> String {
        // SAFETY: the zone lives in the cycle's list, as long as this handle.
        String::from_utf8_lossy(unsafe { self.zone.as_ref() }.shm.name.as_bytes()).into_owned()
    }
}

unsafe extern "C" fn init<T: Content>(zone: *mut ngx_shm_zone_t, _old: *mut c_void) -> ngx_int_t {
    // SAFETY: nginx calls this with the zone, mapped, with its slab pool made and its log set, and with the
    // data that `declare` has set. The memory stays mapped as long as the cycle.
    unsafe {
        let handle = &*(*zone).data.cast::<Zone<T>>();
        let slab = NonNull::new((*zone).shm.addr.cast::<ngx_slab_pool_t>());
        match slab.ok_or("the zone is not mapped").and_then(|slab| T::open(slab)) {
            Ok(content) => {
                handle.opened.get_or_init(|| content);
                NGX_OK as ngx_int_t
            }
            Err(reason) => {
                let (log, name) = ((*zone).shm.log, handle.name());
                ngx_log_error!(NGX_LOG_EMERG, log, "saml zone \"{name}\": {reason}");
                NGX_ERROR as ngx_int_t
            }
        }
    }
}
