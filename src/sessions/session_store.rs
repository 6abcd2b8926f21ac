//! The sessions of an SP, as its endpoints ask for them.

use std::collections::HashSet;
use std::rc::Rc;

use clock::UnixTime;
use saml::logout::LogoutRequest;
use saml::refusal::Refusal;
use session::{Claimed, Order, Orders, Secrets, Session, SessionSet, SessionToken, StoreKey};
use sp::{Found, Listed, LiveSession, Peeked, SessionRules, SessionStore};

use super::Sessions;
use crate::store::Kind;

#[expect(clippy::use_self, reason = "`Self::find` reads as if it called itself")]
impl SessionStore for Sessions {
    fn rules(&self) -> &SessionRules {
        &self.rules
    }

    fn secrets(&self) -> Result<&Secrets, Refusal> {
        self.store.secrets()
    }

    async fn find(self: &Rc<Self>, token: &SessionToken, now: UnixTime) -> Found {
        Sessions::find(self, token, now).await
    }

    async fn peek(
        self: &Rc<Self>,
        token: &SessionToken,
        now: UnixTime,
    ) -> Result<Option<Peeked>, Refusal> {
        Sessions::peek(self, token, now).await
    }

    async fn create(
        &self,
        token: &SessionToken,
        session: &Session,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        Sessions::create(self, token, session, now).await
    }

    async fn is_there(&self, key: &StoreKey, now: UnixTime) -> Result<bool, Refusal> {
        Sessions::is_there(self, key, now).await
    }

    async fn end_all(
        &self,
        sessions: &[(StoreKey, UnixTime)],
        now: UnixTime,
    ) -> Result<Vec<(StoreKey, Session)>, Refusal> {
        Sessions::end_all(self, sessions, now).await
    }

    async fn end_live(&self, live: &LiveSession, now: UnixTime) -> Result<(), Refusal> {
        Sessions::end_live(self, live, now).await
    }

    async fn claim_assertion(
        &self,
        idp: &str,
        name_id: &str,
        assertion_id: &str,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<Claimed, Refusal> {
        let owner = ["claims", &self.rules.sp_entity_id, idp, name_id];
        self.store.claim_for(&owner, assertion_id, until, now).await
    }

    fn claims_since(&self, now: UnixTime) -> UnixTime {
        self.store.claims_since(now)
    }

    async fn claim_request(
        &self,
        idp: &str,
        request_id: &str,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Refusal> {
        let request = ["request", &self.rules.sp_entity_id, idp, request_id];
        self.store.claim(Kind::Replay, &request, until, now).await
    }

    async fn claim_artifact(
        &self,
        idp: &str,
        artifact: &str,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Refusal> {
        if self.store.remote.is_none() && self.store.zone.is_short_of(0, now) {
            // Not at the cost of anybody's session.
            return Ok(true);
        }
        let artifact = ["artifact", &self.rules.sp_entity_id, idp, artifact];
        self.store.claim(Kind::Unproven, &artifact, until, now).await
    }

    async fn claim_debug_link(
        &self,
        story: &str,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Refusal> {
        let link = ["debug link", &self.rules.sp_entity_id, story];
        self.store.claim(Kind::Replay, &link, until, now).await
    }

    async fn was_logged_out(&self, session: &Session, now: UnixTime) -> Result<bool, Refusal> {
        Sessions::was_logged_out(self, session, now).await
    }

    async fn of_name_id(
        &self,
        idp: &str,
        name_id: &str,
        now: UnixTime,
    ) -> Result<SessionSet, Refusal> {
        self.store.session_set(&self.set_name(idp, name_id), now).await
    }

    async fn forget(
        &self,
        idp: &str,
        name_id: &str,
        ended: &HashSet<StoreKey>,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        Sessions::forget(self, idp, name_id, ended, now).await
    }

    async fn bury(&self, request: &LogoutRequest, now: UnixTime) -> Result<(), Refusal> {
        Sessions::bury(self, request, now).await
    }

    async fn answer_to(
        &self,
        request: &LogoutRequest,
        now: UnixTime,
    ) -> Result<Option<bool>, Refusal> {
        Sessions::answer_to(self, request, now).await
    }

    async fn remember_answer(
        &self,
        request: &LogoutRequest,
        is_complete: bool,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        Sessions::remember_answer(self, request, is_complete, now).await
    }

    fn news(self: &Rc<Self>, now: UnixTime) -> Option<Rc<Orders>> {
        Sessions::news(self, now)
    }

    async fn order(self: &Rc<Self>, order: &Order, now: UnixTime) -> Result<(), Refusal> {
        Sessions::order(self, order, now).await
    }

    fn can_list(&self) -> bool {
        self.store.remote.is_none()
    }

    fn list(&self, from: usize, now: UnixTime) -> Listed {
        Sessions::list(self, from, now)
    }

    fn known(&self, key: &StoreKey, now: UnixTime) -> Option<Session> {
        Sessions::in_zone(self, key, now)
    }
}
