//! What an SP asks of its session store.

use std::collections::HashSet;
use std::rc::Rc;

use clock::UnixTime;
use saml::logout::LogoutRequest;
use saml::refusal::Refusal;
use session::{Claimed, Order, Orders, Secrets, Session, SessionSet, SessionToken, StoreKey};

use crate::live_session::LiveSession;
use crate::session_rules::SessionRules;

/// The session that belongs to a token; `None` = there is none.
pub type Found = Result<Option<Rc<LiveSession>>, Refusal>;

/// A session that somebody has looked at, without using it.
pub struct Peeked {
    /// The session.
    pub live: Rc<LiveSession>,
    /// When the store forgets it if nobody uses it until then; `None` = that is not known here.
    pub forgotten: Option<UnixTime>,
}

/// Some of the sessions that there are.
#[derive(Default)]
pub struct Listed {
    /// By their places; those of one place are all there.
    pub sessions: Vec<ListedSession>,
    /// Where it goes on; `None` = there are no more.
    pub next: Option<usize>,
}

/// One of them.
pub struct ListedSession {
    /// Where in the store.
    pub place: usize,
    /// Under which key.
    pub key: StoreKey,
    /// What the IdP said.
    pub session: Session,
}

/// The sessions of one SP, wherever they are kept: seen by all workers and hosts.
///
/// # Errors
/// Every operation fails when the store does not answer or has no room. Nothing may be granted
/// then.
#[expect(async_fn_in_trait, reason = "a worker has one thread")]
#[expect(clippy::missing_errors_doc, reason = "the trait says them for all")]
pub trait SessionStore: 'static {
    /// How long they live, and whose they are.
    fn rules(&self) -> &SessionRules;

    /// What seals cookies.
    fn secrets(&self) -> Result<&Secrets, Refusal>;

    /// The session of a cookie's token.
    async fn find(self: &Rc<Self>, token: &SessionToken, now: UnixTime) -> Found;

    /// The same, for who asks about it and does not use it: its idle timeout runs on.
    async fn peek(
        self: &Rc<Self>,
        token: &SessionToken,
        now: UnixTime,
    ) -> Result<Option<Peeked>, Refusal>;

    /// Stores a new session under a new token, findable by a LogoutRequest first.
    async fn create(
        &self,
        token: &SessionToken,
        session: &Session,
        now: UnixTime,
    ) -> Result<(), Refusal>;

    /// Does a session lie at this key, whoever's?
    async fn is_there(&self, key: &StoreKey, now: UnixTime) -> Result<bool, Refusal>;

    /// Ends sessions; each would have ended at its instant at the latest. Gives those that this host knew and that
    /// had not ended before, without their attributes: each to one caller.
    async fn end_all(
        &self,
        sessions: &[(StoreKey, UnixTime)],
        now: UnixTime,
    ) -> Result<Vec<(StoreKey, Session)>, Refusal>;

    /// Ends one session that is known, as its user asked.
    async fn end_live(&self, live: &LiveSession, now: UnixTime) -> Result<(), Refusal>;

    /// Claims an assertion for one login, to the end of the second `until`; its NameID pays for it, and what it has
    /// claimed until before `now` is forgotten.
    async fn claim_assertion(
        &self,
        idp: &str,
        name_id: &str,
        assertion_id: &str,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<Claimed, Refusal>;

    /// Which assertions were claimed before this instant is not known: nginx has been restarted since.
    fn claims_since(&self, now: UnixTime) -> UnixTime;

    /// Claims the request that an assertion answers; `false` = it has been answered.
    async fn claim_request(
        &self,
        idp: &str,
        request_id: &str,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Refusal>;

    /// Claims an artifact; `false` = it has come before. A stranger may have made it up, so the claim pushes
    /// nothing out, and may be given up: what logs in is claimed by itself.
    async fn claim_artifact(
        &self,
        idp: &str,
        artifact: &str,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Refusal>;

    /// Claims a link of `saml_debug`, once for all workers and hosts; `false` = somebody has it.
    async fn claim_debug_link(
        &self,
        story: &str,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Refusal>;

    /// Did the IdP end this session after it had issued its assertion?
    async fn was_logged_out(&self, session: &Session, now: UnixTime) -> Result<bool, Refusal>;

    /// The sessions of a NameID.
    async fn of_name_id(
        &self,
        idp: &str,
        name_id: &str,
        now: UnixTime,
    ) -> Result<SessionSet, Refusal>;

    /// Forgets sessions of a NameID that have ended.
    async fn forget(
        &self,
        idp: &str,
        name_id: &str,
        ended: &HashSet<StoreKey>,
        now: UnixTime,
    ) -> Result<(), Refusal>;

    /// Remembers a logout: assertions that the IdP issued until then begin no session.
    async fn bury(&self, request: &LogoutRequest, now: UnixTime) -> Result<(), Refusal>;

    /// Was this very request answered before, and was the logout complete?
    async fn answer_to(
        &self,
        request: &LogoutRequest,
        now: UnixTime,
    ) -> Result<Option<bool>, Refusal>;

    /// Remembers the answer to a request, for when it comes again.
    async fn remember_answer(
        &self,
        request: &LogoutRequest,
        is_complete: bool,
        now: UnixTime,
    ) -> Result<(), Refusal>;

    /// What an operator has ordered, when that is not what it was at the last time that this worker asked.
    fn news(self: &Rc<Self>, now: UnixTime) -> Option<Rc<Orders>>;

    /// Gives an order: all workers and hosts hear of it.
    async fn order(self: &Rc<Self>, order: &Order, now: UnixTime) -> Result<(), Refusal>;

    /// Does it know which sessions there are? If not, it finds those of a NameID alone.
    fn can_list(&self) -> bool;

    /// The sessions at the place `from` of the store and some places behind it, of whatever SP. It takes a bounded time, in
    /// which nobody else uses the store.
    fn list(&self, from: usize, now: UnixTime) -> Listed;

    /// What this host knows of a session, without using it.
    fn known(&self, key: &StoreKey, now: UnixTime) -> Option<Session>;
}
