//! An SP at work: everything a request needs, with no `Option` that was checked earlier.

mod passive_tries;
mod under_way;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use clock::{Seconds, UnixTime};
use diagnosis::Diary;
use http::{Headers, HttpUrl, RequestHost, browser};
use pages::Look;
use saml::authn_request::Signer;
use saml::message::Expected;
use saml::provider::{self, ExtraValue, Policy};
use saml::reason;
use saml::refusal::{Refusal, quote};
use session::{Session, SessionToken, SpId, StoreKey, header_safe};
use xmldoc::{DecryptionKey, Limits};

use crate::cookies::Cookies;
use crate::credential::Credential;
use crate::discovery::Discovery;
use crate::endpoint_kind::EndpointKind;
use crate::endpoints::Endpoints;
use crate::event::{Event, What};
use crate::identity_token::JwtIssuer;
use crate::idp::Idp;
use crate::idps::Idps;
use crate::live_session::LiveSession;
use crate::publication::{Publication, Published};
use crate::recorded;
use crate::return_targets::ReturnTargets;
use crate::session_attributes::SessionAttributes;
use crate::session_store::{Found, Peeked, SessionStore};
use crate::visit::Visit;

/// So many origins a line of the log names.
const MOST_ORIGINS_TOLD: usize = 8;

/// A Service Provider at one of its origins, and where its sessions are. At the others it is the same but
/// for what depends on where the browser is: `id`, `base_url`, `endpoints`, `sessions`, `cookies`,
/// `return_targets`, `login_redirect` and `logout_redirect`.
pub struct Sp<S> {
    /// The name of its `saml_sp` block, for people. Hosts that share a store may have another SP of
    /// that name.
    pub name: String,
    /// What tells it from all other SPs, and where browsers keep its cookies apart, from itself at other
    /// origins.
    pub id: SpId,
    /// What IdPs know it by: `entity_id`, or else the URL of its metadata (Core 8.3.6).
    pub entity_id: String,
    /// Origin, without a trailing slash: `https://app.example.com`.
    pub base_url: String,
    /// All of its origins, this one among them; the first is the main one.
    pub origins: Rc<[String]>,
    /// Where its handlers are, as others reach them.
    pub endpoints: Endpoints,
    /// The first signs; all are published.
    pub credentials: Rc<[Credential]>,
    /// What IdPs may encrypt for.
    pub decryption_keys: Arc<[DecryptionKey]>,
    /// Some location has `auth_saml_ecp`: the ACS takes Responses by PAOS (Bindings 3.3). Set while the
    /// configuration is read, when the SP stands already.
    pub takes_paos: Rc<Cell<bool>>,
    /// Whose users it lets in.
    pub idps: Rc<Idps>,
    /// How somebody's IdP is found.
    pub discovery: Discovery,
    /// Where its sessions lie; SPs may share it.
    pub sessions: Rc<S>,
    /// What its cookies are called, and their attributes.
    pub cookies: Cookies,
    /// Where it may send a browser after a login or logout.
    pub return_targets: ReturnTargets,
    /// Where a login without a return URL ends; absolute.
    pub login_redirect: String,
    /// Where a logout without a return URL ends; absolute. `None` = a page of our own.
    pub logout_redirect: Option<String>,
    /// The URIs of the locations that tell applications of logouts, one each.
    pub logout_notify: Rc<[String]>,
    /// The part of a deep link behind its `#` survives a login.
    pub keep_fragment: bool,
    /// Some location has `auth_saml_mode passive`. Set as `takes_paos` is.
    pub tries_passively: Rc<Cell<bool>>,
    /// Some location has `saml_debug link`. Set as `takes_paos` is.
    pub gives_debug_links: Rc<Cell<bool>>,
    /// How long a browser whose IdP was asked silently is not asked again.
    pub passive_retry: Seconds,
    /// How long a login may take.
    pub request_lifetime: Seconds,
    /// Bytes of XML in one message.
    pub max_message_size: usize,
    /// What the metadata says besides.
    pub publication: Rc<Publication>,
    /// The metadata as it was last handed out.
    pub published: Rc<Published>,
    /// What `saml_session` shows of a session's attributes.
    pub session_attributes: SessionAttributes,
    /// How its pages look.
    pub look: Rc<Look>,
    /// Who signs for applications; `None` = it has no key.
    pub jwt_issuer: Option<Rc<JwtIssuer>>,
    /// Whom tokens are for where no location says it: this site.
    pub own_audience: Rc<[String]>,
}

impl<S> Sp<S> {
    /// The credential that signs.
    pub fn signer(&self) -> Option<Signer> {
        let credential = self.credentials.first()?;
        let (key, certificate) = (credential.key.clone(), credential.certificate.clone());
        Some(Signer { key, certificate })
    }

