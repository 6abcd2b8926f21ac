//! How a session begins: findable by a logout before anybody has it.

use clock::UnixTime;
use saml::reason;
use saml::refusal::Refusal;
use session::{Session, SessionToken, StoreKey};
use sp::{random, sealing_failed};

use super::Sessions;
use crate::store::{Asked, Kind};

/// What a login stores beside its session, bytes: the claims of its assertion and request, its place in the
/// NameID's set; a block of the zone each.
const BESIDE_A_SESSION: usize = 3 * 256;

impl Sessions {
    /// In a zone that is short of room, a login costs its NameID's own oldest sessions before it costs
    /// anybody else's; with `memcached` the zone loses nothing that is not elsewhere.
    async fn make_room(&self, session: &Session, len: usize, now: UnixTime) -> Result<(), Refusal> {
        let (store, zone) = (&self.store, self.store.zone);
        if store.remote.is_some() || !zone.is_short_of(len, now) {
            return Ok(());
        }
        let name = self.set_name(&session.idp, &session.name_id.value);
        let own = store.session_set(&name, now).await?.oldest_first(now);
        let own: Vec<_> = own.iter().map(|key| *key.as_bytes()).collect();
        let gone = zone.give_up(Kind::Session, &own, len, now);
        if gone.is_empty() {
            return Ok(());
        }
        let gone = gone.into_iter().map(StoreKey).collect();
        store.remove_from_session_set(&name, &gone, now).await
    }

    /// Stores a new session under a new token, findable by a LogoutRequest first. One that a logout has found meanwhile,
    /// and ended, does not begin.
    ///
    /// # Errors
    /// The store has no room even after giving up its oldest sessions, or does not answer; a logout has ended it.
    pub async fn create(
        &self,
        token: &SessionToken,
        session: &Session,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let key = token.store_key(&self.rules.sp);
        let encoded = session.encode();
        self.make_room(session, encoded.len().saturating_add(BESIDE_A_SESSION), now).await?;
        // From now on each end of it on this host moves that.
        let begun = self.store.zone.before_asking(Kind::Session, key.as_bytes());
        self.make_findable(session, key, now).await?;
        let expires = self.rules.expiry(session.expires, now);
        let Some(remote) = &self.store.remote else {
            return self.create_in_zone(key, session, &encoded, begun, now).await;
        };
        let sealed = self
            .store
            .secrets()?
            .seal_session(token, random::bytes(), session)
            .map_err(|e| sealing_failed(&e))?;
        let stored = remote.client().begin(Kind::Session, key.as_bytes(), sealed, expires).await;
        if !stored.map_err(|e| self.store.unavailable(e))? {
            return Err(ended_meanwhile());
        }
        // Where the zone does not take it, memcached has it.
        let _ = self.store.zone.fill(Kind::Session, key.as_bytes(), begun, &encoded, expires, now);
        Ok(())
    }

    async fn create_in_zone(
        &self,
        key: StoreKey,
        session: &Session,
        encoded: &[u8],
        begun: Asked,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let (store, zone) = (&self.store, self.store.zone);
        let expires = self.rules.expiry(session.expires, now);
        let filled = zone.fill(Kind::Session, key.as_bytes(), begun, encoded, expires, now);
        if filled.map_err(|e| store.refusal(&e))?.is_some() {
            return Ok(());
        }
        // It has ended, or a neighbour of its bucket has changed.
        let stored = zone.put(Kind::Session, key.as_bytes(), encoded, expires, now);
        stored.map_err(|e| store.refusal(&e))?;
        // A logout that is about to take it out of the set ends it then once more (`forget`).
        let name = self.set_name(&session.idp, &session.name_id.value);
        if store.session_set(&name, now).await?.contains(&key) {
            return Ok(());
        }
        zone.delete(Kind::Session, key.as_bytes(), now);
        Err(ended_meanwhile())
    }
}

fn ended_meanwhile() -> Refusal {
    Refusal::new(&reason::ASSERTION_LOGGED_OUT, "a logout has ended the session while it began")
}
