//! An SP for tests: the IdPs `one` and `two`, and a store that has a secret and nothing else.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use clock::{Monotonic, Msec, Seconds, UnixTime};
use futures_util::FutureExt;
use pages::{Circumstances, Reply};
use saml::logout::LogoutRequest;
use saml::metadata::SpDescription;
use saml::refusal::Refusal;
use session::{
    Claimed, Order, Orders, SameSite, Secret, Secrets, Selection, Separator, Session, SessionSet,
    SessionToken, SpId, StoreKey, UserSources,
};

use crate::begun::Begun;
use crate::cookies::{CookieAttributes, Cookies};
use crate::discovery::Discovery;
use crate::endpoint_kind::EndpointKind;
use crate::endpoints::Endpoints;
use crate::event::Event;
use crate::idp::Idp;
use crate::idps::Idps;
use crate::live_session::LiveSession;
use crate::publication::Publication;
use crate::return_targets::ReturnTargets;
use crate::session_attributes::SessionAttributes;
use crate::session_rules::SessionRules;
use crate::session_store::{Found, Listed, Peeked, SessionStore};
use crate::sp::Sp;
use crate::test_idps::{current, settings};
use crate::visit::{Pause, Server, Wish, Work};

pub(crate) const BASE_URL: &str = "https://app.example.com";
pub(crate) const ENTITY_ID: &str = "https://app.example.com/saml/metadata";
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);

/// The SP, with an ACS, an SLS and a `saml_login`.
pub(crate) fn sp() -> Sp<Closed> {
    let id = SpId::new(ENTITY_ID, BASE_URL);
    let url = |kind, path: &str| (kind, format!("{BASE_URL}{path}"));
    let urls = vec![
        url(EndpointKind::Acs, "/saml/acs"),
        url(EndpointKind::Sls, "/saml/sls"),
        url(EndpointKind::Login, "/saml/login"),
    ];
    let handlers = ["/saml/acs", "/saml/sls", "/saml/login"].map(str::to_owned);
    let mut idps = Idps::default();
    for (name, entity_id) in [("one", "https://one.example"), ("two", "https://two.example")] {
        idps.add(Idp::new(settings(name), Some(current(entity_id)))).unwrap();
    }
    Sp {
        name: "app".to_owned(),
        id,
        entity_id: ENTITY_ID.to_owned(),
        base_url: BASE_URL.to_owned(),
        origins: [BASE_URL.to_owned()].into(),
        endpoints: Endpoints::new(urls).unwrap(),
        credentials: Rc::new([]),
        decryption_keys: Arc::new([]),
        idps: Rc::new(idps),
        discovery: Discovery::Off,
        sessions: Rc::new(Closed::new(id)),
        cookies: Cookies::new("saml", attributes(SameSite::Lax), id).unwrap(),
        return_targets: ReturnTargets::new(BASE_URL, Vec::new(), Rc::new(handlers)),
        login_redirect: format!("{BASE_URL}/start"),
        logout_redirect: None,
        logout_notify: Rc::default(),
        keep_fragment: false,
        request_lifetime: Seconds(600),
        max_message_size: 32 << 10,
        publication: Rc::new(Publication {
            description: SpDescription::EMPTY,
            name_id_formats: None,
            valid: None,
            sign: false,
            want_assertions_signed: false,
            authn_requests_signed: false,
            takes_artifacts: false,
            offer_simple_sign: false,
            offer_encryption: false,
        }),
        published: Rc::default(),
        session_attributes: SessionAttributes::All,
        look: Rc::default(),
        jwt_issuer: None,
        own_audience: [BASE_URL.to_owned()].into(),
        takes_paos: Rc::default(),
        gives_debug_links: Rc::default(),
        tries_passively: Rc::new(Cell::new(true)),
        passive_retry: Seconds(600),
    }
}

/// Of cookies at https, for all of the host alone.
pub(crate) fn attributes(same_site: SameSite) -> CookieAttributes {
    CookieAttributes {
        secure: true,
        host: "app.example.com".to_owned(),
        path: "/".to_owned(),
        domain: None,
        same_site,
        partitioned: false,
    }
}

/// A store that answers nothing.
pub(crate) struct Closed {
    rules: SessionRules,
    secrets: Secrets,
}

impl Closed {
    fn new(sp: SpId) -> Self {
        let rules = SessionRules {
            sp,
            sp_entity_id: ENTITY_ID.to_owned(),
            several_origins: false,
            lifetime: Seconds(3600),
            idle_timeout: None,
            keeps_address: true,
            unsigned_logout: false,
            attributes: Selection::default(),
            refuse_group_overage: false,
            user: UserSources::default(),
            separator: Separator::default(),
        };
        Self { rules, secrets: Secrets::one(Secret::from_bytes([7; 32])) }
    }
}

