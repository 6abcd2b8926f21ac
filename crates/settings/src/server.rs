//! What a `server` has to do with SPs: which of them its locations use, and whose cookies browsers
//! send to it.

use std::rc::Rc;

use sp::{Cookies, Location, Sp};

use crate::place::Place;
use crate::raw::RawLocation;
use crate::server_name::ServerName;

/// What the locations of one `server` are for.
pub struct Uses<S> {
    /// `auth_saml`, with the path where the location has one.
    pub(crate) protected: Vec<Use<S, Option<String>>>,
    /// The handlers, with their directives.
    pub(crate) handlers: Vec<Use<S, &'static str>>,
}

/// One use of an SP.
pub(crate) struct Use<S, T> {
    /// At its main origin.
    pub(crate) sp: Rc<Sp<S>>,
    pub(crate) what: T,
    pub(crate) place: Place,
}

impl<S> Default for Uses<S> {
    fn default() -> Self {
        Self { protected: Vec::new(), handlers: Vec::new() }
    }
}

impl<S> Uses<S> {
    /// Remembers what a location is for, whose path is `path` where its name is one.
    pub fn note(
        &mut self,
        raw: &RawLocation,
        location: &Location<S>,
        path: impl FnOnce() -> Option<String>,
    ) {
        if let (Some((kind, sites)), Some(given)) = (&location.endpoint, &raw.endpoint) {
            let (what, place) = (kind.directive(), given.place.clone());
            self.handlers.push(Use { sp: Rc::clone(sites.first()), what, place });
        } else if let (Some(sites), Some(given)) = (&location.protection, &raw.auth) {
            let (what, place) = (path(), given.place.clone());
            self.protected.push(Use { sp: Rc::clone(&sites.first().sp), what, place });
        }
    }

    /// Does a location use this SP?
    fn include(&self, sp: &Sp<S>) -> bool {
        let handlers = self.handlers.iter().map(|used| &used.sp);
        let mut all = handlers.chain(self.protected.iter().map(|used| &used.sp));
        all.any(|used| used.name == sp.name)
    }
}

/// One `server`.
pub struct Server<'a, S> {
    /// Its `server_name`s.
    pub names: &'a [ServerName<'a>],
    /// What its locations are for.
    pub uses: &'a Uses<S>,
}

impl<S> Server<'_, S> {
    /// May it be asked for `host`?
    pub(crate) fn takes(&self, host: &str) -> bool {
        self.names.iter().any(|name| name.takes(host))
    }

    /// May requests bring the cookies of this SP, of one origin of it? It uses the SP, or browsers may send
    /// them to it (RFC 6265 5.1.3; ports do not count).
    pub fn gets(&self, sp: &Sp<S>) -> bool {
        self.uses.include(sp) || self.is_sent(&sp.cookies)
    }

    fn is_sent(&self, cookies: &Cookies) -> bool {
        self.names.iter().any(|name| match cookies.domain() {
            Some(domain) => name.takes_below(domain),
            None => name.takes(cookies.host()),
        })
    }
}
