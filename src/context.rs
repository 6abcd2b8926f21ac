//! What one request knows of its login, from the access phase to the log.

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use clock::Monotonic;
use diagnosis::Diary;
use nginx_sys::{ngx_http_request_t, ngx_int_t, ngx_pool_cleanup_add, ngx_table_elt_t};
use ngx::http::{HttpModule, HttpModuleLocationConf, Request};
use pages::{Circumstances, Reply};
use saml::reason::Reason;
use saml::refusal::Refusal;
use session::{PostToken, PreservedPost};
use sp::{Found, LiveSession, Unmet, random};

use crate::errand::Errand;
use crate::module::{LocConf, Protection, SamlModule, Sp};
use crate::store::NotKept;
use crate::suspend::Suspension;

/// Lives in the request's pool, dropped with it.
pub struct Context {
    /// The SP whose session was looked for, and what was found.
    pub session: RefCell<Option<(Rc<Sp>, Rc<LiveSession>)>>,
    /// The session is being judged by the rules of its location, whose variables it fills.
    pub is_judged: Cell<bool>,
    /// Which location was found to be open to that one, and at which of the request's, counted as nginx counts them
    /// (`uri_changes`).
    pub open_to: Cell<Option<Opened>>,
    /// On the way round the rewrite phase.
    pub detour: Cell<Option<Detour>>,
    /// How far its body was read for the access phase.
    pub body: Cell<Arrival>,
    /// It is the subrequest of `logout_notify`: its session is the one that ended, which the variables
    /// tell the application, and none that a cookie names.
    pub is_notice: Cell<bool>,
    /// An SP decides who `$remote_user` is; since which of the request's locations `auth_basic` can
    /// have a say, counted as nginx counts them (`uri_changes`).
    pub user_since: Cell<Option<u32>>,
    special: OnceCell<Box<Special>>,
    /// Whose it is: a main request's, or a subrequest's own.
    request: *const ngx_http_request_t,
}

/// A location that was found to be open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    location: *const LocConf,
    protection: *const Protection,
    visit: u32,
}

impl Opened {
    /// The location of `r`, which is protected so.
    pub fn new(r: &Request, protection: &Protection) -> Option<Self> {
        let location = ptr::from_ref(SamlModule::location_conf(r)?);
        Some(Self { location, protection, visit: r.as_ref().uri_changes() })
    }

    /// Is it this location, which `r` is in?
    #[inline]
    pub fn is_here(&self, r: &Request, location: &LocConf) -> bool {
        ptr::eq(self.location, location) && self.visit == r.as_ref().uri_changes()
    }

    /// Is the location of `r`, which is protected so, as open? It may be another part of the same.
    pub fn is_as(&self, r: &Request, protection: &Protection) -> bool {
        ptr::eq(self.protection, protection) && self.visit == r.as_ref().uri_changes()
    }
}

/// What few requests have to remember: a member's for a page have none of it.
#[derive(Default)]
pub struct Special {
    /// Whose session it will be by what is known before the access phase, while nginx's limits are asked.
    pub foreseen: RefCell<Option<Foreseen>>,
    /// What was found then, for the access phase.
    pub kept: Cell<Option<Kept>>,
    /// Why the access phase let nobody in, which asks nginx's other modules first.
    pub closed: RefCell<Option<Closed>>,
    /// The form that it keeps for a login, or that was kept and is now sent.
    pub post: RefCell<Option<Posting>>,
    /// What it waits for.
    pub waiting: RefCell<Option<Waiting>>,
    /// The `Cookie` headers as the client sent them, once ours were taken out of the request.
    pub cookies_sent: OnceCell<Vec<ngx_table_elt_t>>,
    circumstances: OnceCell<Rc<Circumstances>>,
}

/// A session that opens one of the request's locations.
pub struct Foreseen {
    pub sp: Rc<Sp>,
    pub live: Rc<LiveSession>,
    location: *const Protection,
    visit: u32,
}

impl Foreseen {
    /// `live` opens the location of `r`, which is protected so.
    pub fn new(r: &Request, protection: &Rc<Protection>, live: Rc<LiveSession>) -> Self {
        let (location, visit) = (Rc::as_ptr(protection), r.as_ref().uri_changes());
        Self { sp: Rc::clone(&protection.sp), live, location, visit }
    }

