//! A directive that a block does not know: which was meant, or where it belongs.

use crate::nearest::nearest;

use crate::location::LOCATION_DIRECTIVES;
use crate::raw::{IDP_DIRECTIVES, POLICY_DIRECTIVES, SP_DIRECTIVES, STORE_DIRECTIVES};

/// The names that the block `kind` takes.
fn names(kind: &str) -> Vec<&'static str> {
    let policy = || POLICY_DIRECTIVES.iter().map(|d| d.name);
    match kind {
        "saml_session_store" => STORE_DIRECTIVES.iter().map(|d| d.name).collect(),
        "saml_idp" => IDP_DIRECTIVES.iter().map(|d| d.name).chain(policy()).collect(),
        "saml_sp" => SP_DIRECTIVES.iter().map(|d| d.name).chain(policy()).collect(),
        _ => LOCATION_DIRECTIVES.iter().map(|d| d.name).collect(),
    }
}

/// The error for `name` in a block of `kind`.
pub(crate) fn unknown_directive(name: &str, kind: &str) -> String {
    let what = format!("unknown directive \"{name}\" in \"{kind}\"");
    let others = ["saml_sp", "saml_idp", "saml_session_store", "location"];
    let others = || others.into_iter().filter(|other| *other != kind);
    let knowing: Vec<_> = others()
        .filter(|other| names(other).contains(&name))
        .map(|other| format!("\"{other}\""))
        .collect();
    if !knowing.is_empty() {
        return format!("{what}; it belongs into {}", knowing.join(" or "));
    }
    if let Some(meant) = nearest(name, names(kind)) {
        return format!("{what}; did you mean \"{meant}\"?");
    }
    let elsewhere = others().find_map(|other| Some((nearest(name, names(other))?, other)));
    match elsewhere {
        Some((meant, other)) => format!("{what}; did you mean \"{meant}\" of \"{other}\"?"),
        None => format!("{what}; see docs/directives.md"),
    }
}
