//! What one request knows of its login, from the access phase to the log.

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use nginx_sys::{ngx_http_request_t, ngx_pool_cleanup_add};
use ngx::http::{HttpModule, Request};

use crate::SamlModule;
use crate::config::Sp;
use crate::live_session::LiveSession;
use crate::random;

/// Lives in the main request's pool, dropped with it.
#[derive(Default)]
pub struct Context {
    /// The SP whose session was looked for, and what was found.
    pub session: RefCell<Option<(Rc<Sp>, Rc<LiveSession>)>>,
    /// `$saml_error`.
    pub error: Cell<Option<&'static str>>,
    request_id: OnceCell<String>,
}

impl Context {
    /// The context of `r`'s main request, if it has one.
    pub fn of(r: &Request) -> Option<&Self> {
        let main = r.as_ref().main;
        // SAFETY: main is the live main request of r; its slot holds null or our Context.
        let found = unsafe { *(*main).ctx.add(SamlModule::module().ctx_index) }.cast::<Self>();
        let found = if found.is_null() { Self::survivor(main) } else { found };
        // SAFETY: a Context lives until its request's pool, which outlives every use of r.
        unsafe { found.as_ref() }
    }

    /// The context of `r`'s main request, made when there is none. `None` = out of memory.
    pub fn of_or_new(r: &Request) -> Option<&Self> {
        Self::of(r).or_else(|| Self::create(r.as_ref().main))
    }

    /// Ties page, log and message together: the AuthnRequest's ID where there is one.
    pub fn request_id(&self) -> &str {
        self.request_id.get_or_init(random::id)
    }

    /// Sets the ID once it is known from a message.
    pub fn set_request_id(&self, id: &str) {
        // An ID that was shown already stays.
        let _ = self.request_id.set(id.to_owned());
    }

    fn create<'r>(main: *mut ngx_http_request_t) -> Option<&'r Self> {
        // SAFETY: the cleanup's data has room for a Context, aligned as nginx aligns its pool
        // allocations; it is written before the handler that drops it is set.
        unsafe {
            let cleanup = ngx_pool_cleanup_add((*main).pool, size_of::<Self>()).as_mut()?;
            let context = cleanup.data.cast::<Self>();
            context.write(Self::default());
            cleanup.handler = Some(drop_context);
            *(*main).ctx.add(SamlModule::module().ctx_index) = context.cast();
            context.as_ref()
        }
    }

    /// An internal redirect empties the slot, not the pool: finds the context by its cleanup.
    fn survivor(main: *mut ngx_http_request_t) -> *mut Self {
        // SAFETY: main is live; a pool's cleanups are a null-terminated list.
        unsafe {
            if (*main).internal() == 0 && (*main).filter_finalize() == 0 {
                return ptr::null_mut();
            }
            let mut cleanup = (*(*main).pool).cleanup;
            while let Some(entry) = cleanup.as_ref() {
                if entry.handler.is_some_and(|h| ptr::fn_addr_eq(h, drop_context as DropContext)) {
                    *(*main).ctx.add(SamlModule::module().ctx_index) = entry.data;
                    return entry.data.cast();
                }
                cleanup = entry.next;
            }
        }
        ptr::null_mut()
    }
}

type DropContext = unsafe extern "C" fn(*mut c_void);

unsafe extern "C" fn drop_context(data: *mut c_void) {
    // SAFETY: nginx runs a cleanup once, with the data that `create` wrote.
    unsafe { data.cast::<Context>().drop_in_place() }
}
