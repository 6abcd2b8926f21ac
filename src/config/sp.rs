//! A validated SP: everything a request needs, with no `Option` that was checked earlier.

use std::rc::Rc;

use clock::{Seconds, UnixTime};
use http::{HttpUrl, Scheme};
use ngx::http::Request;
use saml::provider::{self, Policy};
use saml::refusal::Refusal;
use session::{
    LoginCookie, LoginState, PendingError, PendingLogin, PendingLogout, SessionToken, SpId,
    StoreKey,
};
use sp::SameEntity;
use xmldoc::DecryptionKey;

use super::cookies::Cookies;
use super::credential::Credential;
use super::directive::{ConfigError, Given};
use super::endpoints::Endpoints;
use super::idp::idp;
use super::publication::Publication;
use super::raw::RawSp;
use super::return_targets::ReturnTargets;
use super::session_rules::SessionRules;
use super::surroundings::Surroundings;
use super::warnings::Warnings;
use crate::live_session::{AtHand, Found, LiveSession, Sessions};
use crate::sp::{Idp, Idps};
use crate::store::Store;

/// A Service Provider.
pub struct Sp {
    /// The name of its `saml_sp` block, for people. Hosts that share a store may have another SP of
    /// that name.
    pub name: String,
    /// What tells it from all other SPs.
    pub id: SpId,
    pub entity_id: String,
    /// Origin, without a trailing slash: `https://app.example.com`.
    pub base_url: String,
    pub endpoints: Endpoints,
    /// The first signs; all are published.
    pub credentials: Vec<Credential>,
    /// What IdPs may encrypt for.
    pub decryption_keys: Vec<DecryptionKey>,
    pub idps: Idps,
    pub sessions: Rc<Sessions>,
    pub cookies: Cookies,
    pub return_targets: ReturnTargets,
    /// Where a login without a return URL ends; absolute.
    pub login_redirect: String,
    /// Where a logout without a return URL ends; absolute. `None` = a page of our own.
    pub logout_redirect: Option<String>,
    /// The URI of the location that tells the application of logouts.
    pub logout_notify: Option<String>,
    /// How long a login may take.
    pub request_lifetime: Seconds,
    /// Bytes of XML in one message.
    pub max_message_size: usize,
    pub publication: Publication,
}

impl Sp {
    /// Validates one `saml_sp` block.
    pub fn new(
        raw: &RawSp,
        endpoints: Endpoints,
        around: &Surroundings<'_>,
        warnings: &mut Warnings,
    ) -> Result<Self, ConfigError> {
        let base = base_url(raw, warnings)?;
        let credentials = Credential::all(raw, around.files, around.now, warnings)?;
        let idps = idps(raw, &credentials, around, warnings)?;
        let endpoints = endpoints.absolute(&base, raw)?;
        let targets = ReturnTargets::new(raw, &base, Rc::clone(&around.handler_paths))?;
        let front_page = || Given { value: "/".to_owned(), place: raw.place.clone() };
        let login_redirect = raw.login_redirect.clone().unwrap_or_else(front_page);
        let login_redirect = targets.setting("login_redirect", &login_redirect)?;
        let logout_redirect = raw.logout_redirect.as_ref();
        let logout_redirect =
            logout_redirect.map(|given| targets.setting("logout_redirect", given)).transpose()?;
        let entity_id = entity_id(raw, &endpoints)?;
        let id = SpId::new(&entity_id, &base);
        let unsigned_logout = policies(&idps).any(|policy| !policy.require_signed_logout);
        let rules = SessionRules::new(raw, id, &entity_id, unsigned_logout, warnings)?;
        Ok(Self {
            name: raw.name.clone(),
            id,
            entity_id,
            publication: Publication::new(raw, &credentials, policies(&idps))?,
            sessions: Rc::new(Sessions::new(store(raw, around)?, rules)),
            cookies: cookies(raw, &base, &endpoints, id)?,
            request_lifetime: raw.request_lifetime.as_ref().map_or(Seconds(600), |g| g.value),
            max_message_size: raw.max_message_size.as_ref().map_or(256 << 10, |g| g.value),
            base_url: base,
            endpoints,
            decryption_keys: credentials
                .iter()
                .filter_map(|c| Some(DecryptionKey::of(&c.key)?.named_by(&c.certificate)))
                .collect(),
            credentials,
            idps,
            return_targets: targets,
            login_redirect,
            logout_redirect,
            logout_notify: logout_notify(raw)?,
        })
    }

    /// Can the SP of the block `raw` stand beside `other`?
    ///
    /// # Errors
    /// Both are one SP, whose sessions would pass the rules of either block and count for both.
    pub fn compare(
        &self,
        other: &Self,
        raw: &RawSp,
        warnings: &mut Warnings,
    ) -> Result<(), ConfigError> {
        let Self { name, entity_id, base_url, .. } = self;
        if self.id == other.id {
            return Err(ConfigError::new(
                &raw.place,
                format!(
                    "saml_sp \"{}\" and \"{name}\" are one SP: both have entity_id \"{entity_id}\" \
                     and base_url \"{base_url}\"; give one another \"entity_id\", or leave one",
                    other.name
                ),
            ));
        }
        if let Some(collision) = self.cookies.collide_with(&other.cookies) {
            warnings.add(
                &raw.place,
                format!(
                    "saml_sp \"{}\" and \"{name}\" {collision}; give one a \"cookie_name\"",
                    other.name
                ),
            );
        }
        Ok(())
    }

