//! What a `server` has to do with SPs: which of them its locations use, and whose cookies browsers
//! send to it.

use std::rc::Rc;

use nginx_sys::{
    ngx_conf_t, ngx_http_conf_ctx_t, ngx_http_core_loc_conf_t, ngx_http_core_srv_conf_t,
    ngx_http_server_name_t,
};
use ngx::http::{
    HttpModuleLocationConf, HttpModuleMainConf, HttpModuleServerConf, NgxHttpCoreModule,
};
use settings::ServerName;

use settings::location::RawLocation;
use settings::place::Place;

use crate::module::{Location, SamlModule, Sp};

/// One `server`.
#[derive(Default)]
pub struct ServerConf {
    /// The SPs whose cookies come here, each once.
    sps: Vec<Rc<Sp>>,
    /// `auth_saml`, with the path where the location has one.
    pub protected: Vec<Use<Option<String>>>,
    /// The handlers, with their directives.
    pub handlers: Vec<Use<&'static str>>,
}

/// One use of an SP.
pub struct Use<T> {
    pub sp: Rc<Sp>,
    pub what: T,
    pub place: Place,
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

    /// Remembers what one of its locations is for.
    pub fn note(cf: &ngx_conf_t, raw: &RawLocation, location: &Location) {
        let Some(server) = SamlModule::server_conf_mut(cf) else { return };
        if let (Some((kind, sp)), Some(given)) = (&location.endpoint, &raw.endpoint) {
            server.add(sp);
            let (sp, place) = (Rc::clone(sp), given.place.clone());
            server.handlers.push(Use { sp, what: kind.directive(), place });
        } else if let (Some(protection), Some(given)) = (&location.protection, &raw.auth) {
            server.add(&protection.sp);
            let what = NgxHttpCoreModule::location_conf(cf).and_then(path);
            let (sp, place) = (Rc::clone(&protection.sp), given.place.clone());
            server.protected.push(Use { sp, what, place });
        }
    }

    /// Its requests may bring cookies of this SP.
    pub fn add(&mut self, sp: &Rc<Sp>) {
        if !self.sps.iter().any(|known| Rc::ptr_eq(known, sp)) {
            self.sps.push(Rc::clone(sp));
        }
    }
}

/// Is it the `server` itself that nginx merges, not one of its locations? Those may have no name either.
pub fn is_merged(cf: &ngx_conf_t) -> bool {
    let Some(server) = NgxHttpCoreModule::server_conf(cf) else { return false };
    // SAFETY: nginx merges with the contexts of `http` in cf, and each server has the one it was read in.
    unsafe { (*cf.ctx.cast::<ngx_http_conf_ctx_t>()).loc_conf == (*server.ctx).loc_conf }
}

/// The path that a location's name is; `None` where it is none: a regular expression, a named
/// location, an `if`, the server itself.
fn path(core: &ngx_http_core_loc_conf_t) -> Option<String> {
    let is_path = core.noname() == 0 && core.named() == 0 && core.regex.is_null();
    let name = core.name.to_str().ok()?;
    (is_path && name.starts_with('/')).then(|| name.to_owned())
}

/// Every `server` of `http`: its names, and what it has to do with SPs.
pub fn all(cf: &ngx_conf_t) -> Vec<(Vec<ServerName<'static>>, &'static mut ServerConf)> {
    let Some(core) = NgxHttpCoreModule::main_conf(cf) else { return Vec::new() };
    // SAFETY: nginx keeps an array of pointers to its servers, each with the context it was read in.
    let servers: &[*mut ngx_http_core_srv_conf_t] = unsafe { core.servers.as_slice() };
    servers
        .iter()
        .filter_map(|server| {
            // SAFETY: as above.
            let server = unsafe { server.as_ref()? };
            // SAFETY: as above; nothing else of ours is held while nginx is in postconfiguration.
            let own = SamlModule::server_conf_mut(unsafe { server.ctx.as_ref()? })?;
            Some((names(server), own))
        })
        .collect()
}

fn names(server: &'static ngx_http_core_srv_conf_t) -> Vec<ServerName<'static>> {
    // SAFETY: nginx keeps an array of names, one empty one where none is given.
    let names: &[ngx_http_server_name_t] = unsafe { server.server_names.as_slice() };
    names
        .iter()
        .map(|name| match name.name.to_str() {
            Ok(text) if name.regex.is_null() => ServerName::new(text),
            _ => ServerName::Regex,
        })
        .collect()
}
