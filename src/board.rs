//! The board on which workers tell each other about metadata, in a zone of shared memory.

use std::cell::OnceCell;
use std::ffi::c_void;
use std::ptr::NonNull;

use nginx_sys::{
    NGX_ERROR, NGX_LOG_EMERG, NGX_OK, ngx_conf_t, ngx_int_t, ngx_pagesize, ngx_palloc,
    ngx_shared_memory_add, ngx_shm_zone_t, ngx_slab_calloc, ngx_slab_pool_t, ngx_str_t,
};
use ngx::ngx_log_error;
use openssl::sha::sha256;
use refresh::{Board, SLOT, Slot};

/// For documents of this configuration, and of those before it.
pub const SLOTS: usize = 256;
/// Slots, and what nginx needs for itself.
const PAGES: usize = 12;
/// Nobody else's.
const NAME: &[u8] = b"ngx_http_auth_saml_metadata";

/// The board's zone in one configuration; a reload hands its memory on.
pub struct BoardZone {
    zone: NonNull<ngx_shm_zone_t>,
    /// Set when nginx has mapped the zone, after the configuration was read.
    slots: OnceCell<&'static [Slot]>,
}

impl BoardZone {
    /// Declares the zone while the configuration is read. The handle lives in the cycle's pool. `None` =
    /// nginx has logged why not.
    pub fn request(cf: *mut ngx_conf_t, tag: *mut c_void) -> Option<&'static Self> {
        // SAFETY: nginx gave us `cf`, whose pool is the cycle's; the zone lies in the cycle's list. Both
        // outlive `cf`.
        unsafe {
            let mut name = ngx_str_t::from_bytes((*cf).pool, NAME)?;
            let zone = ngx_shared_memory_add(cf, &mut name, PAGES * ngx_pagesize, tag);
            let zone = NonNull::new(zone)?;
            let place = NonNull::new(ngx_palloc((*cf).pool, size_of::<Self>()).cast::<Self>())?;
            place.write(Self { zone, slots: OnceCell::new() });
            (*zone.as_ptr()).data = place.as_ptr().cast();
            (*zone.as_ptr()).init = Some(init_zone);
            Some(place.as_ref())
        }
    }

    /// That of the copy called `name`; `None` when all are in use.
    pub fn slot(&self, name: &str) -> Option<&'static Slot> {
        Board(self.slots.get()?).slot(&sha256(name.as_bytes()))
    }

    /// The memory of the last configuration, or new and zeroed.
    fn open(&self) -> Option<&'static [Slot]> {
        // SAFETY: nginx calls the init callback after it mapped the zone and made its slab pool. The
        // memory is mapped as long as a process that has it runs a cycle with the zone; zeroes are
        // free slots, which change by atomic operations alone.
        unsafe {
            let slab = (*self.zone.as_ptr()).shm.addr.cast::<ngx_slab_pool_t>();
            let slab = NonNull::new(slab)?.as_ptr();
            if (*slab).data.is_null() {
                (*slab).data = ngx_slab_calloc(slab, SLOTS * SLOT);
            }
            let first = NonNull::new((*slab).data.cast::<Slot>())?;
            Some(NonNull::slice_from_raw_parts(first, SLOTS).as_ref())
        }
    }
}

unsafe extern "C" fn init_zone(zone: *mut ngx_shm_zone_t, _old: *mut c_void) -> ngx_int_t {
    // SAFETY: nginx calls this with the zone, whose data `request` has set.
    let board = unsafe { &*(*zone).data.cast::<BoardZone>() };
    let Some(slots) = board.open() else {
        // SAFETY: nginx sets the zone's log before it calls the init callback.
        let log = unsafe { (*zone).shm.log };
        ngx_log_error!(NGX_LOG_EMERG, log, "saml: the zone of metadata has no memory");
        return NGX_ERROR as ngx_int_t;
    };
    board.slots.get_or_init(|| slots);
    NGX_OK as ngx_int_t
}
