//! The servers of nginx: what their locations have to do with SPs, and whose cookies browsers send to
//! them.

use nginx_sys::{
    ngx_conf_t, ngx_http_conf_ctx_t, ngx_http_core_loc_conf_t, ngx_http_core_srv_conf_t,
    ngx_http_server_name_t,
};
use ngx::http::{
    HttpModuleLocationConf, HttpModuleMainConf, HttpModuleServerConf, NgxHttpCoreModule,
};
use settings::{RawLocation, Server, ServerName, Warnings};
use sp::Sites;

use crate::module::{Location, MainConf, SamlModule, ServerConf};

/// Remembers what one of its locations is for.
pub fn note(cf: &ngx_conf_t, raw: &RawLocation, location: &Location) {
    let Some(server) = SamlModule::server_conf_mut(cf) else { return };
    let path = || NgxHttpCoreModule::location_conf(cf).and_then(path);
    server.uses.note(raw, location, path);
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

/// Warns of what does not fit together, and settles which servers get the cookies of which SPs.
pub fn check(cf: &ngx_conf_t, main: &MainConf, warnings: &mut Warnings) {
    let servers = all(cf);
    let views: Vec<_> =
        servers.iter().map(|(names, own)| Server { names, uses: &own.uses }).collect();
    settings::check(&views, &main.sps, &main.blocks.sps, warnings);
    for (names, own) in servers {
        let server = Server { names: &names, uses: &own.uses };
        let all = main.sps.iter().flat_map(Sites::iter);
        let coming: Vec<_> = all.filter(|sp| server.gets(sp)).collect();
        for sp in coming {
            own.add(sp);
        }
    }
}

/// Every `server` of `http`: its names, and what it has to do with SPs.
fn all(cf: &ngx_conf_t) -> Vec<(Vec<ServerName<'static>>, &'static mut ServerConf)> {
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
