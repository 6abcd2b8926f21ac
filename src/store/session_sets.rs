//! SessionIndex state in the store: the sessions of one NameID, changed by many workers and hosts.

use std::collections::HashSet;

use saml::refusal::Refusal;
use session::{MAX_MEMBERS, Member, SessionSet, StoreKey};

use super::memcached::{Answer, Change, UpdateError};
use super::{Kind, Store, StoreError, sealing_failed};
use crate::random;

/// Tries to change a set that others change too. Each that fails means another one succeeded.
const ATTEMPTS: usize = 64;

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
    pub async fn session_set(&self, name: &[&str], now: i64) -> Result<SessionSet, Refusal> {
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
        now: i64,
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
        let knows = |answer: &Option<Answer>| {
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
        now: i64,
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
        now: i64,
    ) -> Result<(), Failure> {
        let Some(remote) = &self.remote else { return self.change_in_zone(key, change, now) };
        let secrets = self.secrets()?;
        let mut failed = None;
        let changed = |old: Option<&[u8]>| {
            let old = old.and_then(|sealed| secrets.open_entry(key, sealed));
            let mut set = old.and_then(|old| SessionSet::decode(&old)).unwrap_or_default();
            change(&mut set);
            let Some(expires) = set.expires() else { return Change::Delete };
            match secrets.seal_entry(key, random::bytes(), &set.encode()) {
                Ok(value) => Change::Put { value, expires },
                Err(error) => {
                    failed = Some(sealing_failed(&error));
                    Change::Keep
                }
            }
        };
        remote.client().update(Kind::Index, key.as_bytes(), changed).await?;
        failed.map_or(Ok(()), |refusal| Err(Failure::Refused(refusal)))
    }

    fn change_in_zone(
        &self,
        key: &StoreKey,
        mut change: impl FnMut(&mut SessionSet),
        now: i64,
    ) -> Result<(), Failure> {
        let key = key.as_bytes();
        for _ in 0..ATTEMPTS {
            let old = self.zone.get(Kind::Index, key, now);
            let mut set =
                old.as_ref().and_then(|e| SessionSet::decode(&e.value)).unwrap_or_default();
            change(&mut set);
            let (value, expires) = (set.encode(), set.expires().unwrap_or(now));
            let changed = match old {
                None => self.zone.add(Kind::Index, key, &value, expires, now),
                Some(old) => self.zone.replace(Kind::Index, key, old.version, &value, expires, now),
            };
            if changed? {
                return Ok(());
            }
        }
        Err(Failure::Zone(StoreError::Full))
    }
}

/// Why a set could not be changed.
enum Failure {
    TooLarge,
    Zone(StoreError),
    Remote(UpdateError),
    Refused(Refusal),
}

impl Failure {
    fn refusal(self, store: &Store) -> Refusal {
        match self {
            Failure::TooLarge => store.refusal(&StoreError::TooLarge),
            Failure::Zone(error) => store.refusal(&error),
            Failure::Remote(error) => store.unavailable(error),
            Failure::Refused(refusal) => refusal,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooLarge => Failure::TooLarge,
            StoreError::Full => Failure::Zone(error),
        }
    }
}

impl From<UpdateError> for Failure {
    fn from(error: UpdateError) -> Self {
        Failure::Remote(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Refused(refusal)
    }
}
