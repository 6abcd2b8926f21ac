//! Where an SP's handlers live: `base_url`, the `location =` that carries each, and its query.

use super::directive::{ConfigError, Place};
use super::location::EndpointKind;
use super::raw::RawSp;

/// A handler directive as found while reading.
#[derive(Clone, Debug)]
pub struct RawEndpoint {
    pub kind: EndpointKind,
    pub sp: String,
    /// The location's name, `/saml/acs`.
    pub path: String,
    /// What follows it in metadata and messages: `?…`, or nothing.
    pub query: String,
    /// Is it a `location = …`?
    pub exact: bool,
    pub place: Place,
}

/// The SP's endpoints: paths at first, absolute URLs after [`Endpoints::absolute`].
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    pub acs: String,
    pub sls: Option<String>,
    pub login: Option<String>,
    pub logout: Option<String>,
    pub metadata: Option<String>,
}

impl Endpoints {
    /// Picks the handlers of the SP `name`.
    ///
    /// # Errors
    /// A handler outside a `location =`, or the same handler under two paths: the IdP knows one.
    pub fn of(name: &str, found: &[RawEndpoint]) -> Result<Self, ConfigError> {
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
        Ok(Self {
            acs: path_of(name, EndpointKind::Acs, found)?.unwrap_or_default(),
            sls: path_of(name, EndpointKind::Sls, found)?,
            login: path_of(name, EndpointKind::Login, found)?,
            logout: path_of(name, EndpointKind::Logout, found)?,
            metadata: path_of(name, EndpointKind::Metadata, found)?,
        })
    }

    /// Makes the paths absolute; an SP without an ACS cannot work.
    pub fn absolute(self, base_url: &str, raw: &RawSp) -> Result<Self, ConfigError> {
        if self.acs.is_empty() {
            return Err(ConfigError::new(
                &raw.place,
                format!(
                    "saml_sp \"{0}\" has no ACS: add \"location = /saml/acs {{ saml_acs {0}; }}\" \
                     to its server",
                    raw.name
                ),
            ));
        }
        let url = |path: String| format!("{base_url}{path}");
        Ok(Self {
            acs: url(self.acs),
            sls: self.sls.map(url),
            login: self.login.map(url),
            logout: self.logout.map(url),
            metadata: self.metadata.map(url),
        })
    }
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
