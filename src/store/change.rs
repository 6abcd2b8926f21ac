//! Values that many workers and hosts change at the same time: read, changed, and written back if nobody
//! else has written meanwhile.

use ::clock::UnixTime;
use saml::refusal::Refusal;
use session::StoreKey;

use super::memcached::{Change, UpdateError};
use super::{Kind, Store, StoreError};
use crate::clock;
use sp::{random, sealing_failed};

/// Tries in the zone. Each that fails means another one succeeded.
const ATTEMPTS: usize = 64;

impl Store {
    /// Changes what is stored under a name so that no change of anybody else is lost: `change` may run
    /// several times, each time on the value as it then is, and for each copy of it. A value that does
    /// not open, since somebody has tampered with it, is empty. What it puts lives for the span from `now` on.
    ///
    /// # Errors
    /// The store has no room or does not answer.
    pub async fn change(
        &self,
        kind: Kind,
        name: &[&str],
        mut change: impl FnMut(Option<&[u8]>) -> Change,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        // Under every secret, for a host that has not rotated yet looks under the old one.
        for key in self.keys_of(name)? {
            self.change_at(kind, &key, &mut change, now).await.map_err(|e| e.refusal(self))?;
        }
        Ok(())
    }

    /// As [`Store::change`], at one key.
    pub(super) async fn change_at(
        &self,
        kind: Kind,
        key: &StoreKey,
        mut change: impl FnMut(Option<&[u8]>) -> Change,
        now: UnixTime,
    ) -> Result<(), Failure> {
        let Some(remote) = &self.remote else { return self.change_in_zone(kind, key, change, now) };
        let secrets = self.secrets()?;
        let mut failed = None;
        let changed = |sealed: Option<&[u8]>| {
            let old = sealed.map(|sealed| secrets.open_entry(key, sealed).unwrap_or_default());
            let (value, expires) = match change(old.as_deref()) {
                // As far off as seen from `now`, which may be another's clock.
                Change::Put { value, expires } => (value, expires + (clock::now() - now)),
                other => return other,
            };
            match secrets.seal_entry(key, random::bytes(), &value) {
                Ok(value) => Change::Put { value, expires },
                Err(error) => {
                    failed = Some(sealing_failed(&error));
                    Change::Keep
                }
            }
        };
        remote.client().update(kind, key.as_bytes(), changed).await?;
        failed.map_or(Ok(()), |refusal| Err(Failure::Refused(refusal)))
    }

    pub(super) fn change_in_zone(
        &self,
        kind: Kind,
        key: &StoreKey,
        mut change: impl FnMut(Option<&[u8]>) -> Change,
        now: UnixTime,
    ) -> Result<(), Failure> {
        let key = key.as_bytes();
        for _ in 0..ATTEMPTS {
            let old = self.zone.get(kind, key, now);
            let changed = match (change(old.as_ref().map(|old| old.value.as_slice())), old) {
                (Change::Keep, _) | (Change::Delete, None) => return Ok(()),
                (Change::Delete, Some(old)) => {
                    // In its place: another worker may have changed it meanwhile.
                    self.zone.replace(kind, key, old.version, b"", now, now)
                }
                (Change::Put { value, expires }, None) => {
                    self.zone.add(kind, key, &value, expires, now)
                }
                (Change::Put { value, expires }, Some(old)) => {
                    self.zone.replace(kind, key, old.version, &value, expires, now)
                }
            };
            if changed? {
                return Ok(());
            }
        }
        Err(Failure::Zone(StoreError::Full))
    }
}

/// Why a value could not be changed.
pub(super) enum Failure {
    TooLarge,
    Zone(StoreError),
    Remote(UpdateError),
    Refused(Refusal),
}

impl Failure {
    pub(super) fn refusal(self, store: &Store) -> Refusal {
        match self {
            Self::TooLarge => store.refusal(&StoreError::TooLarge),
            Self::Zone(error) => store.refusal(&error),
            Self::Remote(error) => store.unavailable(error),
            Self::Refused(refusal) => refusal,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooLarge => Self::TooLarge,
            StoreError::Full => Self::Zone(error),
        }
    }
}

impl From<UpdateError> for Failure {
    fn from(error: UpdateError) -> Self {
        Self::Remote(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
