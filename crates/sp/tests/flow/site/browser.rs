//! A browser's cookies: which it keeps, and which go with a request (RFC 6265bis 5).

use std::collections::BTreeMap;

use clock::{Seconds, UnixTime};
use session::SessionToken;

use super::ask::Ask;

/// The name of the session's cookie.
pub const SESSION: &str = "__Host-saml";

/// The cookies of one person, all of one host.
#[derive(Clone, Default)]
pub struct Browser {
    jar: BTreeMap<String, Cookie>,
}

#[derive(Clone)]
struct Cookie {
    value: String,
    /// `None` = the browser takes it for Lax.
    same_site: Option<String>,
    expires: Option<UnixTime>,
}

impl Cookie {
    fn goes_with(&self, ask: &Ask, now: UnixTime) -> bool {
        let reaches = match self.same_site.as_deref() {
            _ if !ask.is_cross_site => true,
            Some("None") => true,
            Some("Strict") => false,
            _ => ask.method == "GET",
        };
        reaches && self.expires.is_none_or(|end| now < end)
    }
}

impl Browser {
    /// Keeps what `Set-Cookie` says.
    pub fn keep(&mut self, set_cookie: &str, now: UnixTime) {
        let mut parts = set_cookie.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let attributes: BTreeMap<_, _> =
            parts.map(|part| part.split_once('=').unwrap_or((part, ""))).collect();
        assert!(attributes.contains_key("Secure") && attributes.contains_key("HttpOnly"));
        assert!(!name.starts_with("__Host-") || attributes.get("Path") == Some(&"/"));
        let max_age = attributes.get("Max-Age").map(|age| Seconds(age.parse().unwrap()));
        if max_age.is_some_and(|age| age <= Seconds(0)) {
            self.jar.remove(name);
            return;
        }
        let same_site = attributes.get("SameSite").map(|site| (*site).to_owned());
        let (value, expires) = (value.to_owned(), max_age.map(|age| now + age));
        self.jar.insert(name.to_owned(), Cookie { value, same_site, expires });
    }

    /// The `Cookie` header of a request.
    pub fn cookies_for(&self, ask: &Ask, now: UnixTime) -> Option<String> {
        let cookies = self.jar.iter().filter(|(_, cookie)| cookie.goes_with(ask, now));
        let cookies: Vec<_> =
            cookies.map(|(name, cookie)| format!("{name}={}", cookie.value)).collect();
        (!cookies.is_empty()).then(|| cookies.join("; "))
    }

    /// The names of the cookies that begin so.
    pub fn names(&self, begin: &str) -> Vec<&str> {
        self.jar.keys().filter(|name| name.starts_with(begin)).map(String::as_str).collect()
    }

    /// Its session's cookie gets lost on the way.
    pub fn lose_session(&mut self) {
        self.jar.remove(SESSION);
    }

    /// What opens its session.
    pub fn token(&self) -> Option<SessionToken> {
        self.jar.get(SESSION).and_then(|cookie| SessionToken::from_cookie(&cookie.value))
    }
}
