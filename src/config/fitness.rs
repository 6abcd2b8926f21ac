//! How the parts fit together, once all of `http` is merged: what works, but surely not as meant.

use std::rc::Rc;

use ::sp::Cookies;
use nginx_sys::ngx_conf_t;
use settings::ServerName;

use settings::raw::RawSp;
use settings::warnings::Warnings;

use super::server::{self, ServerConf, Use};
use crate::module::Sp;

/// Settles which servers get whose cookies, and warns.
pub fn check(cf: &ngx_conf_t, sps: &[Rc<Sp>], raw_sps: &[RawSp], warnings: &mut Warnings) {
    let servers = server::all(cf);
    for sp in sps {
        let takes = |used: &Use<&str>, is_wanted: bool| Rc::ptr_eq(&used.sp, sp) && is_wanted;
        let handlers = |is_wanted: bool| {
            servers.iter().find_map(|(names, own)| {
                let fits = names.iter().any(|name| name.takes(sp.cookies.host()));
                own.handlers.iter().find(|used| takes(used, fits == is_wanted))
            })
        };
        if let (None, Some(lost)) = (handlers(true), handlers(false)) {
            warn_of_host(lost, warnings);
        }
        let uses = || servers.iter().flat_map(|(_, own)| &own.protected);
        let raw = raw_sps.iter().find(|raw| raw.name == sp.name);
        if let (Some(raw), false) = (raw, uses().any(|used| Rc::ptr_eq(&used.sp, sp))) {
            warnings.add(
                &raw.place,
                format!(
                    "saml_sp \"{0}\" protects nothing: no location has \"auth_saml {0};\"",
                    sp.name
                ),
            );
        }
    }
    for used in servers.iter().flat_map(|(_, own)| &own.protected) {
        warn_of_cookie_path(used, warnings);
    }
    for (names, own) in servers {
        for sp in sps.iter().filter(|sp| come_to(&names, &sp.cookies)) {
            ServerConf::add(own, sp);
        }
    }
}

fn warn_of_host(used: &Use<&str>, warnings: &mut Warnings) {
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

fn warn_of_cookie_path(used: &Use<Option<String>>, warnings: &mut Warnings) {
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

/// May browsers send these cookies to a server of these names (RFC 6265 5.1.3; ports do not count)?
fn come_to(names: &[ServerName<'_>], cookies: &Cookies) -> bool {
    names.iter().any(|name| match cookies.domain() {
        Some(domain) => name.takes_below(domain),
        None => name.takes(cookies.host()),
    })
}
