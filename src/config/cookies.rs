//! The cookies of one SP: the session's, one for each login under way, the loop guard's, the logout's.

use std::fmt;

use clock::Seconds;
use http::{Headers, HttpUrl};
use ngx::http::Request;
use session::{
    CookieName, Logins, SameSite, SessionToken, SetCookie, SpId, cookie_suffix, cookies,
    cookies_named, on_the_wire,
};
use settings::ServerName;

use super::directive::{ConfigError, Given};
use super::raw::RawSp;
use crate::request::headers;

/// Cookies of the same name that are looked at: a planted one must not hide the real one, nor may
/// many of them cost much.
const MAX_CANDIDATES: usize = 4;

/// Cookies of logins under way that are looked at: as many as have room in a header.
const MAX_REQUESTS: usize = 32;

/// How long a login's cookie lives when the login may not go on any more: so that who took too long
/// hears it, and comes to the page all the same.
const KEPT_AFTERWARDS: Seconds = Seconds(3600);

/// How long the loop guard's cookie lives after a login.
pub const LOGINS_MAX_AGE: Seconds = Seconds(120);

/// Names and attributes of an SP's cookies.
pub struct Cookies {
    session: CookieName,
    request: CookieName,
    logins: CookieName,
    logout: CookieName,
    /// What the names of the last three begin with, whatever the SP.
    families: [CookieName; 3],
    secure: bool,
    host: String,
    path: String,
    domain: Option<String>,
    same_site: SameSite,
    partitioned: bool,
}

impl Cookies {
    /// Validates the `cookie_…` settings against `base_url`.
    pub fn new(raw: &RawSp, base_url: &str, sp: SpId) -> Result<Self, ConfigError> {
        let secure = base_url.starts_with("https:");
        let path = path(raw)?;
        let domain = domain(raw, base_url)?;
        let same_site = same_site(raw, secure)?;
        let given = raw.cookie_name.as_ref();
        let name = given.map_or("saml_session", |g| g.value.as_str());
        let refuse = |e: session::CookieNameError| {
            ConfigError::new(
                given.map_or(&raw.place, |g| &g.place),
                format!("\"cookie_name\" \"{name}\": {e}"),
            )
        };
        // Browsers send the cookies of logins under way to every path of exactly this host, which may
        // have several SPs.
        let tag = sp.tag();
        let family = |what: &str| {
            CookieName::new(&format!("{name}_{what}"), secure, "/", None).map_err(refuse)
        };
        let own = |what: &str| family(&format!("{what}_{tag}"));
        Ok(Self {
            session: CookieName::new(name, secure, &path, domain.as_deref()).map_err(refuse)?,
            request: own("request")?,
            logins: own("logins")?,
            logout: own("logout")?,
            families: [family("request")?, family("logins")?, family("logout")?],
            secure,
            host: HttpUrl::parse(base_url)
                .map(|url| url.host().to_ascii_lowercase())
                .unwrap_or_default(),
            path,
            domain,
            partitioned: partitioned(raw, same_site)?,
            same_site,
        })
    }

    /// The tokens of the session cookies that came with a request.
    pub fn session_tokens(&self, r: &Request) -> impl Iterator<Item = SessionToken> {
        cookies_named(headers(r).values("cookie"), self.session.as_str())
            .take(MAX_CANDIDATES)
            .filter_map(SessionToken::from_cookie)
    }

