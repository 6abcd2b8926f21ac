//! What logouts leave behind: tombstones, so that what was logged out does not come back by an assertion
//! that was under way, and the answers that were given, so that no request is acted upon twice.

use clock::{Seconds, UnixTime};
use saml::logout::LogoutRequest;
use saml::refusal::Refusal;
use session::{Logouts, Session};

use super::{LOOKED_FOR_WITHIN, Sessions};
use crate::store::Kind;
use crate::store::memcached::Change;

/// How long a request is remembered that nobody has signed: as long as an assertion is usually on
/// its way and an honest sender tries again. Anybody may send it, and must not leave much behind.
const UNPROVEN: Seconds = Seconds(120);

/// The most that the logouts of one NameID take, bytes.
const MOST: usize = 6 * 1024;

impl Sessions {
    /// Remembers a logout: assertions that the IdP issued until then begin no session. Instants are the
    /// IdP's own, so that no clocks are compared.
    ///
    /// # Errors
    /// The store has no room or does not answer.
    pub async fn bury(&self, request: &LogoutRequest, now: UnixTime) -> Result<(), Refusal> {
        let until = self.tombstone_until(request, now);
        let (indexes, instant) = (&request.session_indexes, request.issue_instant);
        let bury = |logouts: &mut Logouts, now| logouts.bury(indexes, instant, until, now);
        self.change_logouts(request, bury, now).await
    }

    fn tombstone_until(&self, request: &LogoutRequest, now: UnixTime) -> UnixTime {
        let until = request.tombstone_until;
        match (request.signed, &self.store.remote) {
            (false, _) => until.min(now + UNPROVEN),
            // A session that its NameID's set has lost must still find it.
            (true, Some(_)) => until.max(now + LOOKED_FOR_WITHIN),
            (true, None) => until,
        }
    }

    /// Was this very request answered before, and was the logout complete?
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn answer_to(
        &self,
        request: &LogoutRequest,
        now: UnixTime,
    ) -> Result<Option<bool>, Refusal> {
        let name = self.logouts_name(&request.issuer, &request.name_id.value);
        let logouts = self.logouts(kind(request.signed), &name, now).await?;
        let answers = logouts.iter().filter_map(|logouts| logouts.answer_to(&request.id, now));
        // A node may have missed that the application has heard since.
        Ok(answers.reduce(|one, other| one || other))
    }

    /// Remembers the answer to a request, for when it comes again.
    ///
    /// # Errors
    /// As [`Sessions::bury`].
    pub async fn remember_answer(
        &self,
        request: &LogoutRequest,
        is_complete: bool,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let until = match request.signed {
            true => self.store.for_all_clocks(request.replay_until),
            false => request.replay_until.min(now + UNPROVEN),
        };
        let remember =
            |logouts: &mut Logouts, now| logouts.remember(&request.id, is_complete, until, now);
        self.change_logouts(request, remember, now).await
    }

    /// Did the IdP end this session after it had issued its assertion?
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn was_logged_out(&self, session: &Session, now: UnixTime) -> Result<bool, Refusal> {
        let name = self.logouts_name(&session.idp, &session.name_id.value);
        let index = session.session_index.as_deref();
        let kinds = [true, false].into_iter().take(if self.rules.unsigned_logout { 2 } else { 1 });
        for kind in kinds.map(kind) {
            let logouts = self.logouts(kind, &name, now).await?;
            if logouts.iter().any(|logouts| logouts.cover(index, session.issue_instant, now)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// From all nodes: one that missed a write may have older ones.
    async fn logouts(
        &self,
        kind: Kind,
        name: &[&str],
        now: UnixTime,
    ) -> Result<Vec<Logouts>, Refusal> {
        let copies = self.store.recall(kind, name, now).await?;
        Ok(copies.iter().filter_map(|copy| Logouts::decode(copy)).collect())
    }

    async fn change_logouts(
        &self,
        request: &LogoutRequest,
        mut change: impl FnMut(&mut Logouts, UnixTime),
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let is_short = || self.store.remote.is_none() && self.store.zone.is_short_of(MOST, now);
        if !request.signed && is_short() {
            // Not at the cost of anybody's session.
            return Ok(());
        }
        let name = self.logouts_name(&request.issuer, &request.name_id.value);
        // What is remembered ends by the IdP's clock, which is the same for all hosts: one that is ahead must not
        // forget what holds for the others. What nobody has signed says nothing of that.
        let now = if request.signed { now.min(request.issue_instant) } else { now };
        let changed = |old: Option<&[u8]>| {
            let mut logouts = old.and_then(Logouts::decode).unwrap_or_default();
            change(&mut logouts, now);
            match logouts.until() {
                // Expiry is exclusive.
                Some(until) => Change::Put { value: logouts.encode(), expires: until + Seconds(1) },
                None => Change::Delete,
            }
        };
        self.store.change(kind(request.signed), &name, changed, now).await
    }

    fn logouts_name<'a>(&'a self, idp: &'a str, name_id: &'a str) -> [&'a str; 4] {
        ["logouts", &self.rules.sp_entity_id, idp, name_id]
    }
}

/// What a stranger may have sent is kept apart, where it pushes nothing out.
fn kind(signed: bool) -> Kind {
    if signed { Kind::Tombstone } else { Kind::Unproven }
}
