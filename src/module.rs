//! The module as nginx's configuration has it: what nginx keeps for it at each level, and what it runs
//! on.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use nginx_sys::{ngx_http_handler_pt, ngx_http_request_t, ngx_int_t};
use ngx::http::{
    HttpModule, HttpModuleLocationConf, HttpModuleMainConf, HttpModuleServerConf, Request,
};
use saml::refusal::Refusal;
use settings::{Blocks, CoreDump, MetadataSource, RawLocation, Uses, Warnings};
use sp::{EndpointKind, Sites};

use crate::attribute_variable::Prepared;
use crate::audit::{AuditLog, Hide};
use crate::board::BoardZone;
use crate::counters::Counters;
use crate::event::{Resource, ThreadPool};
use crate::request_host::{forwarded_host, request_host};
use crate::sessions::Sessions;
use crate::store::SharedStore;

/// The module, as ngx's traits want it.
pub struct SamlModule;

/// A handler of one of nginx's phases.
pub type PhaseHandler = unsafe extern "C" fn(*mut ngx_http_request_t) -> ngx_int_t;

/// An SP whose sessions are in nginx's shared memory, or in memcached.
pub type Sp = sp::Sp<Sessions>;

/// What a location runs on.
pub type Location = sp::Location<Sessions>;

/// How a location is protected.
pub type Protection = sp::Protection<Sessions>;

/// `http`, raw and then checked.
#[derive(Default)]
pub struct MainConf {
    pub blocks: Blocks,
    /// Made of the blocks, when all of `http` has been read.
    pub sps: Vec<Sites<Rc<Sp>>>,
    /// Where the IdPs' metadata comes from.
    pub sources: Vec<Rc<MetadataSource<Resource>>>,
    /// Where workers tell each other about metadata; `None` = none comes from a URL.
    pub board: Option<&'static BoardZone>,
    /// Where records of what happens go.
    pub audit_logs: Vec<AuditLog>,
    /// What all workers count together; `None` = there is no SP.
    pub counters: Option<&'static Counters>,
    /// The largest `auth_saml_preserve_post`, bytes; 0 = there is none.
    pub largest_post: usize,
    /// Some location has `saml_debug`.
    pub records: bool,
    /// Some location is `saml_status`.
    pub shows_status: bool,
    /// Then where stories are kept.
    pub stories: Option<&'static SharedStore>,
    /// Where private keys are used; `None` = in the event loop.
    pub crypto_threads: Option<ThreadPool>,
    /// Warnings about locations.
    pub warnings: RefCell<Warnings>,
    /// Some location wants that its `return` waits for the access phase.
    pub returns_content: Cell<bool>,
    /// Then the rewrite module's handler of the rewrite phase, whose place the module has taken.
    pub rewrite: Cell<Option<PhaseHandler>>,
    /// Some protected location says `satisfy any`.
    pub satisfies_any: Cell<bool>,
    /// The variables of attributes that the configuration asks for.
    pub attribute_variables: OnceCell<Prepared>,
}

impl MainConf {
    /// Where records of what happens go, and the hash by which they name somebody: nobody finds out who that is
    /// without the store's secret, and the same person is the same.
    pub fn audit(&self) -> (Vec<AuditLog>, Box<Hide>) {
        let sps: Vec<_> = self.sps.iter().map(|sites| Rc::clone(sites.first())).collect();
        let hide = move |sp: &str, name_id: &str| {
            let sp = sps.iter().find(|known| known.name == sp)?;
            let keys = sp.sessions.store.secrets().ok()?.keys_of_name(&["audit", name_id]).ok()?;
            let octets = keys.first()?.as_bytes().iter().take(16);
            Some(octets.map(|octet| format!("{octet:02x}")).collect())
        };
        (self.audit_logs.clone(), Box::new(hide))
    }

    /// What core dumps hold: where there is no SP, nothing of ours is in them.
    pub fn core_dump(&self) -> CoreDump {
        match &self.blocks.http.core_dump {
            _ if self.sps.is_empty() => CoreDump::Full,
            Some(given) => given.value,
            None => CoreDump::default(),
        }
    }
}

// SAFETY: create_main_conf makes a MainConf.
unsafe impl HttpModuleMainConf for SamlModule {
    type MainConf = MainConf;
}

/// One `server`.
#[derive(Default)]
pub struct ServerConf {
    /// The SPs whose cookies come here, one of all whose cookies have the same names.
    sps: Vec<Rc<Sp>>,
    pub uses: Uses<Sessions>,
}

impl ServerConf {
    /// Does any cookie of ours come here?
    pub fn has_cookies(&self) -> bool {
        !self.sps.is_empty()
    }

    /// Is a cookie of this name one of ours?
    pub fn owns_cookie(&self, name: &[u8]) -> bool {
        self.sps.iter().any(|sp| sp.cookies.owns(name))
    }

    /// Its requests may bring cookies of this SP.
    pub fn add(&mut self, sp: &Rc<Sp>) {
        if !self.sps.iter().any(|known| known.cookies.have_names_of(&sp.cookies)) {
            self.sps.push(Rc::clone(sp));
        }
    }
}

// SAFETY: create_srv_conf makes a ServerConf.
unsafe impl HttpModuleServerConf for SamlModule {
    type ServerConf = ServerConf;
}

/// One `http`, `server` or `location`, raw and then checked.
#[derive(Default)]
pub struct LocConf {
    pub raw: RawLocation,
    /// Where a handler stands: what nginx calls there.
    pub content_handler: ngx_http_handler_pt,
    pub location: Location,
}

impl LocConf {
    /// What a request in this location runs on.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// How the location is protected at the origin where `r` is; `None` = it is open to all.
    ///
    /// # Errors
    /// As [`Location::protection_at`].
    #[inline]
    pub fn protection_at(&self, r: &Request) -> Result<Option<&Rc<Protection>>, Refusal> {
        self.location.protection_at(|| match self.location.forward_auth {
            None => request_host(r),
            Some(_) => forwarded_host(r),
        })
    }

    /// The endpoint that the location is, and its SP at the origin where `r` is; `None` = it is none.
    ///
    /// # Errors
    /// As [`Location::endpoint_at`].
    pub fn endpoint_at(&self, r: &Request) -> Result<Option<(EndpointKind, &Rc<Sp>)>, Refusal> {
        self.location.endpoint_at(|| request_host(r))
    }
}

/// Is `r` a proxy's question who somebody is (`saml_auth`)?
pub fn is_asked_by_proxy(r: &Request) -> bool {
    SamlModule::location_conf(r).is_some_and(|conf| conf.location.forward_auth.is_some())
}

/// Is `r` in a location without `auth_saml` and without a handler of ours, to which no other has led it?
#[inline]
pub fn is_nothing_of_ours(r: &Request) -> bool {
    let request = r.as_ref();
    let is_open = SamlModule::location_conf(r)
        .is_some_and(|conf| conf.location.protection.is_none() && conf.location.endpoint.is_none());
    // SAFETY: nginx gives each module a slot in the live request.
    let knows_nothing = unsafe { *request.ctx.add(SamlModule::module().ctx_index) }.is_null();
    // An internal redirect empties the slot.
    is_open && knows_nothing && request.internal() == 0 && request.filter_finalize() == 0
}

// SAFETY: create_loc_conf makes a LocConf.
unsafe impl HttpModuleLocationConf for SamlModule {
    type LocationConf = LocConf;
}
