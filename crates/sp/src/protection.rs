//! How a location is protected, and whom it lets in.

use std::borrow::Cow;
use std::rc::Rc;

use clock::{Seconds, UnixTime};
use diagnosis::Scope;
use http::RequestHost;
use identity::RequestedAuthnContext;
use pages::Look;
use saml::reason::{self, Reason};
use saml::refusal::{Refusal, quote};
use session::DecodedSession;

use crate::endpoint_kind::EndpointKind;
use crate::forward_auth::ForwardAuth;
use crate::idp::Idp;
use crate::live_session::LiveSession;
use crate::rules::{Rules, Unmet};
use crate::sites::Sites;
use crate::sp::Sp;

/// What a location runs on.
pub struct Location<S> {
    /// How it is protected (`auth_saml`) at each origin of its SP; `None` = everybody gets in.
    pub protection: Option<Sites<Rc<Protection<S>>>>,
    /// Set where a handler stands: which, and its SP at each of its origins.
    pub endpoint: Option<(EndpointKind, Sites<Rc<Sp<S>>>)>,
    /// It is protected, and tells a proxy that asks who has got in.
    pub forward_auth: Option<Rc<ForwardAuth>>,
    /// It is protected, and a `return` of content stands in it.
    pub returns_content: bool,
    /// Our cookies do not go upstream, be it protected or not.
    pub strip_cookies: bool,
    /// Whose logins are recorded for an administrator.
    pub debug: Rc<Scope>,
    /// Whom tokens are for that go to the application here; none = the site itself.
    pub jwt_audience: Rc<[String]>,
}

impl<S> Default for Location<S> {
    fn default() -> Self {
        Self {
            protection: None,
            endpoint: None,
            forward_auth: None,
            returns_content: false,
            strip_cookies: false,
            debug: Rc::default(),
            jwt_audience: Rc::default(),
        }
    }
}

/// Which endpoint a location is, and its SP at the origin where a request is.
pub type EndpointAt<'l, S> = (EndpointKind, &'l Rc<Sp<S>>);

impl<S> Location<S> {
    /// How it is protected where a request is that names `host`; `None` = everybody gets in.
    ///
    /// # Errors
    /// The SP has several origins, and this is none of them.
    #[inline(always)]
    pub fn protection_at<'h>(
        &self,
        host: impl Fn() -> RequestHost<'h>,
    ) -> Result<Option<&Rc<Protection<S>>>, Refusal> {
        let Some(sites) = &self.protection else { return Ok(None) };
        sites.at(&host).map(Some).ok_or_else(
            #[cold]
            || sites.first().sp.host_unknown(host()),
        )
    }

    /// The name of the SP whose endpoint it is, or that protects it; empty = there is none.
    pub fn sp_name(&self) -> &str {
        match (&self.endpoint, &self.protection) {
            (Some((_, sites)), _) => &sites.first().name,
            (None, Some(sites)) => &sites.first().sp.name,
            (None, None) => "",
        }
    }

    /// How the pages of that SP look, at all its origins; `None` = there is none.
    pub fn look(&self) -> Option<&Rc<Look>> {
        match (&self.endpoint, &self.protection) {
            (Some((_, sites)), _) => Some(&sites.first().look),
            (None, Some(sites)) => Some(&sites.first().sp.look),
            (None, None) => None,
        }
    }

    /// The endpoint that it is where a request is that names `host`; `None` = it is none.
    ///
    /// # Errors
    /// As [`Location::protection_at`]; but for what is the same at all origins.
    pub fn endpoint_at<'h>(
        &self,
        host: impl Fn() -> RequestHost<'h>,
    ) -> Result<Option<EndpointAt<'_, S>>, Refusal> {
        let Some((kind, sites)) = &self.endpoint else { return Ok(None) };
        let anywhere = || kind.is_same_everywhere().then(|| sites.first());
        let site = sites.at(&host).or_else(anywhere);
        site.map(|sp| Some((*kind, sp))).ok_or_else(|| sites.first().host_unknown(host()))
    }
}

/// How a location is protected at one origin of its SP.
pub struct Protection<S> {
    /// Whose sessions let in, and where those without one log in.
    pub sp: Rc<Sp<S>>,
    /// Who is asked, and the users of other IdPs must log in again.
    pub idp: WantedIdp,
    /// What becomes of those without a session.
    pub mode: Mode,
    /// How they are told, where one is required.
    pub unauthenticated: Unauthenticated,
    /// How many bytes of a form are kept over a login at most; `None` = nothing of one.
    pub preserve_post: Option<usize>,
    /// Programs that do the Enhanced Client or Proxy profile may log in (`auth_saml_ecp`, Profiles 4.2).
    pub ecp: bool,
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
    /// What a session must keep besides, to let in.
    pub rules: Rc<Rules>,
}

/// Whose users a location wants (`idp=`).
#[derive(Clone)]
pub enum WantedIdp {
    /// Those of any IdP of its SP.
    Any,
    /// Those of this one.
    One(Rc<Idp>),
    /// Those of the IdP of that entityID, one of a federation.
    OfEntity(String),
    /// Those of the IdP that a variable of the server names, request by request; its name without `$`, in lower case.
    OfVariable(String),
}

/// `auth_saml_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Who has no session does not get in.
    Require,
    /// They do, without one.
    Optional,
    /// The same; but first their IdP is asked, once in a while, whether it knows them.
    Passive,
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

/// How long a login that was asked for with ForceAuthn is new to every location. It may have taken longer than a
/// location's age, or the IdP's clock may be late; the next one would do no better, for ever.
const ARRIVAL: Seconds = Seconds(30);

