//! What of an SP depends on the origin at which the browser is.

use std::rc::Rc;

use http::HttpUrl;
use session::SpId;
use sp::{Cookies, EndpointKind, Endpoints, ReturnTargets, Sites};

use super::cookies::cookies;
use super::endpoints::endpoints;
use super::return_targets::{return_targets, target};
use crate::host::Host;
use crate::place::{ConfigError, Given};
use crate::raw::RawSp;
use crate::surroundings::Surroundings;

/// An SP at one of its origins.
pub(super) struct Site {
    pub(super) base_url: String,
    pub(super) id: SpId,
    pub(super) endpoints: Endpoints,
    pub(super) cookies: Cookies,
    pub(super) return_targets: ReturnTargets,
    pub(super) login_redirect: String,
    pub(super) logout_redirect: Option<String>,
}

/// Validates what the lines come to at `origin`, one of `origins`.
///
/// # Errors
/// They cannot be used there.
pub(super) fn site<H: Host>(
    raw: &RawSp,
    origin: &str,
    origins: &Sites<String>,
    entity_id: &str,
    around: &Surroundings<'_, H>,
) -> Result<Site, ConfigError> {
    let endpoints = endpoints(raw, origin, around.endpoints)?;
    let others = origins.iter().filter(|other| *other != origin).cloned().collect();
    let targets = return_targets(raw, origin, others, Rc::clone(&around.handler_paths))?;
    let front_page = || Given { value: "/".to_owned(), place: raw.place.clone() };
    let login_redirect = raw.login_redirect.clone().unwrap_or_else(front_page);
    let login_redirect = target(&targets, "login_redirect", &login_redirect)?;
    let logout_redirect = raw.logout_redirect.as_ref();
    let logout_redirect =
        logout_redirect.map(|given| target(&targets, "logout_redirect", given)).transpose()?;
    let id = SpId::new(entity_id, keeper(raw, origin, origins));
    let cookies = cookies(raw, origin, id)?;
    see_at_logout(raw, origin, &endpoints, &cookies)?;
    Ok(Site {
        base_url: origin.to_owned(),
        id,
        endpoints,
        cookies,
        return_targets: targets,
        login_redirect,
        logout_redirect,
    })
}

/// The first origin with which this one shares its session cookie: by `cookie_domain`, or because it is
/// another port of the host, which cookies know nothing of. What is sealed or stored at one is nothing at
/// others.
fn keeper<'a>(raw: &RawSp, origin: &'a str, origins: &'a Sites<String>) -> &'a str {
    let part = |origin: &str| {
        let host = |url: HttpUrl<'_>| url.host().to_owned();
        let host = HttpUrl::parse(origin).filter(|_| raw.cookie_domain.is_none()).map(host);
        // Those of https have names of their own.
        (origin.starts_with("https:"), host)
    };
    origins.iter().find(|other| part(other) == part(origin)).map_or(origin, String::as_str)
}

/// A logout must see the session's cookie.
fn see_at_logout(
    raw: &RawSp,
    origin: &str,
    endpoints: &Endpoints,
    cookies: &Cookies,
) -> Result<(), ConfigError> {
    let logout = endpoints.get(EndpointKind::Logout).and_then(|url| url.strip_prefix(origin));
    match (&raw.cookie_path, logout) {
        (Some(given), Some(path)) if !cookies.reach(path) => Err(ConfigError::new(
            &given.place,
            format!(
                "\"cookie_path\" \"{}\" hides the session from saml_logout at \"{path}\"; \
                 put saml_logout below it",
                given.value
            ),
        )),
        _ => Ok(()),
    }
}