    /// What a message of an IdP must fit that comes to `url` with a visit.
    pub fn expected<'a>(
        &'a self,
        visit: &'a Visit,
        idp: &'a provider::Idp,
        url: &'a str,
        now: UnixTime,
    ) -> Expected<'a> {
        let decryption_keys = &self.decryption_keys;
        let examination = visit.circumstances.diagnosis.diary().map(Diary::examination);
        Expected { url, sp_entity_id: &self.entity_id, idp, decryption_keys, now, examination }
    }

    /// Judges a message that must fit that: in another thread when it `is_slow`. Where a story tells how it is
    /// judged, here.
    ///
    /// # Errors
    /// The first rule that it breaks, or no thread did it.
    pub(crate) async fn judge<T: Send + 'static>(
        &self,
        visit: &Visit,
        idp: &Arc<provider::Idp>,
        url: &str,
        now: UnixTime,
        is_slow: bool,
        accept: impl FnOnce(&Expected<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        if !is_slow || visit.circumstances.diagnosis.diary().is_some() {
            return accept(&self.expected(visit, idp, url, now));
        }
        let (url, sp_entity_id) = (url.to_owned(), self.entity_id.clone());
        let (idp, keys) = (Arc::clone(idp), Arc::clone(&self.decryption_keys));
        let judge = move || {
            accept(&Expected {
                url: &url,
                sp_entity_id: &sp_entity_id,
                idp: &idp,
                decryption_keys: &keys,
                now,
                examination: None,
            })
        };
        visit.server.compute(true, judge).await?
    }

    /// Does it take a thread's time to judge a message in which something is encrypted?
    pub(crate) fn decrypts_slowly(&self, holds_ciphertext: bool) -> bool {
        holds_ciphertext && self.decryption_keys.iter().any(DecryptionKey::is_slow)
    }

    /// The bounds of a message's XML.
    pub fn limits(&self) -> Limits {
        Limits { bytes: self.max_message_size, ..Limits::default() }
    }

    /// The IdP that says it wrote a message, and the name of its `saml_idp` block.
    ///
    /// # Errors
    /// This SP has none of that entityID.
    pub fn idp_of(&self, issuer: Option<String>) -> Result<(Rc<Idp>, Arc<provider::Idp>), Refusal> {
        let issuer = issuer.unwrap_or_default();
        let known = self.idps.of_entity(&issuer).and_then(|idp| Some((idp.current()?, idp)));
        known.map(|(current, idp)| (idp, current)).ok_or_else(|| {
            Refusal::new(
                &reason::IDP_UNKNOWN,
                format!(
                    "the Issuer is {}, no \"idp\" of saml_sp \"{}\"",
                    quote(&issuer),
                    self.name
                ),
            )
        })
    }

    /// The IdP at which a login or logout began, by its name.
    ///
    /// # Errors
    /// A reload has taken it away or disabled it since.
    pub fn idp_named(&self, name: &str) -> Result<Arc<provider::Idp>, Refusal> {
        let idp = self.idps.called(name);
        idp.as_ref().map_or(Ok(()), |idp| idp.check_enabled())?;
        idp.and_then(|idp| idp.current()).ok_or_else(|| {
            let name = quote(name);
            Refusal::new(
                &reason::IDP_UNKNOWN,
                format!("the login began at saml_idp {name}, which is no longer configured"),
            )
        })
    }

    /// The IdP that is asked when nothing says which.
    ///
    /// # Errors
    /// None has metadata yet, or all are disabled.
    pub fn default_idp(&self) -> Result<Rc<Idp>, Refusal> {
        self.idps.default_idp().ok_or_else(|| self.idps.awaited())
    }

    /// An IdP that has left the configuration, or is disabled, takes its users along; so does an order that ends
    /// them.
    pub fn trusts(&self, live: &LiveSession) -> bool {
        self.idps.trust(live.session.idp(), live.session.created, &live.trusted)
    }

    /// Would this session let its browser in, for all that its IdP and operators say?
    pub(crate) fn lets_in(&self, session: &Session) -> bool {
        self.idps.trust(&session.idp, session.created, &Cell::default())
    }

    /// The variables of the server that logins look at, by their names without `$`.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let extra = self.policies().flat_map(|policy| &policy.request.extra_arguments);
        extra.filter_map(|argument| match &argument.value {
            ExtraValue::Variable(name) => Some(name.as_str()),
            ExtraValue::Argument | ExtraValue::Text(_) => None,
        })
    }

    /// How its IdPs are dealt with, also those whose metadata is awaited.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> + Clone {
        self.idps.blocks().map(|block| &block.policy)
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

    /// Has a page of this SP's site sent it, as its browser says? What it shall do in the name of its user must
    /// come from there.
    pub fn is_sent_by_own_page(&self, r: &impl Headers) -> bool {
        let site = HttpUrl::parse(&self.base_url).map(|url| url.origin());
        site.is_some_and(|site| browser::is_sent_by(r, &site))
    }

    /// Which of the origins it is, from 0.
    pub fn origin_number(&self) -> u16 {
        let place = self.origins.iter().position(|origin| *origin == self.base_url);
        place.and_then(|place| u16::try_from(place).ok()).unwrap_or_default()
    }

    /// The URLs of an endpoint at all of the origins, in their order.
    pub fn everywhere(&self, kind: EndpointKind) -> Vec<String> {
        let url = self.endpoints.get(kind);
        url.map(|url| self.at_all_origins(url).collect()).unwrap_or_default()
    }

    /// A URL of this origin as it is at each.
    pub fn at_all_origins(&self, url: &str) -> impl Iterator<Item = String> {
        let path = url.strip_prefix(&self.base_url);
        path.into_iter()
            .flat_map(|path| self.origins.iter().map(move |origin| format!("{origin}{path}")))
    }

    /// Refuses a request that is at none of the origins.
    pub fn host_unknown(&self, host: RequestHost<'_>) -> Refusal {
        let more = self.origins.len().saturating_sub(MOST_ORIGINS_TOLD);
        let mut known = self.origins.get(..MOST_ORIGINS_TOLD).unwrap_or(&self.origins).join(", ");
        if more > 0 {
            known.push_str(&format!(" and {more} more"));
        }
        let (host, name) = (quote(&host.to_string()), &self.name);
        let detail = format!("the Host is {host}, the origins of saml_sp \"{name}\" are {known}");
        Refusal::new(&reason::HOST_UNKNOWN, detail)
    }

    /// Where the sessions lie whose tokens came with a request.
    pub fn session_keys(&self, r: &impl Headers) -> impl Iterator<Item = StoreKey> {
        self.cookies.session_tokens(r).map(|token| token.store_key(&self.id))
    }

    /// A visit is about its IdP of that entityID: a refusal is counted as of that one.
    pub(crate) fn note_idp(&self, visit: &Visit, entity_id: &str) {
        visit.circumstances.idp.replace(self.idps.block_of(entity_id));
    }

    /// Tells what happened to a user of the IdP of that entityID.
    pub(crate) fn tell(&self, visit: &Visit, entity_id: &str, what: What<'_>) {
        let idp = self.idps.block_of(entity_id).unwrap_or_default();
        let request_id = visit.circumstances.request_id();
        recorded::event(visit, &idp, &what);
        visit.server.tell(&Event { sp: &self.name, idp: &idp, request_id, what });
    }
}

