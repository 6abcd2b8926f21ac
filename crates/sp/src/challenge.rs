//! What somebody without a session gets: a login, in a browser or by a program that knows how, or a 401 as
//! those can use it who will read it.

mod passive;
mod preservable;
mod stray_message;

use std::rc::Rc;

use clock::UnixTime;
use http::return_url::LENGTH_MAX;
use http::{Headers, browser, cors};
use pages::{Circumstances, Reply};
use saml::binding::does_ecp;
use saml::reason::Reason;
use saml::refusal::Refusal;
use session::PostToken;

use crate::begun::Begun;
use crate::idp::Idp;
use crate::login::{Arguments, Client, Hints, Login};
use crate::protection::{ForceAuthn, Protection, Unauthenticated};
use crate::session_store::SessionStore;

/// Longest path and query that a login comes back to, bytes: it travels in a cookie.
const MAX_RETURN_URI: usize = 2000;

/// A request that a location has not let in.
pub struct Challenge<'a, S, H> {
    /// What the location wants, and by which SP.
    pub protection: &'a Protection<S>,
    /// Whose users it wants, as [`Protection::wanted_idp`] says.
    pub idp: Option<Rc<Idp>>,
    /// Why nobody has got in.
    pub reason: &'static Reason,
    /// Its header fields: whose browser it is, and which logins are under way in it.
    pub head: &'a H,
    /// Whether it can be asked again after a login.
    pub method: Method,
    /// Path and query that were asked for, safe for a header.
    pub target: &'a str,
    /// The form that was sent, and is kept meanwhile.
    pub post: Option<PostToken>,
    /// What the page must say, should it be a refusal.
    pub circumstances: &'a Circumstances,
    /// Those that the SP's logins look at, by their names without `$`.
    pub variables: &'a [(String, String)],
    /// Tells the administrator something.
    pub warn: &'a dyn Fn(&str),
}

/// What matters of a method here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET or HEAD: it can be asked again after a login.
    Get,
    /// A form's.
    Post,
    /// Any other: what a script or a program asks.
    Other,
}

