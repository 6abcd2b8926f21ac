//! A directive that a block does not know: which was meant, or where it belongs.

use sp::EndpointKind;

use crate::directive::Directive;
use crate::nearest::nearest;
use crate::raw::{
    FORWARD_AUTH, OperatorPage, RawHttp, RawIdp, RawLocation, RawPolicy, RawRequest, RawSp,
    RawStore,
};

/// The names that the block `kind` takes.
fn names(kind: &str) -> Vec<&'static str> {
    fn of<T>(table: &[Directive<T>]) -> impl Iterator<Item = &'static str> {
        table.iter().map(|directive| directive.name)
    }
    let policy = of(RawPolicy::DIRECTIVES).chain(of(RawRequest::DIRECTIVES));
    match kind {
        "http" => of(RawHttp::DIRECTIVES).collect(),
        "saml_session_store" => of(RawStore::DIRECTIVES).collect(),
        "saml_idp" => of(RawIdp::DIRECTIVES).chain(policy).collect(),
        "saml_sp" => of(RawSp::DIRECTIVES).chain(policy).collect(),
        _ => {
            let endpoints = EndpointKind::ALL.iter().map(|kind| kind.directive());
            let pages = OperatorPage::ALL.iter().map(|page| page.directive());
            let others = pages.chain([FORWARD_AUTH]);
            of(RawLocation::DIRECTIVES).chain(endpoints).chain(others).collect()
        }
    }
}

/// The error for `name` in a block of `kind`.
pub(crate) fn unknown_directive(name: &str, kind: &str) -> String {
    let what = format!("unknown directive \"{name}\" in \"{kind}\"");
    let others = ["saml_sp", "saml_idp", "saml_session_store", "location", "http"];
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::names;

    #[test]
    fn no_table_has_a_name_twice() {
        for kind in ["saml_session_store", "saml_idp", "saml_sp", "location"] {
            let names = names(kind);
            assert!(names.len() > 10, "{kind}");
            assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "{kind}");
        }
    }
}
