//! The board on which workers tell each other about metadata, in a zone of shared memory.

use std::ffi::c_void;
use std::ptr::NonNull;

use nginx_sys::{ngx_conf_t, ngx_pagesize, ngx_slab_calloc, ngx_slab_pool_t};
use openssl::sha::sha256;
use refresh::{Board, SLOT, Slot};

use crate::shared_memory::{Content, DeclareError, Zone};

/// For documents of this configuration, and of those before it.
pub const SLOTS: usize = 256;
/// Slots, and what nginx needs for itself.
const PAGES: usize = 32;
/// Nobody else's.
const NAME: &str = "saml:metadata";

/// The board's zone in one configuration.
pub type BoardZone = Zone<Slots>;

/// What lies in it.
pub struct Slots(&'static [Slot]);

impl BoardZone {
    /// Declares the zone while the configuration is read.
    ///
    /// # Errors
    /// It cannot be declared.
    pub fn request(cf: *mut ngx_conf_t, tag: *mut c_void) -> Result<&'static Self, DeclareError> {
        // SAFETY: nginx sets the page size before it reads its configuration.
        Self::declare(cf, NAME, PAGES * unsafe { ngx_pagesize }, tag)
    }

    /// That of the copy called `name`; `None` when all are in use.
    pub fn slot(&self, name: &str) -> Option<&'static Slot> {
        Board(self.content()?.0).slot(&sha256(name.as_bytes()))
    }
}

impl Content for Slots {
    unsafe fn open(mut slab: NonNull<ngx_slab_pool_t>) -> Result<Self, &'static str> {
        // SAFETY: the caller's promise. Zeroes are free slots, which change by atomic operations alone.
        unsafe {
            let slab = slab.as_mut();
            if slab.data.is_null() {
                slab.data = ngx_slab_calloc(slab, SLOTS * SLOT);
            }
            let first = NonNull::new(slab.data.cast::<Slot>()).ok_or("the zone has no memory")?;
            Ok(Self(NonNull::slice_from_raw_parts(first, SLOTS).as_ref()))
        }
    }
}
