//! The `cookie_…` settings of an SP, checked against its `base_url`.

use http::HttpUrl;
use session::{CookieNameError, SameSite, SpId};
use sp::{CookieAttributes, Cookies};

use crate::place::{ConfigError, Given};
use crate::raw::RawSp;

/// Validates the settings.
///
/// # Errors
/// Browsers would not take the cookies, or not bring them back.
pub(super) fn cookies(raw: &RawSp, base_url: &str, sp: SpId) -> Result<Cookies, ConfigError> {
    let secure = base_url.starts_with("https:");
    let path = path(raw)?;
    let domain = domain(raw, base_url)?;
    let same_site = same_site(raw, secure)?;
    let host = HttpUrl::parse(base_url).map(|url| url.host().to_ascii_lowercase());
    let host = host.unwrap_or_default();
    let partitioned = partitioned(raw, same_site)?;
    let attributes = CookieAttributes { secure, host, path, domain, same_site, partitioned };
    let given = raw.cookie_name.as_ref();
    let name = given.map_or("saml_session", |g| g.value.as_str());
    Cookies::new(name, attributes, sp).map_err(|e: CookieNameError| {
        ConfigError::new(
            given.map_or(&raw.place, |g| &g.place),
            format!("\"cookie_name\" \"{name}\": {e}"),
        )
    })
}

fn path(raw: &RawSp) -> Result<String, ConfigError> {
    match &raw.cookie_path {
        None => Ok("/".into()),
        Some(g) if g.value.starts_with('/') && session::cookie::is_attribute_value(&g.value) => {
            Ok(g.value.clone())
        }
        Some(g) => Err(refuse(g, "cookie_path", "must be a path that begins with \"/\"")),
    }
}

fn domain(raw: &RawSp, base_url: &str) -> Result<Option<String>, ConfigError> {
    let Some(given) = &raw.cookie_domain else { return Ok(None) };
    let domain = given.value.trim_start_matches('.').to_ascii_lowercase();
    let url = HttpUrl::parse(base_url);
    let host = url.as_ref().map(HttpUrl::host).unwrap_or_default();
    let is_name = host.parse::<std::net::IpAddr>().is_err() && !host.starts_with('[');
    let covers = is_name && is_below(host, &domain);
    if domain.is_empty() || !covers || !session::cookie::is_attribute_value(&domain) {
        let why = format!(
            "must be the host of base_url \"{base_url}\" or a domain above it, or browsers drop the cookie"
        );
        return Err(refuse(given, "cookie_domain", &why));
    }
    Ok(Some(domain))
}

fn same_site(raw: &RawSp, secure: bool) -> Result<SameSite, ConfigError> {
    match &raw.cookie_same_site {
        None => Ok(SameSite::Lax),
        Some(g) if g.value == SameSite::None && !secure => Err(ConfigError::new(
            &g.place,
            "\"cookie_same_site none\" needs Secure cookies, and \"base_url\" is plain http; \
             use https, or \"lax\"",
        )),
        Some(g) => Ok(g.value),
    }
}

fn partitioned(raw: &RawSp, same_site: SameSite) -> Result<bool, ConfigError> {
    match &raw.cookie_partitioned {
        Some(g) if g.value && same_site != SameSite::None => Err(ConfigError::new(
            &g.place,
            "\"cookie_partitioned on\" is for pages in frames of other sites, which get no \"lax\" and \
             no \"strict\" cookies at all; add \"cookie_same_site none\"",
        )),
        given => Ok(given.as_ref().is_some_and(|g| g.value)),
    }
}

fn refuse(given: &Given<String>, directive: &str, why: &str) -> ConfigError {
    ConfigError::new(&given.place, format!("\"{directive}\" \"{}\" {why}", given.value))
}

/// Is `host` the domain, or a name in it?
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