impl<S: SessionStore, H: Headers> Challenge<'_, S, H> {
    /// Remembers the page for whoever is refused: who tries again wants the page that they wanted.
    pub fn remember(&self) {
        if self.method == Method::Get {
            self.remember_page();
        }
    }

    /// The same whatever was sent there.
    pub fn remember_page(&self) {
        self.circumstances.start_again.replace(Some(self.wanted_page()));
    }

    /// The answer.
    ///
    /// # Errors
    /// No login can begin, or the wanted IdP is disabled.
    pub fn answer(&self, now: UnixTime) -> Result<Begun, Refusal> {
        let Protection { sp, unauthenticated, ecp, .. } = self.protection;
        self.warn_of_stray_message();
        // A login URL would be of no use.
        self.idp.as_deref().map_or(Ok(()), Idp::check_enabled)?;
        // Where the administrator lets them, whatever becomes of others.
        if *ecp && does_ecp(self.head) {
            return self.login(Client::Ecp, now);
        }
        if self.post.is_some() {
            return self.login(Client::Browser, now);
        }
        let redirects = match unauthenticated {
            Unauthenticated::Redirect => true,
            Unauthenticated::Status401 => false,
            Unauthenticated::Auto => self.method == Method::Get && browser::navigates(self.head),
        };
        let ends_in_frame = browser::is_framed(self.head) && !sp.cookies.reach_frames();
        if !redirects || ends_in_frame {
            return Ok(self.unauthorized().into());
        }
        // Its page is for the tab alone.
        let may_keep = browser::navigates(self.head) && !browser::is_framed(self.head);
        let keeps_fragment = sp.keep_fragment && may_keep;
        self.login(if keeps_fragment { Client::DeepLink } else { Client::Browser }, now)
    }

    fn login(&self, client: Client, now: UnixTime) -> Result<Begun, Refusal> {
        let login = Login {
            client,
            idp: self.idp.clone(),
            hinted: None,
            return_url: self.wanted_page(),
            force_authn: self.protection.force_authn != ForceAuthn::Off,
            passive: false,
            authn_context: self.protection.authn_context.clone(),
            refused_contexts: 0,
            replaces: None,
            post: self.post.clone(),
            // The page's arguments are the application's.
            hints: Hints { arguments: Arguments::NONE, variables: self.variables },
        };
        login.start(&self.protection.sp, self.head, self.circumstances, now)
    }

    fn warn_of_stray_message(&self) {
        let sp = &self.protection.sp;
        let (path, query) = self.target.split_once('?').unwrap_or((self.target, ""));
        let found = match self.method {
            Method::Get => stray_message::in_query(query),
            Method::Post => stray_message::in_form(sp, self.head),
            Method::Other => None,
        };
        if let Some(what) = found {
            (self.warn)(&stray_message::sentence(sp, &what, path));
        }
    }

    fn unauthorized(&self) -> Reply {
        let refusal = Refusal::new(self.reason, "no session");
        self.circumstances.code.set(Some(refusal.code()));
        let sp = &self.protection.sp;
        let login_url = self.protection.login_url(self.idp.as_deref());
        let reply = if self.asks_for_page() {
            // Without a `saml_login`, the page at which logins end.
            let sign_in = login_url.unwrap_or_else(|| sp.login_redirect.clone());
            self.page(&sign_in)
        } else {
            let request_id = self.circumstances.request_id();
            Reply::json(
                refusal.status(),
                pages::json::refusal(refusal.code(), request_id, login_url.as_deref()),
            )
        };
        let reply = reply.with_header("WWW-Authenticate", self.realm()).replaceable();
        let sharing = cors::sharing(self.head, &self.protection.cors_origins).unwrap_or_default();
        sharing.into_iter().fold(reply, |reply, (name, value)| reply.with_header(name, value))
    }

    /// The challenge of a 401 (RFC 9110 11.6.1).
    pub(crate) fn realm(&self) -> String {
        format!("SAML realm=\"{}\"", self.protection.sp.base_url)
    }

    /// Will a person see the answer: of a navigation, or of a form that was sent?
    fn asks_for_page(&self) -> bool {
        self.protection.unauthenticated != Unauthenticated::Status401
            && self.method != Method::Other
            && browser::navigates(self.head)
    }

    fn page(&self, sign_in: &str) -> Reply {
        if !browser::is_framed(self.head) {
            return Reply::html(401, pages::sign_in_and_send_again(sign_in));
        }
        // The page itself begins the login when it is opened outside of the frame.
        let page = match self.method {
            Method::Get => self.wanted_page(),
            Method::Post | Method::Other => sign_in.to_owned(),
        };
        Reply::frameable_html(401, pages::sign_in_outside_of_frame(&page))
    }

    /// Where the login comes back to. It travels in a cookie, so that a long query has to stay
    /// behind. The page is at `base_url`, whatever host was asked, and there its path may be a
    /// handler's.
    pub(crate) fn wanted_page(&self) -> String {
        let (sp, target) = (&self.protection.sp, self.target);
        let path = target.split('?').next().unwrap_or_default();
        let limit = self.longest_return();
        let kept = [target, path, "/"].into_iter().find(|kept| kept.len() <= limit).unwrap_or("/");
        if kept.len() < target.len() {
            (self.warn)(&format!(
                "the login comes back to \"{kept}\" without the rest of the address, which is {} \
                 bytes long and may be {limit}",
                target.len()
            ));
        }
        let url = format!("{}{kept}", sp.base_url);
        sp.return_targets.check(&url).unwrap_or_else(|| sp.login_redirect.clone())
    }
}

impl<S, H> Challenge<'_, S, H> {
    /// Bytes of path and query that a login can come back to.
    fn longest_return(&self) -> usize {
        MAX_RETURN_URI.min(LENGTH_MAX.saturating_sub(self.protection.sp.base_url.len()))
    }

    /// Does a login end where the request was sent to?
    fn comes_back_whole(&self) -> bool {
        let (sp, target) = (&self.protection.sp, self.target);
        let url = format!("{}{target}", sp.base_url);
        target.len() <= self.longest_return() && sp.return_targets.check(&url) == Some(url)
    }
}

#[cfg(test)]
mod tests;
