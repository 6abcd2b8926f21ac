//! How the parts fit together, once all of `http` is merged: what works, but surely not as meant.

use std::rc::Rc;

use sp::{EndpointKind, Sites, Sp};

use crate::raw::RawSp;
use crate::server::{Server, Use};
use crate::server_name::ServerName;
use crate::warnings::Warnings;

/// Warns of SPs and locations that no browser will use as meant.
pub fn check<S>(
    servers: &[Server<'_, S>],
    sps: &[Sites<Rc<Sp<S>>>],
    raw_sps: &[RawSp],
    warnings: &mut Warnings,
) {
    for sites in sps {
        let sp = sites.first();
        let Some(raw) = raw_sps.iter().find(|raw| raw.name == sp.name) else { continue };
        if sp.origins.len() > 1 {
            sites.iter().for_each(|site| warn_of_missing(servers, site, raw, warnings));
            servers.iter().for_each(|server| warn_of_foreign_names(server, sites, warnings));
        } else if let Some(lost) = lost_handler(servers, sp) {
            warn_of_host(lost, warnings);
        }
        let mut uses = servers.iter().flat_map(|server| &server.uses.protected);
        if !uses.any(|used| Rc::ptr_eq(&used.sp, sp)) {
            warnings.add(
                &raw.place,
                format!(
                    "saml_sp \"{0}\" protects nothing: no location has \"auth_saml {0};\"",
                    sp.name
                ),
            );
        }
    }
    for used in servers.iter().flat_map(|server| &server.uses.protected) {
        warn_of_cookie_path(used, warnings);
    }
}

/// A handler of the SP, when all stand where its browsers do not come.
fn lost_handler<'a, S>(
    servers: &'a [Server<'_, S>],
    sp: &Rc<Sp<S>>,
) -> Option<&'a Use<S, &'static str>> {
    let handlers = |is_wanted: bool| {
        servers.iter().find_map(|server| {
            let fits = server.takes(sp.cookies.host());
            let mut handlers = server.uses.handlers.iter();
            handlers.find(|used| fits == is_wanted && Rc::ptr_eq(&used.sp, sp))
        })
    };
    handlers(false).filter(|_| handlers(true).is_none())
}

/// Each origin of several needs the handlers that are not the same at all of them.
fn warn_of_missing<S>(
    servers: &[Server<'_, S>],
    site: &Sp<S>,
    raw: &RawSp,
    warnings: &mut Warnings,
) {
    let host = site.cookies.host();
    let is_there = |kind: EndpointKind| {
        let here = servers.iter().filter(|server| server.takes(host));
        let mut handlers = here.flat_map(|server| &server.uses.handlers);
        handlers.any(|used| used.sp.name == site.name && used.what == kind.directive())
    };
    let wanted = EndpointKind::ALL.iter().filter(|kind| !kind.is_same_everywhere());
    let missing: Vec<_> = wanted
        .filter(|kind| site.endpoints.get(**kind).is_some() && !is_there(**kind))
        .map(|kind| kind.directive())
        .collect();
    if missing.is_empty() {
        return;
    }
    warnings.add(
        raw.base_url.as_ref().map_or(&raw.place, |given| &given.place),
        format!(
            "saml_sp \"{}\" has no {} at \"{}\": no server whose \"server_name\" takes \"{host}\" has \
             such a location; add it there, or leave the origin out",
            site.name,
            missing.join(", "),
            site.base_url
        ),
    );
}

/// Where no origin of several is, nobody gets in.
fn warn_of_foreign_names<S>(
    server: &Server<'_, S>,
    sites: &Sites<Rc<Sp<S>>>,
    warnings: &mut Warnings,
) {
    let mut protected = server.uses.protected.iter();
    let Some(used) = protected.find(|used| Rc::ptr_eq(&used.sp, sites.first())) else { return };
    let is_foreign =
        |name: &&ServerName<'_>| !sites.iter().any(|site| name.takes(site.cookies.host()));
    let foreign: Vec<_> = server.names.iter().filter(is_foreign).map(ToString::to_string).collect();
    if foreign.is_empty() {
        return;
    }
    warnings.add(
        &used.place,
        format!(
            "\"auth_saml {0}\" stands in a server with the \"server_name\" {1}, where no \"base_url\" of \
             saml_sp \"{0}\" is: nobody gets in by that; add the origin to \"base_url\", or let another \
             server have the name",
            used.sp.name,
            foreign.join(" ")
        ),
    );
}

fn warn_of_host<S>(used: &Use<S, &str>, warnings: &mut Warnings) {
    let Use { sp, what, place } = used;
    let host = sp.cookies.host();
    warnings.add(
        place,
        format!(
            "\"{what} {0}\" stands in a server whose \"server_name\" does not take \"{host}\", the \
             host of \"base_url\" of saml_sp \"{0}\": browsers are sent there, and will not come \
             here; fix one of the two",
            sp.name
        ),
    );
}

fn warn_of_cookie_path<S>(used: &Use<S, Option<String>>, warnings: &mut Warnings) {
    let Use { sp, what: Some(path), place } = used else { return };
    if !sp.cookies.reach(path) {
        warnings.add(
            place,
            format!(
                "location \"{path}\" wants a session of saml_sp \"{}\" and lies outside its \
                 \"cookie_path\" \"{}\": browsers send no session there, and logins will not end; \
                 widen the path, or protect only what is below it",
                sp.name,
                sp.cookies.path()
            ),
        );
    }
}