    /// The credential that signs.
    pub fn signer(&self) -> Option<saml::authn_request::Signer<'_>> {
        self.credentials
            .first()
            .map(|c| saml::authn_request::Signer { key: &c.key, certificate: &c.certificate })
    }

    /// The IdP with this `saml_idp` name.
    pub fn idp_named(&self, name: &str) -> Option<Rc<Idp>> {
        self.idps.named(name).cloned()
    }

    /// How its IdPs are dealt with, also those that it waits for.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> + Clone {
        policies(&self.idps)
    }

    /// An IdP as the protocol knows it.
    ///
    /// # Errors
    /// Its metadata is awaited.
    pub fn provider(&self, idp: &Idp) -> Result<Rc<provider::Idp>, Refusal> {
        idp.current().ok_or_else(|| self.idps.awaited())
    }

    /// The session of the browser that sent `r`, as far as this host knows.
    pub fn session_at_hand(&self, r: &Request, now: UnixTime) -> AtHand {
        for token in self.cookies.session_tokens(r) {
            match self.sessions.at_hand(&token, now) {
                AtHand::Known(Some(live)) if self.trusts(&live) => {
                    return AtHand::Known(Some(live));
                }
                AtHand::Known(_) => {}
                AtHand::Ask => return AtHand::Ask,
            }
        }
        AtHand::Known(None)
    }

    /// The session of a browser that sent these tokens, wherever it lies.
    ///
    /// # Errors
    /// None of them has one, and the store does not answer for one at least. A cookie that somebody
    /// planted does not hide the browser's own.
    pub async fn find_session(&self, tokens: &[SessionToken], now: UnixTime) -> Found {
        let mut none = Ok(None);
        for token in tokens {
            match self.sessions.find(token, now).await {
                Ok(Some(live)) if self.trusts(&live) => return Ok(Some(live)),
                Ok(_) => {}
                Err(refusal) => none = Err(refusal),
            }
        }
        none
    }

    /// An IdP that has left the configuration takes its users along.
    fn trusts(&self, live: &LiveSession) -> bool {
        self.idps.trust(&live.session.idp, &live.trusted_at)
    }

    /// The cookies of this browser's logins, by name.
    ///
    /// # Errors
    /// libcrypto failed.
    pub fn login_cookies(
        &self,
        r: &Request,
        now: UnixTime,
    ) -> Result<Vec<(String, LoginCookie)>, Refusal> {
        let secrets = self.sessions.store.secrets()?;
        let state = |value: &[u8]| match PendingLogin::open_cookie(secrets, &self.id, value, now) {
            Ok(login) if login.answered => LoginState::Answered { issued: login.issue_instant },
            Ok(login) => LoginState::Waiting { issued: login.issue_instant },
            Err(PendingError::Expired(login)) => {
                LoginState::Expired { issued: login.issue_instant }
            }
            Err(PendingError::Invalid) => LoginState::Unreadable,
        };
        let cookie = |(name, value): (String, &[u8])| {
            let cookie = LoginCookie { len: name.len() + value.len(), state: state(value) };
            (name, cookie)
        };
        Ok(self.cookies.requests(r).map(cookie).collect())
    }

    /// Has this browser a login under way?
    pub fn is_logging_in(&self, r: &Request, now: UnixTime) -> bool {
        let is_waiting = |(_, cookie): &(_, LoginCookie)| {
            matches!(cookie.state, LoginState::Waiting { .. } | LoginState::Answered { .. })
        };
        self.login_cookies(r, now).is_ok_and(|cookies| cookies.iter().any(is_waiting))
    }

    /// The URL as a path, when it is of this SP's own site.
    pub fn at_home(&self, url: String) -> String {
        match url.strip_prefix(&self.base_url) {
            Some(path) if path.starts_with('/') => path.to_owned(),
            _ => url,
        }
    }

    /// Undoes [`Sp::at_home`].
    pub fn absolute(&self, url: &str) -> String {
        if url.starts_with('/') { format!("{}{url}", self.base_url) } else { url.to_owned() }
    }

    /// The logouts under way in this browser.
    pub fn pending_logouts(
        &self,
        r: &Request,
        now: UnixTime,
    ) -> Result<impl Iterator<Item = PendingLogout>, Refusal> {
        let secrets = self.sessions.store.secrets()?;
        Ok(self
            .cookies
            .logout_values(r)
            .filter_map(move |value| PendingLogout::open_cookie(secrets, &self.id, value, now)))
    }

    /// Where the sessions lie whose tokens came with a request.
    pub fn session_keys(&self, r: &Request) -> impl Iterator<Item = StoreKey> {
        self.cookies.session_tokens(r).map(|token| token.store_key(&self.id))
    }
}

