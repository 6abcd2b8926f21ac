//! From directives to validated values: raw lines are collected while nginx reads, then made into
//! SPs, their IdPs and [`Store`](crate::store::Store) in one go, so that every
//! mistake shows at `nginx -t`.

mod block;
mod fitness;
mod idp;
mod memcached;
mod return_directive;
mod server;
mod slo_soap;
mod sp;
mod store;
mod surroundings;

use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_void};
use std::path::PathBuf;
use std::rc::Rc;
use std::{mem, ptr};

use nginx_sys::{
    NGX_HTTP_SATISFY_ANY, NGX_LOG_EMERG, NGX_LOG_WARN, ngx_command_t, ngx_conf_t,
    ngx_http_core_loc_conf_t, ngx_http_handler_pt,
};
use ngx::core::{NGX_CONF_ERROR, NGX_CONF_OK};
use ngx::http::{HttpModuleLocationConf, HttpModuleMainConf, NgxHttpCoreModule};
use ngx::ngx_log_error;

use ::sp::Preflight;
pub use server::ServerConf;
use settings::block::Block;
use settings::directive::apply;
use settings::files::Files;
use settings::location::{LOCATION_DIRECTIVES, RawHandler, RawLocation, location, unknown_sp};
use settings::place::{ConfigError, Given, Place};
use settings::raw::{RawIdp, RawPolicy, RawSp, RawStore};
use settings::sp::endpoints::RawEndpoint;
use settings::warnings::Warnings;
use surroundings::Surroundings;

use crate::clock::now;
use crate::module::{Location, PhaseHandler, SamlModule, Sp};

/// The blocks of `http`, raw and then validated.
#[derive(Default)]
pub struct MainConf {
    stores: Vec<RawStore>,
    idps: Vec<RawIdp>,
    raw_sps: Vec<RawSp>,
    endpoints: Vec<RawEndpoint>,
    /// Validated by [`MainConf::validate`].
    sps: Vec<Rc<Sp>>,
    /// Warnings about locations.
    warnings: RefCell<Warnings>,
    /// Some location wants that its `return` waits for the access phase.
    pub returns_content: Cell<bool>,
    /// Then the rewrite module's handler of the rewrite phase, whose place the module has taken.
    pub rewrite: Cell<Option<PhaseHandler>>,
    /// Some protected location says `satisfy any`.
    pub satisfies_any: Cell<bool>,
}

/// One `http`, `server` or `location`, raw and then validated.
#[derive(Default)]
pub struct LocConf {
    raw: RawLocation,
    /// Where a handler stands: what nginx calls there.
    content_handler: ngx_http_handler_pt,
    location: Location,
}

impl LocConf {
    /// What a request in this location runs on.
    pub fn location(&self) -> &Location {
        &self.location
    }
}

/// Setter of `saml_session_store`, `saml_idp` and `saml_sp`.
pub extern "C" fn set_block(
    cf: *mut ngx_conf_t,
    _cmd: *mut ngx_command_t,
    _conf: *mut c_void,
) -> *mut c_char {
    // SAFETY: nginx calls setters with a valid cf that nobody else holds.
    read_block(unsafe { &mut *cf })
}

fn read_block(cf: &mut ngx_conf_t) -> *mut c_char {
    let (kind, name) = match block::words(cf).as_deref() {
        Ok([kind, name]) => ((*kind).to_owned(), (*name).to_owned()),
        Ok(_) => return block::refuse(cf, "a SAML block takes one name"),
        Err(message) => return block::refuse(cf, &message.clone()),
    };
    let place = block::place(cf);
    let Some(main) = SamlModule::main_conf_mut(cf) else { return NGX_CONF_ERROR };
    let twin = match kind.as_str() {
        "saml_session_store" => main.stores.iter().find(|b| b.name == name).map(|b| &b.place),
        "saml_idp" => main.idps.iter().find(|b| b.name == name).map(|b| &b.place),
        _ => main.raw_sps.iter().find(|b| b.name == name).map(|b| &b.place),
    };
    if let Some(twin) = twin {
        let message = format!("\"{kind} {name}\" is defined already in {twin}; rename one");
        return block::refuse(cf, &message);
    }
    match kind.as_str() {
        "saml_session_store" => {
            let raw = RawStore { name, place, ..RawStore::default() };
            read_into(cf, raw, |main| &mut main.stores)
        }
        "saml_idp" => {
            let raw = RawIdp { name, place, ..RawIdp::default() };
            read_into(cf, raw, |main| &mut main.idps)
        }
        _ => {
            let raw = RawSp { name, place, ..RawSp::default() };
            read_into(cf, raw, |main| &mut main.raw_sps)
        }
    }
}