    /// The cookies of logins under way: name and value.
    pub fn requests<'r>(&'r self, r: &'r Request) -> impl Iterator<Item = (String, &'r [u8])> {
        cookies(headers(r).values("cookie"))
            .filter_map(|(name, value)| {
                let suffix = self.request.suffix_of(name)?;
                // Only names of our making are ever written back.
                let ours = suffix.iter().all(u8::is_ascii_alphanumeric);
                let name = String::from_utf8(name.to_vec()).ok()?;
                ours.then_some((name, value))
            })
            .take(MAX_REQUESTS)
    }

    /// Bytes of the cookies of logins at other SPs of this host, as they are sent.
    pub fn foreign_requests(&self, r: &Request) -> usize {
        cookies(headers(r).values("cookie"))
            .filter(|(name, _)| is_request(name) && self.request.suffix_of(name).is_none())
            .map(|(name, value)| on_the_wire(name.len() + value.len()))
            .sum()
    }

    /// The values of the cookie of the login whose AuthnRequest has this ID.
    pub fn request_values<'r>(
        &self,
        r: &'r Request,
        request_id: &str,
    ) -> impl Iterator<Item = &'r [u8]> {
        let name = self.request_name(request_id);
        cookies(headers(r).values("cookie"))
            .filter(move |(found, _)| *found == name.as_bytes())
            .map(|(_, value)| value)
            .take(MAX_CANDIDATES)
    }

    /// How often this browser has logged in in a row.
    pub fn logins(&self, r: &Request) -> Option<Logins> {
        cookies_named(headers(r).values("cookie"), self.logins.as_str())
            .next()
            .and_then(Logins::from_cookie)
    }

    /// Does the session's cookie come with a redirect that another site began?
    pub fn survive_redirects(&self) -> bool {
        self.same_site != SameSite::Strict
    }

    /// Does the session's cookie come with what a frame in another page asks for?
    pub fn reach_frames(&self) -> bool {
        self.same_site == SameSite::None
    }

    /// What a browser makes of this SP's session cookie and another's. It tells cookies apart by
    /// name, host or domain, and path (RFC 6265bis 5.7); ports do not count.
    pub fn collide_with(&self, other: &Self) -> Option<Collision> {
        if self.session != other.session {
            return None;
        }
        if self.path == other.path && self.scope() == other.scope() {
            return Some(Collision::Same);
        }
        let at_one_host = self.scope().meets(other.scope());
        let on_one_path = self.reach(&other.path) || other.reach(&self.path);
        (at_one_host && on_one_path).then_some(Collision::Both)
    }

    fn scope(&self) -> Scope<'_> {
        self.domain.as_deref().map_or(Scope::Host(&self.host), Scope::Domain)
    }

    /// Is `name` the name of one of them, or of another SP's with the same `cookie_name`?
    pub fn owns(&self, name: &[u8]) -> bool {
        let is_of = |family: &CookieName| {
            family.as_str().as_bytes() == name || family.suffix_of(name).is_some()
        };
        self.session.as_str().as_bytes() == name || self.families.iter().any(is_of)
    }

    /// May browsers send them to a server of these names (RFC 6265 5.1.3; ports do not count)?
    pub fn come_to(&self, names: &[ServerName<'_>]) -> bool {
        names.iter().any(|name| match &self.domain {
            Some(domain) => name.takes_below(domain),
            None => name.takes(&self.host),
        })
    }

    /// The host of `base_url`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `cookie_path`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Does a request for `path` carry the session (RFC 6265 5.1.4)?
    pub fn reach(&self, path: &str) -> bool {
        path.strip_prefix(self.path.as_str()).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/')
        })
    }

    pub fn set_session(&self, token: &SessionToken) -> String {
        self.of_session(&token.to_cookie()).to_string()
    }

    pub fn clear_session(&self) -> String {
        self.of_session("").expired().to_string()
    }

    /// The name of the cookie of one login under way.
    pub fn request_name(&self, request_id: &str) -> String {
        self.request.with_suffix(cookie_suffix(request_id))
    }

    /// For a login that may take so long. The IdP's answer is a cross-site POST, which only
    /// `SameSite=None` survives.
    pub fn set_request(&self, request_id: &str, sealed: &str, left: Seconds) -> String {
        let max_age = left + KEPT_AFTERWARDS;
        self.own(&self.request_name(request_id), sealed, max_age, SameSite::None)
    }

    pub fn clear_request(&self, name: &str) -> String {
        self.own(name, "", Seconds(0), SameSite::None)
    }

    pub fn set_logins(&self, logins: Logins) -> String {
        self.own(self.logins.as_str(), &logins.to_cookie(), LOGINS_MAX_AGE, SameSite::None)
    }

    pub fn clear_logins(&self) -> String {
        self.own(self.logins.as_str(), "", Seconds(0), SameSite::None)
    }

    /// The values of the cookie of the logout under way.
    pub fn logout_values<'r>(&self, r: &'r Request) -> impl Iterator<Item = &'r [u8]> {
        cookies_named(headers(r).values("cookie"), self.logout.as_str()).take(MAX_CANDIDATES)
    }

    /// The IdP's answer may be a cross-site POST, as that to a login.
    pub fn set_logout(&self, sealed: &str, max_age: Seconds) -> String {
        self.own(self.logout.as_str(), sealed, max_age, SameSite::None)
    }

    fn of_session<'a>(&'a self, value: &'a str) -> SetCookie<'a> {
        SetCookie {
            name: self.session.as_str(),
            value,
            path: &self.path,
            domain: self.domain.as_deref(),
            max_age: None,
            secure: self.secure,
            http_only: true,
            same_site: Some(self.same_site),
            partitioned: self.partitioned,
        }
    }

    fn own(&self, name: &str, value: &str, max_age: Seconds, same_site: SameSite) -> String {
        SetCookie {
            name,
            value,
            path: "/",
            domain: None,
            max_age: Some(max_age),
            secure: self.secure,
            http_only: true,
            same_site: Some(same_site),
            partitioned: self.partitioned,
        }
        .to_string()
    }
}

/// How the session cookies of two SPs get in each other's way; `Display` says what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collision {
    /// They are one cookie.
    Same,
    /// They are two cookies of one name, and some requests carry both.
    Both,
}

impl fmt::Display for Collision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str(
                "use the same session cookie (one name, domain and path), so a login at one ends \
                 that at the other",
            ),
            Self::Both => write!(
                f,
                "have session cookies of one name, and browsers send both where their domains and \
                 paths overlap: each SP looks for its own among the first {MAX_CANDIDATES}",
            ),
        }
    }
}

/// The hosts that a browser sends a cookie to (RFC 6265 5.3, 5.1.3).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope<'a> {
    /// This one alone.
    Host(&'a str),
    /// This one and all below.
    Domain(&'a str),
}

impl Scope<'_> {
    /// Is there a host that is in both?
    fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Scope::Host(one), Scope::Host(two)) => one == two,
            (Scope::Domain(domain), Scope::Host(host))
            | (Scope::Host(host), Scope::Domain(domain)) => is_below(host, domain),
            (Scope::Domain(one), Scope::Domain(two)) => is_below(one, two) || is_below(two, one),
        }
    }
}

/// Is `host` the domain, or a name in it?
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Is it the name of a login's cookie, of whatever SP?
fn is_request(name: &[u8]) -> bool {
    let mut parts = name.rsplit(|byte| *byte == b'_');
    let (suffix, tag, what) = (parts.next(), parts.next(), parts.next());
    what == Some(b"request")
        && tag.is_some_and(|tag| tag.len() == 8 && tag.iter().all(u8::is_ascii_hexdigit))
        && suffix.is_some_and(|suffix| suffix.iter().all(u8::is_ascii_alphanumeric))
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
        return Err(refuse(
            given,
            "cookie_domain",
            "must be the host of base_url or a domain above it, or browsers drop the cookie",
        ));
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
