//! What all workers count together: in a zone of its own, since stores come and go and there may be
//! several. A reload keeps it, a restart begins anew.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::OnceLock;

use nginx_sys::{
    NGX_ERROR, NGX_LOG_EMERG, NGX_OK, ngx_conf_t, ngx_int_t, ngx_palloc, ngx_shared_memory_add,
    ngx_shm_zone_t, ngx_slab_alloc, ngx_slab_pool_t, ngx_str_t,
};
use ngx::ngx_log_error;
use zone::Counter;

/// No `saml_session_store` has a zone of this name, unless somebody tries hard.
const NAME: &str = "saml:counters";

/// Pages below which nginx's own modules refuse a zone.
const PAGES: usize = 8;

/// The counters of one configuration.
#[derive(Default)]
pub struct Counters {
    /// Set when nginx has mapped the zone, after the configuration was read.
    opened: OnceLock<zone::Counters>,
}

impl Counters {
    /// Declares their zone while the configuration is read; `None` when nginx refused, and has logged
    /// why. The handle lives in the cycle's pool: keep it only in that configuration.
    pub fn request(cf: *mut ngx_conf_t, tag: *mut c_void) -> Option<&'static Self> {
        // SAFETY: nginx gave us `cf`, whose pool is the cycle's: it and the zone, in the cycle's list,
        // outlive `cf`. The name is copied into it.
        unsafe {
            let mut name = ngx_str_t::from_bytes((*cf).pool, NAME.as_bytes())?;
            let size = PAGES * nginx_sys::ngx_pagesize;
            let zone = ngx_shared_memory_add(cf, &mut name, size, tag).as_mut()?;
            let place = NonNull::new(ngx_palloc((*cf).pool, size_of::<Self>()).cast::<Self>())?;
            place.write(Self::default());
            zone.data = place.as_ptr().cast();
            zone.init = Some(init);
            Some(place.as_ref())
        }
    }

    /// Counts one more, and says which it is since nginx was started: `disagreement 3 since the start`.
    /// `None` while the configuration is still being read.
    pub fn count(&self, counter: Counter) -> Option<String> {
        let count = self.opened.get()?.count(counter);
        Some(format!("{} {count} since the start", counter.noun()))
    }
}

unsafe extern "C" fn init(zone: *mut ngx_shm_zone_t, _old: *mut c_void) -> ngx_int_t {
    // SAFETY: nginx calls this with the zone, mapped, with its slab pool made, and the data that
    // `request` has set; the memory stays mapped as long as the cycle.
    unsafe {
        let counters = &*(*zone).data.cast::<Counters>();
        let Some(opened) = open((*zone).shm.addr.cast()) else {
            let log = (*zone).shm.log;
            ngx_log_error!(
                NGX_LOG_EMERG,
                log,
                "saml zone \"{NAME}\" cannot be used, restart nginx"
            );
            return NGX_ERROR as ngx_int_t;
        };
        counters.opened.get_or_init(|| opened);
        NGX_OK as ngx_int_t
    }
}

/// Formats the new zone, or takes over the one that the last configuration used.
///
/// # Safety
///
/// `slab` is null, or the pool of a mapped zone that holds nothing else.
unsafe fn open(slab: *mut ngx_slab_pool_t) -> Option<zone::Counters> {
    // SAFETY: the allocation is unshared until `data` tells the next cycle; both outlive the cycle.
    unsafe {
        let slab = slab.as_mut()?;
        if let Some(base) = NonNull::new(slab.data.cast::<u8>()) {
            return zone::Counters::adopt(base);
        }
        let base = NonNull::new(ngx_slab_alloc(slab, zone::Counters::SIZE).cast::<u8>())?;
        let counters = zone::Counters::format(base)?;
        slab.data = base.as_ptr().cast();
        Some(counters)
    }
}
