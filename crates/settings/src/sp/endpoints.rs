//! Where an SP's handlers live: `base_url`, the `location =` that carries each, and its query.

use sp::{EndpointKind, Endpoints};

use crate::place::ConfigError;
use crate::raw::{RawEndpoint, RawSp};

/// The endpoints of the SP `raw`, absolute.
///
/// # Errors
/// A handler outside a `location =`, the same handler under two paths (the IdP knows one), or no ACS.
pub(super) fn endpoints(
    raw: &RawSp,
    base_url: &str,
    found: &[RawEndpoint],
) -> Result<Endpoints, ConfigError> {
    let mut urls = Vec::new();
    for &kind in EndpointKind::ALL {
        let path = path_of(&raw.name, kind, found)?;
        urls.extend(path.map(|path| (kind, format!("{base_url}{path}"))));
    }
    Endpoints::new(urls).ok_or_else(|| {
        ConfigError::new(
            &raw.place,
            format!(
                "saml_sp \"{0}\" has no ACS: add \"location = /saml/acs {{ saml_acs {0}; }}\" \
                 to its server",
                raw.name
            ),
        )
    })
}

/// Are the handlers of the SP `name` where IdPs can find them?
///
/// # Errors
/// One of them is not.
pub(super) fn check(name: &str, found: &[RawEndpoint]) -> Result<(), ConfigError> {
    for endpoint in found.iter().filter(|e| e.sp == name) {
        if !endpoint.exact {
            return Err(ConfigError::new(
                &endpoint.place,
                format!(
                    "\"{}\" must stand in a \"location = /path\": IdPs know one exact URL",
                    endpoint.kind.directive()
                ),
            ));
        }
        if !is_url_path(&endpoint.path) {
            return Err(ConfigError::new(
                &endpoint.place,
                format!(
                    "\"{}\" stands in location \"{}\", which is no plain URL path; use letters, \
                     digits and -._~/",
                    endpoint.kind.directive(),
                    endpoint.path.escape_debug()
                ),
            ));
        }
    }
    for &kind in EndpointKind::ALL {
        path_of(name, kind, found)?;
    }
    Ok(())
}

/// A path that means the same to every IdP and needs no escaping anywhere.
fn is_url_path(path: &str) -> bool {
    path.starts_with('/')
        && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/@!$'()*+,;=:".contains(&b))
}

fn path_of(
    name: &str,
    kind: EndpointKind,
    found: &[RawEndpoint],
) -> Result<Option<String>, ConfigError> {
    let mut path: Option<String> = None;
    for endpoint in found.iter().filter(|e| e.sp == name && e.kind == kind) {
        let this = [endpoint.path.as_str(), &endpoint.query].concat();
        match path {
            Some(first) if first != this => {
                return Err(ConfigError::new(
                    &endpoint.place,
                    format!(
                        "\"{} {name}\" stands at \"{first}\" and at \"{this}\"; leave one, \
                         or define another saml_sp",
                        kind.directive()
                    ),
                ));
            }
            _ => path = Some(this),
        }
    }
    Ok(path)
}
