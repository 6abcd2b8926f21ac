//! A message of an IdP's that comes to a page in the place of the ACS: somebody has typed a wrong URL there.

use http::{Headers, HttpUrl};
use saml::refusal::quote;

use crate::sp::Sp;

/// Arguments that carry messages (Bindings 3.4.3, 3.6.3).
const PARAMETERS: [&str; 3] = ["SAMLResponse", "SAMLRequest", "SAMLart"];

/// What a form looks like that an IdP has had a browser post. It is not read: it comes from where an IdP is
/// (Fetch 3.2).
pub(super) fn in_form<S>(sp: &Sp<S>, head: &impl Headers) -> Option<String> {
    let of_sso = |url: &str| HttpUrl::parse(url).map(|url| url.origin());
    let mut idps = sp.idps.enabled().filter_map(|idp| idp.current());
    let origin = head.first("origin")?;
    let origin =
        idps.find_map(|idp| of_sso(&idp.sso.location).filter(|known| known.as_bytes() == origin))?;
    Some(format!("a form from {}, where an IdP is,", quote(&origin)))
}

/// The same of a query.
pub(super) fn in_query(query: &str) -> Option<String> {
    let mut names = query.split('&').filter_map(|pair| pair.split('=').next());
    let name = names.find(|name| PARAMETERS.contains(name))?;
    Some(format!("{} in the query", quote(name)))
}

/// A sentence for the administrator, when `what` has come to `path`.
pub(super) fn sentence<S>(sp: &Sp<S>, what: &str, path: &str) -> String {
    format!(
        "{what} has come to {}, which is no endpoint: if that is a message of the IdP's, let it send \
         messages to {}, the ACS of saml_sp \"{}\"",
        quote(path),
        quote(sp.endpoints.acs()),
        sp.name
    )
}
