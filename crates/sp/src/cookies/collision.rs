//! Session cookies of two SPs at one browser.

use std::fmt;

use super::limits::MAX_CANDIDATES;

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
pub(super) enum Scope<'a> {
    /// This one alone.
    Host(&'a str),
    /// This one and all below.
    Domain(&'a str),
}

impl Scope<'_> {
    /// Is there a host that is in both?
    pub(super) fn meets(self, other: Self) -> bool {
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