    /// Is `r` still there? A limit that refuses leads to `error_page`, which may be anybody's.
    pub fn is_here(&self, r: &Request) -> bool {
        self.visit == r.as_ref().uri_changes()
            && SamlModule::location_conf(r)
                .and_then(|conf| conf.protection_at(r).ok().flatten())
                .is_some_and(|protection| Rc::as_ptr(protection) == self.location)
    }
}

/// What a look-up for an SP has found, and when.
pub struct Kept {
    pub sp: Rc<Sp>,
    pub at: Monotonic,
    pub found: Found,
}

/// Why a location lets somebody not in.
pub enum Closed {
    /// They must log in.
    Challenge(&'static Reason),
    /// Their session does not keep a rule.
    Denied(Unmet),
}

/// What a request waits for.
pub enum Waiting {
    /// The access phase, for a session; the SP whose it is.
    LookUp(Rc<Sp>, Suspension<Found>),
    /// The same, for whether this one is still what it was.
    Check(Rc<Sp>, Rc<LiveSession>, Suspension<bool>),
    /// The access phase, for the signature on the way to an IdP; at which of the request's locations.
    Signature(u32, Suspension<Result<Reply, Refusal>>),
    /// An endpoint.
    Errand(Errand),
}

/// How far a body was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrival {
    /// Nobody has asked for it.
    #[default]
    Unasked,
    /// The request waits for it.
    Coming,
    /// nginx has all of it.
    Whole,
}

/// A form on its way to the store, or back.
pub enum Posting {
    /// It is being stored; what it is known by.
    Keeping(PostToken, Suspension<Result<(), NotKept>>),
    /// It is being fetched.
    Taking(Suspension<Result<Option<PreservedPost>, Refusal>>),
}

/// Where the way round the rewrite phase has led so far. It is one visit's to a location: an internal
/// redirect back to it brings another method and another URI, and must be let in anew.
#[derive(Clone, Copy, Debug)]
pub enum Detour {
    /// To preaccess and access; the handler to come back to.
    Begun { visit: u32, back: ngx_int_t },
    /// The access phase let the request through.
    Over { visit: u32 },
}

impl Context {
    fn new(request: *const ngx_http_request_t) -> Self {
        Self {
            session: RefCell::default(),
            is_judged: Cell::default(),
            open_to: Cell::default(),
            detour: Cell::default(),
            body: Cell::default(),
            is_notice: Cell::default(),
            user_since: Cell::default(),
            special: OnceCell::default(),
            request,
        }
    }

    /// The context of `r`: a subrequest's own if it has one, else its main request's.
    pub fn of(r: &Request) -> Option<&Self> {
        let (main, own) = (r.as_ref().main, ptr::from_ref(r.as_ref()));
        let found = if r.is_main() { ptr::null_mut() } else { known(own) };
        let found = if found.is_null() { known(main) } else { found };
        // SAFETY: a Context lives until its request's pool, which outlives every use of r.
        unsafe { found.as_ref() }
    }

    /// The context of `r`, made in the main request when there is none. `None` = out of memory.
    pub fn of_or_new(r: &Request) -> Option<&Self> {
        Self::of(r).or_else(|| create(r.as_ref().main))
    }

    /// The context of the main request of `r`.
    pub fn of_main(r: &Request) -> Option<&Self> {
        // SAFETY: a Context lives until its request's pool, which outlives every use of r.
        unsafe { known(r.as_ref().main).as_ref() }
    }

    /// As [`Context::of_main`], made when there is none. `None` = out of memory.
    pub fn of_main_or_new(r: &Request) -> Option<&Self> {
        Self::of_main(r).or_else(|| create(r.as_ref().main))
    }

    /// A context for a subrequest alone: what it knows of the user is neither taken from its main
    /// request nor given to it. `None` = out of memory.
    pub fn of_subrequest(r: &mut Request) -> Option<&Self> {
        let own = known(ptr::from_ref(r.as_ref()));
        // SAFETY: a Context lives until its request's pool, which outlives every use of r.
        unsafe { own.as_ref() }.or_else(|| create(r.as_mut()))
    }

