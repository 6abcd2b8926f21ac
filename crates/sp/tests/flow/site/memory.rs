//! A session store in this process's memory: what the zone and memcached promise, without either.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use clock::UnixTime;
use saml::logout::LogoutRequest;
use saml::reason;
use saml::refusal::Refusal;
use session::{
    Claimed, Claims, Logouts, MAX_CLAIMS, MAX_MEMBERS, Member, Order, Orders, Secret, Secrets,
    Session, SessionSet, SessionToken, Shapes, StoreKey,
};
use sp::{Found, Listed, ListedSession, LiveSession, Peeked, SessionRules, SessionStore};

use super::executor::wait;

/// An IdP and a NameID of it.
type Owner = (String, String);

/// The sessions of one SP, and what is remembered beside them.
pub struct Memory {
    rules: SessionRules,
    shapes: Shapes,
    secrets: Secrets,
    sessions: RefCell<HashMap<StoreKey, Rc<LiveSession>>>,
    sets: RefCell<HashMap<Owner, SessionSet>>,
    claims: RefCell<HashMap<Owner, Claims>>,
    requests: RefCell<HashMap<Owner, UnixTime>>,
    logouts: RefCell<HashMap<Owner, Logouts>>,
    orders: RefCell<Orders>,
    /// What the SP has heard of them.
    heard: RefCell<Orders>,
    /// It tells which sessions there are, one at a place.
    pub can_list: Cell<bool>,
    /// It answers nobody.
    pub is_down: Cell<bool>,
    /// Assertions that one NameID may have used.
    pub most_claims: Cell<usize>,
    /// What was claimed before is forgotten.
    pub claims_since: Cell<UnixTime>,
}

impl Memory {
    pub fn new(rules: SessionRules) -> Self {
        Self {
            shapes: Shapes::new(&rules.attributes.aliases, &Default::default()),
            rules,
            secrets: Secrets::one(Secret::from_bytes([7; 32])),
            sessions: RefCell::default(),
            sets: RefCell::default(),
            claims: RefCell::default(),
            requests: RefCell::default(),
            logouts: RefCell::default(),
            orders: RefCell::default(),
            heard: RefCell::default(),
            can_list: Cell::new(true),
            is_down: Cell::new(false),
            most_claims: Cell::new(MAX_CLAIMS),
            claims_since: Cell::default(),
        }
    }

    /// Sessions that have not been ended.
    pub fn len(&self) -> usize {
        self.sessions.borrow().len()
    }

    /// Nothing was ever written, or all of it is gone.
    pub fn is_blank(&self) -> bool {
        self.sessions.borrow().is_empty()
            && self.sets.borrow().is_empty()
            && self.claims.borrow().is_empty()
            && self.requests.borrow().is_empty()
            && self.logouts.borrow().is_empty()
    }

    /// An answer takes a while, when one comes at all.
    async fn answer(&self) -> Result<(), Refusal> {
        wait().await;
        match self.is_down.get() {
            true => Err(Refusal::new(&reason::STORE_UNAVAILABLE, "it is down")),
            false => Ok(()),
        }
    }

    fn change_logouts<T>(
        &self,
        request: &LogoutRequest,
        change: impl FnOnce(&mut Logouts) -> T,
    ) -> T {
        let owner = owner(&request.issuer, &request.name_id.value);
        change(self.logouts.borrow_mut().entry(owner).or_default())
    }
}

fn owner(idp: &str, name_id: &str) -> Owner {
    (idp.to_owned(), name_id.to_owned())
}

impl SessionStore for Memory {
    fn rules(&self) -> &SessionRules {
        &self.rules
    }

    fn secrets(&self) -> Result<&Secrets, Refusal> {
        Ok(&self.secrets)
    }

    async fn find(self: &Rc<Self>, token: &SessionToken, now: UnixTime) -> Found {
        self.answer().await?;
        let key = token.store_key(&self.rules.sp);
        let live = self.sessions.borrow().get(&key).cloned();
        Ok(live.filter(|live| live.session.is_valid_for(&self.rules.sp, now)))
    }

    async fn peek(
        self: &Rc<Self>,
        token: &SessionToken,
        now: UnixTime,
    ) -> Result<Option<Peeked>, Refusal> {
        let found = self.find(token, now).await?;
        let idle = |live: &LiveSession| self.rules.expiry(live.session.expires, now);
        Ok(found.map(|live| Peeked { forgotten: Some(idle(&live)), live }))
    }

    async fn create(
        &self,
        token: &SessionToken,
        session: &Session,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        self.answer().await?;
        let key = token.store_key(&self.rules.sp);
        let format = session.name_id.format.as_deref();
        let member = Member::new(format, session.session_index.as_deref(), key, session.expires);
        let member = match self.rules.several_origins {
            true => member.of_authentication(session.authn_instant),
            false => member,
        };
        let owner = owner(&session.idp, &session.name_id.value);
        let left = self.sets.borrow_mut().entry(owner).or_default().add(member, MAX_MEMBERS, now);
        let live = LiveSession::new(key, session, &self.shapes);
        let mut sessions = self.sessions.borrow_mut();
        sessions.retain(|key, _| !left.contains(key));
        sessions.insert(key, Rc::new(live));
        Ok(())
    }

    async fn is_there(&self, key: &StoreKey, _: UnixTime) -> Result<bool, Refusal> {
        Ok(self.sessions.borrow().contains_key(key))
    }