impl<S: SessionStore> Sp<S> {
    /// Hears what an operator has ordered since. It costs a look at shared memory, so that each request can.
    pub fn heed(&self, now: UnixTime) {
        if let Some(orders) = self.sessions.news(now) {
            self.idps.follow(orders);
        }
    }

    /// What applications and logs call the user of a session, safe for a header: `$remote_user`, and who a
    /// token is about. Empty when no source of `user` has a value.
    pub fn user(&self, live: &LiveSession) -> String {
        let user = live.user(self.sessions.rules()).unwrap_or_default();
        header_safe(&user).into_owned()
    }

    /// The session of the browser that sent these tokens, wherever it lies.
    ///
    /// # Errors
    /// None of them has one, and the store does not answer for one at least. A cookie that somebody
    /// planted does not hide the browser's own.
    pub async fn find_session(&self, tokens: &[SessionToken], now: UnixTime) -> Found {
        self.find(tokens, now, |live| self.trusts(live)).await
    }

    async fn find(
        &self,
        tokens: &[SessionToken],
        now: UnixTime,
        counts: impl Fn(&LiveSession) -> bool,
    ) -> Found {
        let mut none = Ok(None);
        for token in tokens {
            let found = self.sessions.find(token, now).await;
            // With the session the store may have said what operators have ordered.
            self.heed(now);
            match found {
                Ok(Some(live)) if counts(&live) => return Ok(Some(live)),
                Ok(_) => {}
                Err(refusal) => none = Err(refusal),
            }
        }
        none
    }

    /// As [`Sp::find_session`], for the browser whose visit it is.
    ///
    /// # Errors
    /// As [`Sp::find_session`].
    pub async fn session_of(&self, visit: &Visit) -> Found {
        let tokens: Vec<_> = self.cookies.session_tokens(&visit.head).collect();
        self.find_session(&tokens, visit.now).await
    }

    /// The same, for who asks about it and does not use it.
    ///
    /// # Errors
    /// As [`Sp::find_session`].
    pub(crate) async fn peek_session_of(&self, visit: &Visit) -> Result<Option<Peeked>, Refusal> {
        let mut none = Ok(None);
        for token in self.cookies.session_tokens(&visit.head) {
            let found = self.sessions.peek(&token, visit.now).await;
            self.heed(visit.now);
            match found {
                Ok(Some(peeked)) if self.trusts(&peeked.live) => return Ok(Some(peeked)),
                Ok(_) => {}
                Err(refusal) => none = Err(refusal),
            }
        }
        none
    }

    /// A session to end: it may be of an IdP that is trusted no more, and might be again.
    ///
    /// # Errors
    /// As [`Sp::find_session`].
    pub(crate) async fn kept_session_of(&self, visit: &Visit) -> Found {
        let tokens: Vec<_> = self.cookies.session_tokens(&visit.head).collect();
        self.find(&tokens, visit.now, |_| true).await
    }
}

/// libcrypto failed.
pub fn sealing_failed(error: &session::SealError) -> Refusal {
    Refusal::new(&reason::SEALING_FAILED, error.to_string())
}
