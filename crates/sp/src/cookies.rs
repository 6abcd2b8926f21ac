//! The cookies of one SP: the session's, one for each login under way, the loop guard's, the logout's,
//! that of the IdPs that were chosen, that of passive tries, that of who is recorded for an administrator.

mod collision;
mod limits;

use clock::Seconds;
use http::Headers;
use session::{
    CookieName, CookieNameError, IdpChoices, Logins, SameSite, SessionToken, SetCookie, SpId,
    TokenText, cookie_suffix, cookies, cookies_named, cookies_of_len, on_the_wire,
};

pub use self::collision::Collision;
use self::collision::Scope;
use self::limits::{MAX_CANDIDATES, MAX_REQUESTS};
use crate::passive_try::PassiveTry;

/// How long a login's cookie lives when the login may not go on any more: so that who took too long
/// hears it, and comes to the page all the same.
const KEPT_AFTERWARDS: Seconds = Seconds(3600);

/// How long the loop guard's cookie lives after a login.
pub const LOGINS_MAX_AGE: Seconds = Seconds(120);

/// How long the cookie of chosen IdPs lives: a year.
const CHOICES_MAX_AGE: Seconds = Seconds(365 * 24 * 3600);

/// Names and attributes of an SP's cookies.
pub struct Cookies {
    session: CookieName,
    request: CookieName,
    logins: CookieName,
    logout: CookieName,
    choices: CookieName,
    passive: CookieName,
    post: CookieName,
    debug: CookieName,
    /// What the names of the last seven begin with, whatever the SP.
    families: [CookieName; 7],
    attributes: CookieAttributes,
}

/// The attributes of an SP's session cookie, checked.
#[derive(Clone, Debug)]
pub struct CookieAttributes {
    /// Browsers send them over https alone, as `base_url` is https.
    pub secure: bool,
    /// The host of `base_url`, in lower case.
    pub host: String,
    /// The part of the site that has sessions of its own; begins with `/`.
    pub path: String,
    /// The host, or one above it, below which all hosts share the session; `None` = that host alone.
    pub domain: Option<String>,
    /// Of the session's cookie: those of logins under way have their own, as the IdP's form brings them
    /// back.
    pub same_site: SameSite,
    /// For applications that other sites show in a frame; only when `secure`.
    pub partitioned: bool,
}

impl Cookies {
    /// The cookies whose names begin with `name`.
    ///
    /// # Errors
    /// It can be no cookie's name.
    pub fn new(
        name: &str,
        attributes: CookieAttributes,
        sp: SpId,
    ) -> Result<Self, CookieNameError> {
        let CookieAttributes { secure, path, domain, .. } = &attributes;
        // Browsers send the cookies of logins under way to every path of exactly this host, which may
        // have several SPs.
        let tag = sp.tag();
        let family = |what: &str| CookieName::new(&format!("{name}_{what}"), *secure, "/", None);
        let own = |what: &str| family(&format!("{what}_{tag}"));
        Ok(Self {
            session: CookieName::new(name, *secure, path, domain.as_deref())?,
            request: own("request")?,
            logins: own("logins")?,
            logout: own("logout")?,
            choices: own("idps")?,
            passive: own("passive")?,
            post: own("post")?,
            debug: own("debug")?,
            families: [
                family("request")?,
                family("logins")?,
                family("logout")?,
                family("idps")?,
                family("passive")?,
                family("post")?,
                family("debug")?,
            ],
            attributes,
        })
    }

