//! What all workers count together: in a zone of its own, since stores come and go and there may be
//! several. A reload keeps it, a restart begins anew.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::NonNull;
use std::time::Duration;

use nginx_sys::{ngx_conf_t, ngx_pagesize, ngx_slab_alloc, ngx_slab_pool_t, ngx_worker};
use zone::{Counter, LookUpEnd};

use crate::shared_memory::{Content, DeclareError, MIN_PAGES, Zone};

/// No `saml_session_store` has a zone of this name, unless somebody tries hard.
const NAME: &str = "saml:counters";

/// The counters of one configuration.
pub type Counters = Zone<zone::Counters>;

impl Counters {
    /// Declares their zone while the configuration is read.
    ///
    /// # Errors
    /// It cannot be declared.
    pub fn request(cf: *mut ngx_conf_t, tag: *mut c_void) -> Result<&'static Self, DeclareError> {
        // SAFETY: nginx sets the page size before it reads its configuration.
        let size = MIN_PAGES * unsafe { ngx_pagesize } + zone::Counters::SIZE;
        Self::declare(cf, NAME, size, tag)
    }

    /// Counts one more, and says which it is since nginx was started: `disagreement 3 since the start`.
    /// `None` while the configuration is still being read.
    pub fn count(&self, counter: Counter) -> Option<String> {
        let count = self.content()?.count(counter);
        Some(format!("{} {count} since the start", counter.noun()))
    }
}

thread_local! {
    /// Those that this process counts with.
    static CURRENT: Cell<Option<zone::Counters>> = const { Cell::new(None) };
}

/// A process begins its work with these.
pub fn begin(counters: &Counters) {
    CURRENT.set(counters.content().copied());
}

/// Those that this process counts with; `None` = there is no SP.
pub fn current() -> Option<zone::Counters> {
    CURRENT.get()
}

/// Counts an event by what it is called, its labels behind it.
pub fn count_event(name: &[&str]) {
    if let Some(counters) = current() {
        counters.count_named(name.join("\t").as_bytes());
    }
}

/// Counts where a look-up of a session ended.
pub fn count_look_up(ended: LookUpEnd) {
    if let Some(counters) = current() {
        counters.count_look_up(worker(), ended);
    }
}

/// Counts how long memcached took.
pub fn count_wait(waited: Duration) {
    if let Some(counters) = current() {
        counters.count_wait(worker(), waited.as_micros().try_into().unwrap_or(u64::MAX));
    }
}

fn worker() -> usize {
    // SAFETY: set before a worker begins its work.
    unsafe { ngx_worker }
}

impl Content for zone::Counters {
    unsafe fn open(mut slab: NonNull<ngx_slab_pool_t>) -> Result<Self, &'static str> {
        const STRANGE: &str = "cannot be used, restart nginx";
        // SAFETY: the caller's promise; the allocation is unshared until `data` tells the next cycle.
        unsafe {
            let slab = slab.as_mut();
            if let Some(base) = NonNull::new(slab.data.cast::<u8>()) {
                return Self::adopt(base).ok_or(STRANGE);
            }
            let base = NonNull::new(ngx_slab_alloc(slab, Self::SIZE).cast::<u8>());
            let base = base.ok_or("the zone has no memory")?;
            let counters = Self::format(base).ok_or(STRANGE)?;
            slab.data = base.as_ptr().cast();
            Ok(counters)
        }
    }
}