fn read_into<T: Block>(
    cf: &mut ngx_conf_t,
    mut raw: T,
    list: fn(&mut MainConf) -> &mut Vec<T>,
) -> *mut c_char {
    let outcome = block::parse(cf, &mut raw);
    if outcome != NGX_CONF_OK {
        return outcome;
    }
    let Some(main) = SamlModule::main_conf_mut(cf) else { return NGX_CONF_ERROR };
    list(main).push(raw);
    NGX_CONF_OK
}

/// Setter of every location directive.
pub extern "C" fn set_location(
    cf: *mut ngx_conf_t,
    cmd: *mut ngx_command_t,
    conf: *mut c_void,
) -> *mut c_char {
    // SAFETY: nginx calls setters with a valid cf and the command of the table, and with the LocConf
    // that our create_loc_conf made for this level. A command of an endpoint has its content handler.
    let (cf, conf, handler) = unsafe {
        let handler = mem::transmute::<*mut c_void, ngx_http_handler_pt>((*cmd).post);
        (&mut *cf, &mut *conf.cast::<LocConf>(), handler)
    };
    match apply_location(cf, conf, handler) {
        Ok(()) => NGX_CONF_OK,
        Err(message) => block::refuse(cf, &message),
    }
}

fn apply_location(
    cf: &mut ngx_conf_t,
    conf: &mut LocConf,
    handler: ngx_http_handler_pt,
) -> Result<(), String> {
    let had_endpoint = conf.raw.endpoint.is_some();
    let line = block::line(cf)?;
    apply(LOCATION_DIRECTIVES, &mut conf.raw, &line)
        .unwrap_or_else(|| Err(format!("unknown directive \"{}\"", line.name)))?;
    match &conf.raw.endpoint {
        Some(given) if !had_endpoint => {
            conf.content_handler = handler;
            register_endpoint(cf, given.value.clone(), given.place.clone(), handler)
        }
        _ => Ok(()),
    }
}

/// Makes the location a handler, and remembers its path for metadata and requests.
fn register_endpoint(
    cf: &mut ngx_conf_t,
    raw: RawHandler,
    place: Place,
    handler: ngx_http_handler_pt,
) -> Result<(), String> {
    let RawHandler { kind, sp, query } = raw;
    let core: &mut ngx_http_core_loc_conf_t =
        NgxHttpCoreModule::location_conf_mut(cf).ok_or("no location to handle")?;
    if core.handler.is_some() {
        return Err(format!(
            "\"{}\" in a location that has another handler already; give SAML its own location",
            kind.directive()
        ));
    }
    core.handler = handler;
    let path = core.name.to_str().map_err(|_| "the location's name is not UTF-8")?.to_owned();
    let exact = core.exact_match() != 0;
    let main = SamlModule::main_conf_mut(cf).ok_or("no http block")?;
    main.endpoints.push(RawEndpoint { kind, sp, path, query, exact, place });
    Ok(())
}

impl MainConf {
    /// Turns the raw blocks into validated ones, once all of `http` has been read.
    pub fn validate(cf: &mut ngx_conf_t) -> *mut c_char {
        let Some(main) = SamlModule::main_conf_mut(cf) else { return NGX_CONF_ERROR };
        let mut warnings = Warnings::default();
        let outcome = main.build(cf, &mut warnings);
        say(cf, &warnings);
        report(cf, outcome)
    }

    /// Looks at all of it together, once every level is merged.
    pub fn finish(cf: &mut ngx_conf_t) {
        let Some(main) = SamlModule::main_conf(cf) else { return };
        let mut warnings = Warnings::default();
        fitness::check(cf, &main.sps, &main.raw_sps, &mut warnings);
        say(cf, &warnings);
    }

    fn build(&mut self, cf: &mut ngx_conf_t, warnings: &mut Warnings) -> Result<(), ConfigError> {
        if self.stores.is_empty() && self.idps.is_empty() && self.raw_sps.is_empty() {
            return self.endpoints_have_sps();
        }
        let files = Files { conf_prefix: conf_prefix(cf) };
        let stores = store::all(cf, &self.stores, &self.raw_sps, &files, warnings)?;
        let around = Surroundings {
            cf,
            idps: &self.idps,
            stores: &stores,
            files: &files,
            endpoints: &self.endpoints,
            handler_paths: self.endpoints.iter().map(|e| e.path.clone()).collect(),
            now: now(),
        };
        for raw in &self.raw_sps {
            let sp = sp::sp(raw, &around, warnings)?;
            for other in &self.sps {
                sp::compare(&sp, other, raw, warnings)?;
            }
            self.sps.push(Rc::new(sp));
        }
        for raw in self.idps.iter().filter(|idp| !self.is_used(&idp.name)) {
            idp::idp(raw, &RawPolicy::default(), None, &around, warnings)?;
        }
        self.endpoints_have_sps()
    }