    /// A location that is protected so is open to this session.
    pub fn admit(&self, opened: Option<Opened>, protection: &Protection, live: Rc<LiveSession>) {
        *self.session.borrow_mut() = Some((Rc::clone(&protection.sp), live));
        self.open_to.set(opened);
    }

    /// What few have; made when there is none.
    pub fn special(&self) -> &Special {
        self.special.get_or_init(Box::default)
    }

    /// The same, when there is something.
    #[inline]
    pub fn known_special(&self) -> Option<&Special> {
        self.special.get().map(|special| &**special)
    }

    /// What `with` makes of the errand that the request waits for; `None` = it waits for none.
    pub fn with_errand<T>(&self, with: impl FnOnce(&mut Errand) -> T) -> Option<T> {
        match &mut *self.known_special()?.waiting.borrow_mut() {
            Some(Waiting::Errand(errand)) => Some(with(errand)),
            _ => None,
        }
    }

    /// `$saml_error`.
    pub fn error(&self) -> Option<&'static str> {
        self.known_special()?.circumstances.get()?.code.get()
    }

    /// The story that its request is told in.
    pub fn diary(&self) -> Option<&Diary> {
        self.known_special()?.circumstances.get()?.diagnosis.diary()
    }

    /// What a refusal can tell beside its reason. Most requests are not refused, and make none.
    pub fn circumstances(&self) -> &Rc<Circumstances> {
        self.special().circumstances.get_or_init(|| Rc::new(Circumstances::new(random::id)))
    }
}

/// The `Cookie` headers as the client sent them, when ours were taken out of the request.
#[inline]
pub fn cookies_sent(r: &Request) -> Option<&Vec<ngx_table_elt_t>> {
    Context::of_main(r)?.known_special()?.cookies_sent.get()
}

fn slot(r: *const ngx_http_request_t) -> *mut Context {
    // SAFETY: r is live; its slot holds null or our Context.
    unsafe { *(*r).ctx.add(SamlModule::module().ctx_index) }.cast()
}

fn create<'r>(r: *mut ngx_http_request_t) -> Option<&'r Context> {
    // SAFETY: the cleanup's data has room for a Context, aligned as nginx aligns its pool
    // allocations; it is written before the handler that drops it is set.
    unsafe {
        let cleanup = ngx_pool_cleanup_add((*r).pool, size_of::<Context>()).as_mut()?;
        let context = cleanup.data.cast::<Context>();
        context.write(Context::new(r));
        cleanup.handler = Some(drop_context);
        *(*r).ctx.add(SamlModule::module().ctx_index) = context.cast();
        context.as_ref()
    }
}

/// The context of exactly this request, or null.
fn known(r: *const ngx_http_request_t) -> *mut Context {
    let found = slot(r);
    if found.is_null() { survivor(r) } else { found }
}

/// An internal redirect empties the slot, not the pool: finds the request's context by its cleanup.
fn survivor(r: *const ngx_http_request_t) -> *mut Context {
    // SAFETY: r is live; a pool's cleanups are a null-terminated list.
    unsafe {
        if (*r).internal() == 0 && (*r).filter_finalize() == 0 {
            return ptr::null_mut();
        }
        let mut cleanup = (*(*r).pool).cleanup;
        while let Some(entry) = cleanup.as_ref() {
            let ours =
                entry.handler.is_some_and(|h| ptr::fn_addr_eq(h, drop_context as DropContext));
            if ours && (*entry.data.cast::<Context>()).request == r {
                *(*r).ctx.add(SamlModule::module().ctx_index) = entry.data;
                return entry.data.cast();
            }
            cleanup = entry.next;
        }
    }
    ptr::null_mut()
}

type DropContext = unsafe extern "C" fn(*mut c_void);

unsafe extern "C" fn drop_context(data: *mut c_void) {
    // SAFETY: nginx runs a cleanup once, with the data that `create` wrote.
    unsafe { data.cast::<Context>().drop_in_place() }
}
