//! How the parts fit together, once all of `http` is merged: what works, but surely not as meant.

use std::rc::Rc;

use sp::Sp;

use crate::raw::RawSp;
use crate::server::{Server, Use};
use crate::warnings::Warnings;

/// Warns of SPs and locations that no browser will use as meant.
pub fn check<S>(
    servers: &[Server<'_, S>],
    sps: &[Rc<Sp<S>>],
    raw_sps: &[RawSp],
    warnings: &mut Warnings,
) {
    for sp in sps {
        let handlers = |is_wanted: bool| {
            servers.iter().find_map(|server| {
                let fits = server.takes(sp.cookies.host());
                let mut handlers = server.uses.handlers.iter();
                handlers.find(|used| fits == is_wanted && Rc::ptr_eq(&used.sp, sp))
            })
        };
        if let (None, Some(lost)) = (handlers(true), handlers(false)) {
            warn_of_host(lost, warnings);
        }
        let mut uses = servers.iter().flat_map(|server| &server.uses.protected);
        let raw = raw_sps.iter().find(|raw| raw.name == sp.name);
        if let (Some(raw), false) = (raw, uses.any(|used| Rc::ptr_eq(&used.sp, sp))) {
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
