//! How a location is protected, and whom it lets in.

use std::rc::Rc;

use clock::{Seconds, UnixTime};
use identity::RequestedAuthnContext;
use session::Session;

use crate::endpoint_kind::EndpointKind;
use crate::idp::Idp;
use crate::sp::Sp;

/// What a location runs on.
pub struct Location<S> {
    /// How it is protected (`auth_saml`); `None` = everybody gets in.
    pub protection: Option<Rc<Protection<S>>>,
    /// Set where a handler stands: which, and its SP.
    pub endpoint: Option<(EndpointKind, Rc<Sp<S>>)>,
    /// It is protected, and a `return` of content stands in it.
    pub returns_content: bool,
    /// Our cookies do not go upstream, be it protected or not.
    pub strip_cookies: bool,
}

impl<S> Default for Location<S> {
    fn default() -> Self {
        Self { protection: None, endpoint: None, returns_content: false, strip_cookies: false }
    }
}

/// How a location is protected.
pub struct Protection<S> {
    /// Whose sessions let in, and where those without one log in.
    pub sp: Rc<Sp<S>>,
    /// `idp=`: who is asked, and the users of other IdPs must log in again.
    pub idp: Option<Rc<Idp>>,
    /// What becomes of those without a session.
    pub mode: Mode,
    /// How they are told, where one is required.
    pub unauthenticated: Unauthenticated,
    /// How fresh their credentials must be.
    pub force_authn: ForceAuthn,
    /// Asked for, and enforced on sessions.
    pub authn_context: Option<RequestedAuthnContext>,
    /// Who may keep members' pages.
    pub cache_control: CacheControl,
    /// What becomes of preflights that come here.
    pub preflight: Preflight,
    /// Whose scripts may read what this module answers, and whose preflights it answers.
    pub cors_origins: Vec<String>,
}

/// `auth_saml_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Who has no session does not get in.
    Require,
    /// They do, without one.
    Optional,
}

/// `auth_saml_unauthenticated`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unauthenticated {
    /// Redirect browsers that navigate, 401 for programs.
    Auto,
    /// Redirect all.
    Redirect,
    /// 401 for all.
    Status401,
}

/// `auth_saml_force_authn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForceAuthn {
    /// The IdP may know them already.
    Off,
    /// Logins that start here ask the IdP for fresh credentials.
    On,
    /// The same, and sessions whose AuthnInstant is older must log in again.
    Age(Seconds),
}

/// `auth_saml_cache_control`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheControl {
    /// As the application says.
    Off,
    /// No shared cache keeps it, and the browser asks before it shows it again.
    On,
    /// Nobody keeps it.
    NoStore,
}

impl CacheControl {
    /// The header's value (RFC 9111 5.2.2).
    pub fn header(self) -> Option<&'static str> {
        match self {
            Self::Off => None,
            Self::On => Some("private, no-cache"),
            Self::NoStore => Some("no-store"),
        }
    }
}

/// What becomes of a CORS preflight (Fetch 4.8), which never has a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preflight {
    /// It is refused like any request without a session.
    Off,
    /// This module answers, for the `cors_origins`.
    Answer,
    /// The application answers.
    Pass,
}

impl<S> Protection<S> {
    /// By a session of `sp`, as when the configuration says no more.
    pub fn new(sp: Rc<Sp<S>>, idp: Option<Rc<Idp>>) -> Self {
        Self {
            sp,
            idp,
            mode: Mode::Require,
            unauthenticated: Unauthenticated::Auto,
            force_authn: ForceAuthn::Off,
            authn_context: None,
            cache_control: CacheControl::On,
            preflight: Preflight::Off,
            cors_origins: Vec::new(),
        }
    }

    /// Does a session fulfil the location's rules?
    pub fn suits(&self, session: &Session, now: UnixTime) -> bool {
        // With `idp=` the location wants this IdP's users, not those of another.
        if self.idp.as_ref().is_some_and(|idp| !idp.is_entity(&session.idp)) {
            return false;
        }
        let class = session.authn_context.as_deref();
        if self.authn_context.as_ref().is_some_and(|asked| !asked.is_met_by(class)) {
            return false;
        }
        match self.force_authn {
            ForceAuthn::Age(age) => now - session.authn_instant <= age,
            ForceAuthn::Off | ForceAuthn::On => true,
        }
    }