    async fn end_all(
        &self,
        sessions: &[(StoreKey, UnixTime)],
        _: UnixTime,
    ) -> Result<Vec<(StoreKey, Session)>, Refusal> {
        self.answer().await?;
        let mut all = self.sessions.borrow_mut();
        let ended = sessions.iter().filter_map(|(key, _)| {
            let live = all.remove(key)?;
            Some((*key, Session { attributes: Vec::new(), ..live.session.to_session() }))
        });
        Ok(ended.collect())
    }

    async fn end_live(&self, live: &LiveSession, now: UnixTime) -> Result<(), Refusal> {
        self.end_all(&[(live.key, live.session.expires)], now).await?;
        let (idp, name_id) = (live.session.idp(), live.session.name_id());
        self.forget(idp, name_id, &HashSet::from([live.key]), now).await
    }

    async fn claim_assertion(
        &self,
        idp: &str,
        name_id: &str,
        assertion_id: &str,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<Claimed, Refusal> {
        self.answer().await?;
        let mut claims = self.claims.borrow_mut();
        let claims = claims.entry(owner(idp, name_id)).or_default();
        Ok(claims.claim(assertion_id, until, self.most_claims.get(), now))
    }

    fn claims_since(&self, _: UnixTime) -> UnixTime {
        self.claims_since.get()
    }

    async fn claim_request(
        &self,
        idp: &str,
        request_id: &str,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Refusal> {
        self.answer().await?;
        let mut requests = self.requests.borrow_mut();
        requests.retain(|_, until| now <= *until);
        Ok(requests.insert(owner(idp, request_id), until).is_none())
    }

    async fn claim_artifact(
        &self,
        idp: &str,
        artifact: &str,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Refusal> {
        self.claim_request(idp, artifact, until, now).await
    }

    async fn claim_debug_link(
        &self,
        story: &str,
        until: UnixTime,
        _: UnixTime,
    ) -> Result<bool, Refusal> {
        self.claim_request("saml_debug", story, until, until).await
    }

    async fn was_logged_out(&self, session: &Session, now: UnixTime) -> Result<bool, Refusal> {
        self.answer().await?;
        let logouts = self.logouts.borrow();
        let logouts = logouts.get(&owner(&session.idp, &session.name_id.value));
        let (index, issued) = (session.session_index.as_deref(), session.issue_instant);
        Ok(logouts.is_some_and(|logouts| logouts.cover(index, issued, now)))
    }

    async fn of_name_id(
        &self,
        idp: &str,
        name_id: &str,
        _: UnixTime,
    ) -> Result<SessionSet, Refusal> {
        self.answer().await?;
        Ok(self.sets.borrow().get(&owner(idp, name_id)).cloned().unwrap_or_default())
    }

    async fn forget(
        &self,
        idp: &str,
        name_id: &str,
        ended: &HashSet<StoreKey>,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        self.answer().await?;
        if let Some(set) = self.sets.borrow_mut().get_mut(&owner(idp, name_id)) {
            set.remove(ended, now);
        }
        Ok(())
    }

    async fn bury(&self, request: &LogoutRequest, now: UnixTime) -> Result<(), Refusal> {
        self.answer().await?;
        let (indexes, instant) = (&request.session_indexes, request.issue_instant);
        let until = request.tombstone_until;
        self.change_logouts(request, |logouts| logouts.bury(indexes, instant, until, now));
        Ok(())
    }

    async fn answer_to(
        &self,
        request: &LogoutRequest,
        now: UnixTime,
    ) -> Result<Option<bool>, Refusal> {
        self.answer().await?;
        let logouts = self.logouts.borrow();
        let logouts = logouts.get(&owner(&request.issuer, &request.name_id.value));
        Ok(logouts.and_then(|logouts| logouts.answer_to(&request.id, now)))
    }

    async fn remember_answer(
        &self,
        request: &LogoutRequest,
        is_complete: bool,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        self.answer().await?;
        let until = request.replay_until;
        self.change_logouts(request, |logouts| {
            logouts.remember(&request.id, is_complete, until, now);
        });
        Ok(())
    }

    fn news(self: &Rc<Self>, _: UnixTime) -> Option<Rc<Orders>> {
        let orders = self.orders.borrow().clone();
        let is_new = *self.heard.borrow() != orders;
        self.heard.replace(orders.clone());
        is_new.then(|| Rc::new(orders))
    }

    async fn order(self: &Rc<Self>, order: &Order, now: UnixTime) -> Result<(), Refusal> {
        self.answer().await?;
        let given = self.orders.borrow_mut().give(order, now);
        given.map_err(|error| Refusal::new(&reason::ORDERS_TOO_MANY, error.to_string()))
    }

    fn can_list(&self) -> bool {
        self.can_list.get()
    }

    fn list(&self, from: usize, _: UnixTime) -> Listed {
        let sessions = self.sessions.borrow();
        let mut keys: Vec<_> = sessions.keys().copied().collect();
        keys.sort();
        let listed = |(place, key): (usize, &StoreKey)| {
            let session = sessions.get(key)?.session.to_session();
            Some(ListedSession { place, key: *key, session })
        };
        let found = keys.iter().enumerate().skip(from).take(2).filter_map(listed).collect();
        Listed { sessions: found, next: Some(from + 2).filter(|next| *next < keys.len()) }
    }

    fn known(&self, key: &StoreKey, _: UnixTime) -> Option<Session> {
        let sessions = self.sessions.borrow();
        sessions.get(key).filter(|_| self.can_list.get()).map(|live| live.session.to_session())
    }
}
