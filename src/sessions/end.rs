//! How sessions end, on every worker and host.

use std::collections::HashSet;

use clock::UnixTime;
use saml::refusal::Refusal;
use session::{Session, StoreKey};
use sp::{LiveSession, random, sealing_failed};

use super::Sessions;
use crate::store::{Kind, Remote};

impl Sessions {
    /// Takes sessions that have ended out of their NameID's set.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn forget(
        &self,
        idp: &str,
        name_id: &str,
        ended: &HashSet<StoreKey>,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let store = &self.store;
        store.remove_from_session_set(&self.set_name(idp, name_id), ended, now).await?;
        if store.remote.is_none() {
            // One whose login was under way may have begun since, and nobody would find it any more. memcached has
            // the end in its place.
            for key in ended {
                store.zone.delete(Kind::Session, key.as_bytes(), now);
            }
        }
        Ok(())
    }

    /// Ends a session on every worker and host. `expires` is when it would have ended at the latest.
    ///
    /// # Errors
    /// The store does not answer; the session may live on elsewhere.
    pub async fn end(
        &self,
        key: StoreKey,
        expires: UnixTime,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        self.end_all(&[(key, expires)], now).await.map(drop)
    }

    /// As [`Sessions::end`], for many. Gives those that this host knew and that had not ended before, without their
    /// attributes: each to one caller.
    ///
    /// # Errors
    /// As [`Sessions::end`].
    pub async fn end_all(
        &self,
        sessions: &[(StoreKey, UnixTime)],
        now: UnixTime,
    ) -> Result<Vec<(StoreKey, Session)>, Refusal> {
        let outcome = match &self.store.remote {
            None => Ok(()),
            Some(remote) => self.end_remotely(remote, sessions, now).await,
        };
        // Last, so that no answer of before is filled in again; and in any case.
        let zone = self.store.zone;
        let ended = sessions.iter().filter_map(|(key, _)| {
            let value = zone.delete(Kind::Session, key.as_bytes(), now)?;
            Some((*key, Session::decode_without_attributes(&value)?))
        });
        let ended = ended.collect();
        outcome.map(|()| ended)
    }

    async fn end_remotely(
        &self,
        remote: &Remote,
        sessions: &[(StoreKey, UnixTime)],
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let secrets = self.store.secrets()?;
        let mut entries = Vec::with_capacity(sessions.len());
        for (key, expires) in sessions.iter().filter(|(_, expires)| now < *expires) {
            let ended = secrets.seal_ended(key, random::bytes()).map_err(|e| sealing_failed(&e))?;
            entries.push((*key.as_bytes(), ended, *expires));
        }
        let stored = remote.client().put_many(Kind::Session, entries).await;
        stored.map_err(|e| self.store.unavailable(e))
    }

    /// Ends one session that is known, as its user asked.
    ///
    /// # Errors
    /// As [`Sessions::end`].
    pub async fn end_live(&self, live: &LiveSession, now: UnixTime) -> Result<(), Refusal> {
        let session = &live.session;
        self.end(live.key, session.expires, now).await?;
        let name = self.set_name(session.idp(), session.name_id());
        let keys = HashSet::from([live.key]);
        // An ended session in its set does no harm, and leaves it in time.
        drop(self.store.remove_from_session_set(&name, &keys, now).await);
        Ok(())
    }
}