    /// What may be the tokens of the session cookies that came with a request.
    pub fn session_texts<'r>(&self, r: &'r impl Headers) -> impl Iterator<Item = &'r TokenText> {
        cookies_of_len(r.cookies(), self.session.as_str()).take(MAX_CANDIDATES).flatten()
    }

    /// The tokens of the session cookies that came with a request.
    pub fn session_tokens(&self, r: &impl Headers) -> impl Iterator<Item = SessionToken> {
        self.session_texts(r).filter_map(SessionToken::from_text)
    }

    /// The cookies of logins under way: name and value.
    pub fn requests<'r>(&'r self, r: &'r impl Headers) -> impl Iterator<Item = (String, &'r [u8])> {
        cookies(r.cookies())
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
    pub fn foreign_requests(&self, r: &impl Headers) -> usize {
        cookies(r.cookies())
            .filter(|(name, _)| is_request(name) && self.request.suffix_of(name).is_none())
            .map(|(name, value)| on_the_wire(name.len() + value.len()))
            .sum()
    }

    /// The values of the cookie of the login whose AuthnRequest has this ID.
    pub fn request_values<'r>(
        &self,
        r: &'r impl Headers,
        request_id: &str,
    ) -> impl Iterator<Item = &'r [u8]> {
        let name = self.request_name(request_id);
        cookies(r.cookies())
            .filter(move |(found, _)| *found == name.as_bytes())
            .map(|(_, value)| value)
            .take(MAX_CANDIDATES)
    }

    /// How often this browser has logged in in a row.
    pub fn logins(&self, r: &impl Headers) -> Option<Logins> {
        cookies_named(r.cookies(), self.logins.as_str()).next().and_then(Logins::from_cookie)
    }

    /// The values of the cookie of the logout under way.
    pub fn logout_values<'r>(&self, r: &'r impl Headers) -> impl Iterator<Item = &'r [u8]> {
        cookies_named(r.cookies(), self.logout.as_str()).take(MAX_CANDIDATES)
    }

    /// The values of the cookie of a kept form whose sender is choosing an IdP.
    pub fn post_values<'r>(&'r self, r: &'r impl Headers) -> impl Iterator<Item = &'r [u8]> {
        cookies_named(r.cookies(), self.post.as_str()).take(MAX_CANDIDATES)
    }

    /// The IdPs that this browser's user has chosen before.
    pub fn idp_choices(&self, r: &impl Headers) -> IdpChoices {
        let value = cookies_named(r.cookies(), self.choices.as_str()).next();
        value.map(IdpChoices::from_cookie).unwrap_or_default()
    }

    /// What this browser remembers of passive tries.
    pub(crate) fn passive_try(&self, r: &impl Headers) -> Option<PassiveTry> {
        let value = cookies_named(r.cookies(), self.passive.as_str()).next();
        value.and_then(PassiveTry::from_cookie)
    }

    /// Does the session's cookie come with a redirect that another site began?
    pub fn survive_redirects(&self) -> bool {
        self.attributes.same_site != SameSite::Strict
    }

    /// Does the session's cookie come with what a frame in another page asks for?
    pub fn reach_frames(&self) -> bool {
        self.attributes.same_site == SameSite::None
    }

    /// What a browser makes of this SP's session cookie and another's. It tells cookies apart by
    /// name, host or domain, and path (RFC 6265bis 5.7); ports do not count.
    pub fn collide_with(&self, other: &Self) -> Option<Collision> {
        if self.session != other.session {
            return None;
        }
        if self.path() == other.path() && self.scope() == other.scope() {
            return Some(Collision::Same);
        }
        let at_one_host = self.scope().meets(other.scope());
        let on_one_path = self.reach(other.path()) || other.reach(self.path());
        (at_one_host && on_one_path).then_some(Collision::Both)
    }

    fn scope(&self) -> Scope<'_> {
        let host = Scope::Host(&self.attributes.host);
        self.attributes.domain.as_deref().map_or(host, Scope::Domain)
    }

    /// Is `name` the name of one of them, or of another SP's with the same `cookie_name`?
    pub fn owns(&self, name: &[u8]) -> bool {
        let is_of = |family: &CookieName| {
            family.as_str().as_bytes() == name || family.suffix_of(name).is_some()
        };
        self.session.as_str().as_bytes() == name || self.families.iter().any(is_of)
    }

    /// Is [`Cookies::owns`] true of the same names for both?
    pub fn have_names_of(&self, other: &Self) -> bool {
        self.session == other.session && self.families == other.families
    }

    /// The host of `base_url`.
    pub fn host(&self) -> &str {
        &self.attributes.host
    }

    /// `cookie_domain`.
    pub fn domain(&self) -> Option<&str> {
        self.attributes.domain.as_deref()
    }

    /// `cookie_path`.
    pub fn path(&self) -> &str {
        &self.attributes.path
    }

    /// Does a request for `path` carry the session (RFC 6265 5.1.4)?
    pub fn reach(&self, path: &str) -> bool {
        path.strip_prefix(self.path()).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('/') || self.path().ends_with('/')
        })
    }

    /// Begins the session of this token.
    pub fn set_session(&self, token: &SessionToken) -> String {
        self.of_session(&token.to_cookie()).to_string()
    }

    /// The browser forgets its session.
    pub fn clear_session(&self) -> String {
        self.of_session("").expired().to_string()
    }

    /// The name of the cookie of one login under way.
    pub fn request_name(&self, request_id: &str) -> String {
        self.request.with_suffix(cookie_suffix(request_id))
    }

    /// For a login that may take `left`. The IdP's answer is a cross-site POST, which only
    /// `SameSite=None` survives.
    pub fn set_request(&self, request_id: &str, sealed: &str, left: Seconds) -> String {
        self.own(&self.request_name(request_id), sealed, left + KEPT_AFTERWARDS)
    }

    /// The browser forgets a login, by the name of its cookie.
    pub fn clear_request(&self, name: &str) -> String {
        self.own(name, "", Seconds(0))
    }

    /// Counts a login.
    pub fn set_logins(&self, logins: Logins) -> String {
        self.own(self.logins.as_str(), &logins.to_cookie(), LOGINS_MAX_AGE)
    }

    /// The browser has shown a session: what it counted is over.
    pub fn clear_logins(&self) -> String {
        self.own(self.logins.as_str(), "", Seconds(0))
    }

    /// The IdP's answer may be a cross-site POST, as that to a login.
    pub fn set_logout(&self, sealed: &str, max_age: Seconds) -> String {
        self.own(self.logout.as_str(), sealed, max_age)
    }

    /// Remembers a passive try, for so long. As with the loop guard's, no navigation may come without it.
    pub(crate) fn set_passive_try(&self, what: PassiveTry, max_age: Seconds) -> String {
        self.own(self.passive.as_str(), what.to_cookie(), max_age)
    }

    /// The browser forgets them.
    pub(crate) fn clear_passive_try(&self) -> String {
        self.own(self.passive.as_str(), "", Seconds(0))
    }

    /// Are they sent over https alone?
    pub(crate) fn are_secure(&self) -> bool {
        self.attributes.secure
    }

    /// A kept form waits until an IdP was chosen.
    pub fn set_post(&self, sealed: &str, max_age: Seconds) -> String {
        self.own(self.post.as_str(), sealed, max_age)
    }

    /// It does not wait for that any more.
    pub fn clear_post(&self) -> String {
        self.own(self.post.as_str(), "", Seconds(0))
    }

    /// The values of the cookie of a story that an administrator looks at.
    pub(crate) fn debug_values<'r>(&self, r: &'r impl Headers) -> impl Iterator<Item = &'r [u8]> {
        cookies_named(r.cookies(), self.debug.as_str()).take(MAX_CANDIDATES)
    }

    /// The browser's logins are recorded for so long. The IdP's answer is a cross-site POST.
    pub(crate) fn set_debug(&self, sealed: &str, max_age: Seconds) -> String {
        self.own(self.debug.as_str(), sealed, max_age)
    }

    /// Remembers which IdPs were chosen.
    pub fn set_idp_choices(&self, choices: &IdpChoices) -> String {
        SetCookie {
            name: self.choices.as_str(),
            value: &choices.to_cookie(),
            path: "/",
            domain: None,
            max_age: Some(CHOICES_MAX_AGE),
            secure: self.attributes.secure,
            http_only: true,
            same_site: Some(SameSite::Lax),
            partitioned: self.attributes.partitioned,
        }
        .to_string()
    }

    fn of_session<'a>(&'a self, value: &'a str) -> SetCookie<'a> {
        SetCookie {
            name: self.session.as_str(),
            value,
            path: self.path(),
            domain: self.domain(),
            max_age: None,
            secure: self.attributes.secure,
            http_only: true,
            same_site: Some(self.attributes.same_site),
            partitioned: self.attributes.partitioned,
        }
    }

    fn own(&self, name: &str, value: &str, max_age: Seconds) -> String {
        SetCookie {
            name,
            value,
            path: "/",
            domain: None,
            max_age: Some(max_age),
            secure: self.attributes.secure,
            http_only: true,
            same_site: Some(SameSite::None),
            partitioned: self.attributes.partitioned,
        }
        .to_string()
    }
}

/// Is it the name of a login's cookie, of whatever SP?
fn is_request(name: &[u8]) -> bool {
    let mut parts = name.rsplit(|byte| *byte == b'_');
    let (suffix, tag, what) = (parts.next(), parts.next(), parts.next());
    what == Some(b"request")
        && tag.is_some_and(|tag| tag.len() == 8 && tag.iter().all(u8::is_ascii_hexdigit))
        && suffix.is_some_and(|suffix| suffix.iter().all(u8::is_ascii_alphanumeric))
}

#[cfg(test)]
mod tests;