impl ForceAuthn {
    fn asks_no_age(self) -> bool {
        !matches!(self, Self::Age(_))
    }

    fn is_met_by(self, session: &DecodedSession, now: UnixTime) -> bool {
        let Self::Age(age) = self else { return true };
        // An IdP whose clock is ahead makes nobody younger than their session.
        let signed_in = session.authn_instant.min(session.created);
        now - signed_in <= age || session.force_authn && now - session.created <= ARRIVAL
    }
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
    pub fn new(sp: Rc<Sp<S>>, idp: WantedIdp) -> Self {
        Self {
            sp,
            idp,
            mode: Mode::Require,
            unauthenticated: Unauthenticated::Auto,
            preserve_post: None,
            ecp: false,
            force_authn: ForceAuthn::Off,
            authn_context: None,
            cache_control: CacheControl::On,
            preflight: Preflight::Off,
            cors_origins: Vec::new(),
            rules: Rc::default(),
        }
    }

    /// The same at another origin of the SP, which is `sp` there.
    pub fn at(&self, sp: Rc<Sp<S>>) -> Self {
        Self {
            sp,
            idp: self.idp.clone(),
            mode: self.mode,
            unauthenticated: self.unauthenticated,
            ecp: self.ecp,
            force_authn: self.force_authn,
            preserve_post: self.preserve_post,
            authn_context: self.authn_context.clone(),
            cache_control: self.cache_control,
            preflight: self.preflight,
            cors_origins: self.cors_origins.clone(),
            rules: Rc::clone(&self.rules),
        }
    }

    /// The IdP whose users get in; `None` = those of any. `value` is what the server's variable of a name
    /// holds.
    ///
    /// # Errors
    /// It names no IdP of the SP. Nobody gets in by the users of another one then.
    #[inline]
    pub fn wanted_idp(
        &self,
        value: impl FnOnce(&str) -> Option<String>,
    ) -> Result<Option<Rc<Idp>>, Refusal> {
        match &self.idp {
            WantedIdp::Any => Ok(None),
            _ => self.one_idp(value),
        }
    }

    fn one_idp(
        &self,
        value: impl FnOnce(&str) -> Option<String>,
    ) -> Result<Option<Rc<Idp>>, Refusal> {
        let text = match &self.idp {
            WantedIdp::Any => return Ok(None),
            WantedIdp::One(idp) => return Ok(Some(Rc::clone(idp))),
            WantedIdp::OfEntity(entity_id) => Cow::Borrowed(entity_id),
            WantedIdp::OfVariable(name) => Cow::Owned(value(name).unwrap_or_default()),
        };
        self.sp.idps.called(&text).map(Some).ok_or_else(|| {
            let said_by = match &self.idp {
                WantedIdp::OfVariable(name) => format!("${name}"),
                _ => "idp=".to_owned(),
            };
            let detail = format!(
                "{said_by} of \"auth_saml\" is {}, and no \"idp\" of saml_sp \"{}\"",
                quote(&text),
                self.sp.name
            );
            Refusal::new(&reason::IDP_NOT_OFFERED, detail)
        })
    }

    /// Why a session does not open the location, of which `idp` is what [`Protection::wanted_idp`] says;
    /// `None` = it does.
    #[inline]
    pub fn objection(
        &self,
        session: &DecodedSession,
        idp: Option<&Idp>,
        now: UnixTime,
    ) -> Option<&'static Reason> {
        let asks_nothing = self.authn_context.is_none() && self.force_authn.asks_no_age();
        if idp.is_none() && asks_nothing { None } else { self.object(session, idp, now) }
    }

    fn object(
        &self,
        session: &DecodedSession,
        idp: Option<&Idp>,
        now: UnixTime,
    ) -> Option<&'static Reason> {
        if idp.is_some_and(|idp| !idp.is_entity(session.idp())) {
            return Some(&reason::SESSION_OF_OTHER_IDP);
        }
        let class = session.authn_context();
        let meets_class = self.authn_context.as_ref().is_none_or(|asked| asked.is_met_by(class));
        let is_fresh = self.force_authn.is_met_by(session, now);
        (!meets_class || !is_fresh).then_some(&reason::AUTHENTICATION_REQUIRED)
    }

    /// The rule on IdPs or attributes that a session does not keep, which opens the location otherwise; `None` =
    /// it keeps them all.
    #[inline]
    pub fn unmet(&self, live: &LiveSession) -> Option<Unmet> {
        self.rules.unmet(live, &self.sp.idps)
    }

    /// A link to a login that satisfies this location, when the SP has a `saml_login`. `idp` is what
    /// [`Protection::wanted_idp`] says.
    pub fn login_url(&self, idp: Option<&Idp>) -> Option<String> {
        self.login_url_at(EndpointKind::Login, idp, self.force_authn != ForceAuthn::Off, None)
    }

    /// The same at another endpoint that takes these arguments; the login ends at `return_url`.
    pub(crate) fn login_url_at(
        &self,
        kind: EndpointKind,
        idp: Option<&Idp>,
        force_authn: bool,
        return_url: Option<&str>,
    ) -> Option<String> {
        let mut url = self.sp.endpoints.get(kind)?.to_owned();
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(idp) = idp {
            query.append_pair("idp", idp.name());
        }
        if force_authn {
            query.append_pair("force_authn", "1");
        }
        if let Some(asked) = &self.authn_context {
            for class in &asked.classes {
                query.append_pair("authn_context", class);
            }
            query.append_pair("comparison", asked.comparison.as_str());
        }
        if let Some(return_url) = return_url {
            query.append_pair("return", return_url);
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
mod tests;