    /// A link to a login that satisfies this location, when the SP has a `saml_login`.
    pub fn login_url(&self) -> Option<String> {
        let mut url = self.sp.endpoints.get(EndpointKind::Login)?.to_owned();
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(idp) = &self.idp {
            query.append_pair("idp", idp.name());
        }
        if self.force_authn != ForceAuthn::Off {
            query.append_pair("force_authn", "1");
        }
        if let Some(asked) = &self.authn_context {
            for class in &asked.classes {
                query.append_pair("authn_context", class);
            }
            query.append_pair("comparison", asked.comparison.as_str());
        }
        let query = query.finish();
        if !query.is_empty() {
            url.push('?');
            url.push_str(&query);
        }
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use identity::Comparison;

    use super::*;
    use crate::test_sp::{Closed, NOW, sp};

    const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    const MFA: &str = "https://refeds.org/profile/mfa";

    fn protection() -> Protection<Closed> {
        Protection {
            sp: Rc::new(sp()),
            idp: None,
            mode: Mode::Require,
            unauthenticated: Unauthenticated::Auto,
            force_authn: ForceAuthn::Off,
            authn_context: None,
            cache_control: CacheControl::On,
            preflight: Preflight::Off,
            cors_origins: Vec::new(),
        }
    }

    /// Of `one`, by a password a minute ago.
    fn session() -> Session {
        Session {
            idp: "https://one.example".to_owned(),
            authn_instant: NOW - Seconds(60),
            authn_context: Some(PASSWORD.to_owned()),
            ..Session::default()
        }
    }

    fn asking_for(classes: &[&str], comparison: Comparison) -> Option<RequestedAuthnContext> {
        let classes = classes.iter().map(|class| (*class).to_owned()).collect();
        Some(RequestedAuthnContext { classes, comparison })
    }

    #[test]
    fn a_location_without_rules_takes_any_session() {
        assert!(protection().suits(&Session::default(), NOW));
        let force_authn = ForceAuthn::On;
        assert!(Protection { force_authn, ..protection() }.suits(&Session::default(), NOW));
    }

    #[test]
    fn a_location_of_one_idp_takes_its_users_alone() {
        for (name, suits) in [("one", true), ("two", false)] {
            let protection = protection();
            let idp = protection.sp.idps.named(name).cloned();
            assert!(idp.is_some());
            assert_eq!(Protection { idp, ..protection }.suits(&session(), NOW), suits, "{name}");
        }
    }

    #[test]
    fn the_authn_context_must_be_one_that_was_asked_for() {
        for (classes, suits) in
            [([PASSWORD].as_slice(), true), (&[MFA, PASSWORD], true), (&[MFA], false)]
        {
            let authn_context = asking_for(classes, Comparison::Exact);
            let protection = Protection { authn_context, ..protection() };
            assert_eq!(protection.suits(&session(), NOW), suits, "{classes:?}");
            let silent = Session { authn_context: None, ..session() };
            assert!(!protection.suits(&silent, NOW), "the IdP did not say it");
        }
    }

    #[test]
    fn a_login_may_be_as_old_as_the_location_says_to_the_second() {
        for (age, suits) in [(60, true), (59, false), (0, false), (61, true)] {
            let force_authn = ForceAuthn::Age(Seconds(age));
            let protection = Protection { force_authn, ..protection() };
            assert_eq!(protection.suits(&session(), NOW), suits, "{age}");
        }
    }

    #[test]
    fn one_rule_that_is_broken_is_enough() {
        let force_authn = ForceAuthn::Age(Seconds(59));
        let authn_context = asking_for(&[PASSWORD], Comparison::Exact);
        assert!(!Protection { force_authn, authn_context, ..protection() }.suits(&session(), NOW));
    }

    #[test]
    fn the_login_url_says_what_the_location_wants() {
        let base = "https://app.example.com/saml/login";
        let two = || sp().idps.named("two").cloned();
        let classes = asking_for(&["urn:a b", MFA], Comparison::Minimum);
        let classes_query = "authn_context=urn%3Aa+b&authn_context=https%3A%2F%2Frefeds.org%2Fprofile%2Fmfa\
             &comparison=minimum";
        for (idp, force_authn, authn_context, query) in [
            (None, ForceAuthn::Off, None, String::new()),
            (two(), ForceAuthn::Off, None, "?idp=two".to_owned()),
            (None, ForceAuthn::On, None, "?force_authn=1".to_owned()),
            (None, ForceAuthn::Age(Seconds(1)), None, "?force_authn=1".to_owned()),
            (None, ForceAuthn::Off, classes.clone(), format!("?{classes_query}")),
            (two(), ForceAuthn::On, classes, format!("?idp=two&force_authn=1&{classes_query}")),
        ] {
            let protection = Protection { idp, force_authn, authn_context, ..protection() };
            assert_eq!(protection.login_url(), Some(format!("{base}{query}")));
        }
    }

    #[test]
    fn an_sp_without_saml_login_has_no_login_url() {
        use crate::endpoints::Endpoints;
        let mut sp = sp();
        let acs = sp.endpoints.acs().to_owned();
        sp.endpoints = Endpoints::new(vec![(EndpointKind::Acs, acs)]).unwrap();
        assert_eq!(Protection { sp: Rc::new(sp), ..protection() }.login_url(), None);
    }
}