/// How IdPs are dealt with, also those that are awaited.
fn policies(idps: &Idps) -> impl Iterator<Item = &Policy> + Clone {
    idps.iter().map(|idp| &idp.settings().policy)
}

fn base_url(raw: &RawSp, warnings: &mut Warnings) -> Result<String, ConfigError> {
    let Some(given) = &raw.base_url else {
        return Err(ConfigError::new(
            &raw.place,
            format!(
                "saml_sp \"{}\" has no \"base_url\"; give the origin that browsers see, \
                 like \"base_url https://app.example.com;\"",
                raw.name
            ),
        ));
    };
    let refuse = || {
        ConfigError::new(
            &given.place,
            format!(
                "\"base_url\" \"{}\" must be scheme, host and port only, \
                 like https://app.example.com",
                given.value
            ),
        )
    };
    let url = HttpUrl::parse(&given.value).filter(|url| matches!(url.rest(), "" | "/"));
    let url = url.ok_or_else(refuse)?;
    if url.scheme() == Scheme::Http {
        warnings.add(
            &given.place,
            format!(
                "\"base_url\" \"{}\" is plain http: cookies go without Secure and can be stolen on \
                 the way; use https except for trials",
                given.value
            ),
        );
    }
    Ok(url.origin())
}

fn entity_id(raw: &RawSp, endpoints: &Endpoints) -> Result<String, ConfigError> {
    match (&raw.entity_id, endpoints.metadata.as_ref()) {
        (Some(given), _) if given.value.len() > 1024 => Err(ConfigError::new(
            &given.place,
            "\"entity_id\" is longer than 1024 characters (Core 8.3.6)",
        )),
        (Some(given), _) => Ok(given.value.clone()),
        (None, Some(metadata_url)) => Ok(metadata_url.clone()),
        (None, None) => Err(ConfigError::new(
            &raw.place,
            format!(
                "saml_sp \"{}\" has no \"entity_id\" and no saml_metadata location to name it \
                 after; add one of them",
                raw.name
            ),
        )),
    }
}

fn idps(
    raw: &RawSp,
    credentials: &[Credential],
    around: &Surroundings<'_>,
    warnings: &mut Warnings,
) -> Result<Idps, ConfigError> {
    let signer = credentials.first().map(|c| &c.key);
    let mut idps = Idps::default();
    for given in &raw.idp {
        let Some(block) = around.idps.iter().find(|idp| idp.name == given.value) else {
            return Err(ConfigError::new(
                &given.place,
                format!(
                    "unknown IdP \"{0}\": add \"saml_idp {0} {{ … }}\" in http, or fix the name",
                    given.value
                ),
            ));
        };
        let idp = idp(block, &raw.policy, signer, around, warnings)?;
        idps.add(idp).map_err(|SameEntity { twin, entity_id }| {
            ConfigError::new(
                &given.place,
                format!(
                    "saml_idp \"{twin}\" and \"{}\" of saml_sp \"{}\" are the same entity \
                     \"{entity_id}\"; leave one",
                    block.name, raw.name
                ),
            )
        })?;
    }
    if raw.idp.is_empty() {
        return Err(ConfigError::new(
            &raw.place,
            format!("saml_sp \"{}\" has no \"idp\"; name a saml_idp block", raw.name),
        ));
    }
    Ok(idps)
}

fn store(raw: &RawSp, around: &Surroundings<'_>) -> Result<Rc<Store>, ConfigError> {
    let named = raw.session_store.as_ref();
    let name = named.map_or(super::store::DEFAULT, |g| g.value.as_str());
    around.stores.iter().find(|s| s.name == name).cloned().ok_or_else(|| {
        ConfigError::new(
            named.map_or(&raw.place, |g| &g.place),
            format!(
                "unknown session store \"{name}\": add \"saml_session_store {name} {{ … }}\" in \
                 http, or leave \"session_store\" out for a 16m shared-memory store"
            ),
        )
    })
}

fn logout_notify(raw: &RawSp) -> Result<Option<String>, ConfigError> {
    let Some(given) = &raw.logout_notify else { return Ok(None) };
    if given.value.starts_with('/') && !given.value.contains(['?', '#']) {
        return Ok(Some(given.value.clone()));
    }
    Err(ConfigError::new(
        &given.place,
        format!(
            "\"logout_notify\" \"{}\" must be the path of a location, without arguments, like \
             /saml/logged-out",
            given.value
        ),
    ))
}

/// The cookies, when a logout can see the session's.
fn cookies(
    raw: &RawSp,
    base_url: &str,
    endpoints: &Endpoints,
    id: SpId,
) -> Result<Cookies, ConfigError> {
    let cookies = Cookies::new(raw, base_url, id)?;
    let logout = endpoints.logout.as_deref().and_then(|url| url.strip_prefix(base_url));
    match (&raw.cookie_path, logout) {
        (Some(given), Some(path)) if !cookies.reach(path) => Err(ConfigError::new(
            &given.place,
            format!(
                "\"cookie_path\" \"{}\" hides the session from saml_logout at \"{path}\"; \
                 put saml_logout below it",
                given.value
            ),
        )),
        _ => Ok(cookies),
    }
}