fn closed<T>() -> Result<T, Refusal> {
    Err(Refusal::internal("there is no store here"))
}

impl SessionStore for Closed {
    fn rules(&self) -> &SessionRules {
        &self.rules
    }

    fn secrets(&self) -> Result<&Secrets, Refusal> {
        Ok(&self.secrets)
    }

    async fn find(self: &Rc<Self>, _: &SessionToken, _: UnixTime) -> Found {
        closed()
    }

    async fn peek(
        self: &Rc<Self>,
        _: &SessionToken,
        _: UnixTime,
    ) -> Result<Option<Peeked>, Refusal> {
        closed()
    }

    fn claims_since(&self, _: UnixTime) -> UnixTime {
        UnixTime::default()
    }

    async fn create(&self, _: &SessionToken, _: &Session, _: UnixTime) -> Result<(), Refusal> {
        closed()
    }

    async fn is_there(&self, _: &StoreKey, _: UnixTime) -> Result<bool, Refusal> {
        closed()
    }

    async fn end_all(
        &self,
        _: &[(StoreKey, UnixTime)],
        _: UnixTime,
    ) -> Result<Vec<(StoreKey, Session)>, Refusal> {
        closed()
    }

    async fn end_live(&self, _: &LiveSession, _: UnixTime) -> Result<(), Refusal> {
        closed()
    }

    async fn claim_assertion(
        &self,
        _: &str,
        _: &str,
        _: &str,
        _: UnixTime,
        _: UnixTime,
    ) -> Result<Claimed, Refusal> {
        closed()
    }

    async fn claim_request(
        &self,
        _: &str,
        _: &str,
        _: UnixTime,
        _: UnixTime,
    ) -> Result<bool, Refusal> {
        closed()
    }

    async fn claim_artifact(
        &self,
        _: &str,
        _: &str,
        _: UnixTime,
        _: UnixTime,
    ) -> Result<bool, Refusal> {
        closed()
    }

    async fn claim_debug_link(&self, _: &str, _: UnixTime, _: UnixTime) -> Result<bool, Refusal> {
        closed()
    }

    async fn was_logged_out(&self, _: &Session, _: UnixTime) -> Result<bool, Refusal> {
        closed()
    }

    async fn of_name_id(&self, _: &str, _: &str, _: UnixTime) -> Result<SessionSet, Refusal> {
        closed()
    }

    async fn forget(
        &self,
        _: &str,
        _: &str,
        _: &HashSet<StoreKey>,
        _: UnixTime,
    ) -> Result<(), Refusal> {
        closed()
    }

    async fn bury(&self, _: &LogoutRequest, _: UnixTime) -> Result<(), Refusal> {
        closed()
    }

    async fn answer_to(&self, _: &LogoutRequest, _: UnixTime) -> Result<Option<bool>, Refusal> {
        closed()
    }

    async fn remember_answer(
        &self,
        _: &LogoutRequest,
        _: bool,
        _: UnixTime,
    ) -> Result<(), Refusal> {
        closed()
    }

    fn news(self: &Rc<Self>, _: UnixTime) -> Option<Rc<Orders>> {
        None
    }

    async fn order(self: &Rc<Self>, _: &Order, _: UnixTime) -> Result<(), Refusal> {
        closed()
    }

    fn can_list(&self) -> bool {
        false
    }

    fn list(&self, _: usize, _: UnixTime) -> Listed {
        Listed::default()
    }

    fn known(&self, _: &StoreKey, _: UnixTime) -> Option<Session> {
        None
    }
}

/// A server of which only the clock counts.
pub(crate) struct Clock {
    pub(crate) now: Cell<Monotonic>,
    /// It has threads that never do what they are to do.
    pub(crate) loses_work: bool,
}

impl Default for Clock {
    fn default() -> Self {
        Self { now: Cell::new(Monotonic::from_msec(1_000_000)), loses_work: false }
    }
}

impl Server for Clock {
    fn grant(&self, _: Wish) {}

    fn now(&self) -> UnixTime {
        NOW
    }

    fn monotonic(&self) -> Monotonic {
        self.now.get()
    }

    fn pause(&self, _: Msec) -> Pause {
        Box::pin(std::future::ready(()))
    }

    fn tell(&self, _: &Event<'_>) {}

    fn keeps_records(&self) -> bool {
        false
    }

    fn has_thread(&self) -> bool {
        self.loses_work
    }

    fn aside(&self, _: Work) -> Pause {
        Box::pin(std::future::ready(()))
    }

    fn note(&self, _: &str) {}

    fn warn(&self, _: &str) {}
}

/// The answer of a login that has begun.
pub(crate) fn signed(begun: Begun, circumstances: &Circumstances) -> Result<Reply, Refusal> {
    begun.reply(&Clock::default(), circumstances).now_or_never().unwrap()
}