    fn is_used(&self, idp: &str) -> bool {
        self.raw_sps.iter().any(|sp| sp.idp.iter().any(|given| given.value == idp))
    }

    fn endpoints_have_sps(&self) -> Result<(), ConfigError> {
        match self.endpoints.iter().find(|e| !self.raw_sps.iter().any(|sp| sp.name == e.sp)) {
            Some(endpoint) => Err(unknown_sp(&endpoint.sp, &endpoint.place)),
            None => Ok(()),
        }
    }
}

impl LocConf {
    /// nginx's merge of one level with the level above.
    pub fn merge(cf: &mut ngx_conf_t, above: &Self, conf: &mut Self) -> *mut c_char {
        conf.raw.inherit(&above.raw);
        if let Err(error) = conf.inherit_endpoint(cf, above) {
            return report(cf, Err(error));
        }
        let Some(main) = SamlModule::main_conf(cf) else { return NGX_CONF_ERROR };
        let outcome = location(&conf.raw, &main.sps).map(|location| {
            ServerConf::note(cf, &conf.raw, &location);
            conf.location = location;
            conf.look_around(cf, main);
        });
        report(cf, outcome)
    }

    /// What nginx's own directives mean for a protected location.
    fn look_around(&mut self, cf: &ngx_conf_t, main: &MainConf) {
        let Some(given) = &self.raw.auth else { return };
        let Some(core) = NgxHttpCoreModule::location_conf(cf) else { return };
        if self.location.protection.is_none() || self.location.endpoint.is_some() {
            return;
        }
        if core.satisfy == NGX_HTTP_SATISFY_ANY as usize {
            main.satisfies_any.set(true);
        }
        if let Some(Given { value: Preflight::Pass, place }) = &self.raw.preflight {
            main.warn(
                cf,
                place,
                "\"auth_saml_preflight pass\" lets OPTIONS requests of anybody reach the \
                 application, which must answer them by their method alone; \
                 \"auth_saml_preflight answer\" keeps them away from it",
            );
        }
        if return_directive::gives_content(cf) {
            // The rewrite phase of a server has no location, and no access phase follows.
            if server::is_merged(cf) {
                main.warn(
                    cf,
                    &given.place,
                    "a \"return\" of the server answers before \"auth_saml\" is asked; put it into \
                     a location to protect it",
                );
            } else {
                self.location.returns_content = true;
                main.returns_content.set(true);
            }
        }
    }
}

impl MainConf {
    fn warn(&self, cf: &ngx_conf_t, place: &Place, message: &str) {
        if self.warnings.borrow_mut().add_new(place, message.to_owned()) {
            ngx_log_error!(NGX_LOG_WARN, cf.log, "{} in {}", message, place);
        }
    }
}

impl LocConf {
    /// An `if` or `limit_except` inside a handler's location is still that handler. Whoever else
    /// wants to answer there would answer unprotected.
    fn inherit_endpoint(&mut self, cf: &ngx_conf_t, above: &Self) -> Result<(), ConfigError> {
        let Some(core) = NgxHttpCoreModule::location_conf_mut(cf) else { return Ok(()) };
        if core.noname() != 0 && self.raw.endpoint.is_none() {
            self.raw.endpoint.clone_from(&above.raw.endpoint);
            self.content_handler = above.content_handler;
        }
        let (Some(given), Some(ours)) = (&self.raw.endpoint, self.content_handler) else {
            return Ok(());
        };
        // nginx asks a limit_except for its own handler, and serves files when there is none.
        let core_handler = core.handler.get_or_insert(ours);
        if ptr::fn_addr_eq(*core_handler, ours) {
            return Ok(());
        }
        Err(ConfigError::new(
            &given.place,
            format!(
                "the location of \"{}\" has another handler too (proxy_pass or the like); give SAML \
                 its own location",
                given.value.kind.directive()
            ),
        ))
    }
}

fn say(cf: &ngx_conf_t, warnings: &Warnings) {
    for (place, message) in warnings.iter() {
        ngx_log_error!(NGX_LOG_WARN, cf.log, "{} in {}", message, place);
    }
}

fn report(cf: &ngx_conf_t, outcome: Result<(), ConfigError>) -> *mut c_char {
    match outcome {
        Ok(()) => NGX_CONF_OK,
        Err(error) => {
            ngx_log_error!(NGX_LOG_EMERG, cf.log, "{}", error);
            NGX_CONF_ERROR
        }
    }
}

fn conf_prefix(cf: &ngx_conf_t) -> PathBuf {
    // SAFETY: cf.cycle is the cycle being configured; its conf_prefix is set before parsing.
    PathBuf::from(unsafe { (*cf.cycle).conf_prefix }.to_string())
}
