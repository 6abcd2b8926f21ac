//! Session sets in the store: the sessions of one NameID, changed by many workers and hosts.

use std::collections::HashSet;

use clock::UnixTime;
use saml::refusal::Refusal;
use session::{MAX_MEMBERS, Member, SessionSet, StoreKey};

use super::change::Failure;
use super::memcached::{Change, Stored};
use super::{Kind, Store};

impl Store {
    /// Where the set of a name lies.
    ///
    /// # Errors
    /// libcrypto failed, or nginx has not mapped the zone.
    pub fn key_of_session_set(&self, name: &[&str]) -> Result<StoreKey, Refusal> {
        // The first key is the one that everybody writes to; a set under an older secret is read
        // until its sessions have ended.
        let first = self.keys_of(name)?.into_iter().next();
        first.ok_or_else(|| self.unavailable("there is no secret"))
    }

    /// The sessions known under a name, from all nodes that answer.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn session_set(&self, name: &[&str], now: UnixTime) -> Result<SessionSet, Refusal> {
        let mut set = SessionSet::default();
        for copy in self.recall(Kind::Index, name, now).await? {
            if let Some(copy) = SessionSet::decode(&copy) {
                set.merge(copy);
            }
        }
        Ok(set)
    }

    /// Adds a session to the set of a name. Returns the sessions that had to leave a full set: they
    /// must end.
    ///
    /// # Errors
    /// The store has no room or does not answer.
    pub async fn add_to_session_set(
        &self,
        name: &[&str],
        member: Member,
        now: UnixTime,
    ) -> Result<Vec<StoreKey>, Refusal> {
        let key = self.key_of_session_set(name)?;
        let mut limit = MAX_MEMBERS;
        let mut left = HashSet::new();
        loop {
            let add = |set: &mut SessionSet| {
                left.extend(set.add(member.clone(), limit, now));
            };
            match self.change_session_set(&key, add, now).await {
                // A small zone holds smaller sets.
                Err(Failure::TooLarge) if limit > 1 => limit /= 2,
                Err(failure) => return Err(failure.refusal(self)),
                Ok(()) => return Ok(left.into_iter().collect()),
            }
        }
    }

    /// Does every node that should have the set of a name know this session? One that was restarted
    /// has forgotten it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn is_in_session_sets(
        &self,
        name: &[&str],
        session: &StoreKey,
    ) -> Result<bool, Refusal> {
        let Some(remote) = &self.remote else { return Ok(true) };
        let key = self.key_of_session_set(name)?;
        let answers = remote.client().get(Kind::Index, key.as_bytes()).await;
        let secrets = self.secrets()?;
        let knows = |answer: &Option<Stored>| {
            let sealed = answer.as_ref().map(|answer| &answer.value);
            let set = sealed.and_then(|sealed| secrets.open_entry(&key, sealed));
            set.and_then(|set| SessionSet::decode(&set)).is_some_and(|set| set.contains(session))
        };
        Ok(answers.map_err(|e| self.unavailable(e))?.iter().all(knows))
    }

    /// Forgets sessions that have ended.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn remove_from_session_set(
        &self,
        name: &[&str],
        keys: &HashSet<StoreKey>,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let key = self.key_of_session_set(name)?;
        let remove = |set: &mut SessionSet| set.remove(keys, now);
        self.change_session_set(&key, remove, now).await.map_err(|failure| failure.refusal(self))
    }

    /// Changes a set so that no change of anybody else is lost: `change` may run several times, each
    /// time on the set as it then is.
    async fn change_session_set(
        &self,
        key: &StoreKey,
        mut change: impl FnMut(&mut SessionSet),
        now: UnixTime,
    ) -> Result<(), Failure> {
        let changed = |old: Option<&[u8]>| {
            let mut set = old.and_then(SessionSet::decode).unwrap_or_default();
            change(&mut set);
            match set.expires() {
                None => Change::Delete,
                Some(expires) => Change::Put { value: set.encode(), expires },
            }
        };
        self.change_at(Kind::Index, key, changed, now).await
    }
}
