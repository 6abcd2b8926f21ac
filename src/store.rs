//! Where sessions, claims and tombstones are kept: in nginx's shared memory alone, or in memcached
//! with the shared memory in front of it.

mod change;
mod claims;
pub mod memcached;
mod orders;
mod posts;
mod remote;
mod session_sets;
pub mod shared;

use std::cell::OnceCell;

use clock::{Seconds, UnixTime};
use saml::reason;
use saml::refusal::Refusal;
use session::{CacheSize, Secret, Secrets, StoreKey};
pub use shared::{Asked, SharedStore};
pub use zone::{Entry, Kind, StoreError};

pub use self::orders::NotGiven;
pub use self::posts::{NotKept, Posts};
pub use self::remote::Remote;
use sp::{random, sealing_failed};

/// The clocks of two hosts differ by so much at most, rounding included. Of two that differ by more, what the one says
/// that is ahead ends too early for the other.
pub const CLOCKS: Seconds = Seconds(60);

/// The store of one `saml_session_store`, used by the workers.
pub struct Store {
    /// The name of its block.
    pub name: String,
    /// The store itself, or what this host remembers of `remote`.
    pub zone: &'static SharedStore,
    pub remote: Option<Remote>,
    /// Where forms wait for logins; `None` = nowhere.
    posts: Option<Posts>,
    /// Decoded sessions that a worker keeps for each SP.
    pub cache_size: CacheSize,
    configured: Option<Secrets>,
    /// Without a `secret` file: one that the zone made and keeps across reloads.
    of_the_zone: OnceCell<Secrets>,
}

impl Store {
    pub fn new(
        name: String,
        zone: &'static SharedStore,
        remote: Option<Remote>,
        posts: Option<Posts>,
        cache_size: CacheSize,
        secrets: Option<Secrets>,
    ) -> Self {
        Self {
            name,
            zone,
            remote,
            posts,
            cache_size,
            configured: secrets,
            of_the_zone: OnceCell::new(),
        }
    }

    /// What seals cookies and stored values: the configured secrets, or the zone's own.
    ///
    /// # Errors
    /// nginx has not mapped the zone.
    pub fn secrets(&self) -> Result<&Secrets, Refusal> {
        self.configured.as_ref().map_or_else(|| self.secrets_of_the_zone(), Ok)
    }

    fn secrets_of_the_zone(&self) -> Result<&Secrets, Refusal> {
        if let Some(secrets) = self.of_the_zone.get() {
            return Ok(secrets);
        }
        let secret =
            self.zone.secret().ok_or_else(|| self.unavailable("its zone has no secret"))?;
        Ok(self.of_the_zone.get_or_init(|| Secrets::one(Secret::from_bytes(secret))))
    }

    /// Claims a name (of a message, say) for one caller on all workers and hosts; `false` = somebody
    /// has it.
    ///
    /// # Errors
    /// The store has no room or does not answer; nothing may be granted then.
    pub async fn claim(
        &self,
        kind: Kind,
        name: &[&str],
        until: UnixTime,
        now: UnixTime,
    ) -> Result<bool, Refusal> {
        // One second more: expiry is exclusive.
        let until = self.for_all_clocks(until).max(now) + Seconds(1);
        // Under every secret, for a host that has not rotated yet claims under the old one.
        for key in self.keys_of(name)? {
            let claimed = match &self.remote {
                None => self
                    .zone
                    .add(kind, key.as_bytes(), b"", until, now)
                    .map_err(|e| self.refusal(&e))?,
                Some(remote) => remote
                    .client()
                    .add(kind, key.as_bytes(), self.seal(&key, b"")?, until)
                    .await
                    .map_err(|e| self.unavailable(e))?,
            };
            if !claimed {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The values stored under a name: nodes that missed a write may have different ones.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn recall(
        &self,
        kind: Kind,
        name: &[&str],
        now: UnixTime,
    ) -> Result<Vec<Vec<u8>>, Refusal> {
        let mut values = Vec::new();
        for key in self.keys_of(name)? {
            match &self.remote {
                None => {
                    values
                        .extend(self.zone.get(kind, key.as_bytes(), now).map(|entry| entry.value));
                }
                Some(remote) => {
                    let answers = remote
                        .client()
                        .get(kind, key.as_bytes())
                        .await
                        .map_err(|e| self.unavailable(e))?;
                    let secrets = self.secrets()?;
                    let open = |answer: memcached::Stored| secrets.open_entry(&key, &answer.value);
                    values.extend(answers.into_iter().flatten().filter_map(open));
                }
            }
        }
        Ok(values)
    }

    /// Until when what is stored until `until` must be known: another host may have a clock that is behind, and ours
    /// may be ahead.
    pub fn for_all_clocks(&self, until: UnixTime) -> UnixTime {
        if self.remote.is_some() { until + CLOCKS } else { until }
    }

    fn keys_of(&self, name: &[&str]) -> Result<Vec<StoreKey>, Refusal> {
        // What lies in the zone is as old as its own secret, whatever becomes of the configured one.
        let secrets = match &self.remote {
            None => self.secrets_of_the_zone()?,
            Some(_) => self.secrets()?,
        };
        secrets.keys_of_name(name).map_err(|e| sealing_failed(&e))
    }

    fn seal(&self, key: &StoreKey, value: &[u8]) -> Result<Vec<u8>, Refusal> {
        let secrets = self.secrets()?;
        secrets.seal_entry(key, random::bytes(), value).map_err(|e| sealing_failed(&e))
    }

    /// The store said no.
    pub fn refusal(&self, error: &StoreError) -> Refusal {
        Refusal::new(&reason::STORE_FULL, format!("saml_session_store \"{}\": {error}", self.name))
    }

    /// The store does not answer.
    pub fn unavailable(&self, why: impl std::fmt::Display) -> Refusal {
        Refusal::new(
            &reason::STORE_UNAVAILABLE,
            format!("saml_session_store \"{}\": {why}", self.name),
        )
    }
}
