//! Forms that wait for logins. Strangers send them, so they have a zone of their own, which cannot push out a session;
//! with memcached they lie there, and this host counts how many bytes of them are its own.

use std::ffi::c_void;
use std::fmt;

use clock::UnixTime;
use nginx_sys::ngx_conf_t;
use saml::refusal::Refusal;
use session::{Client, NoRoom, PostLedger, PreservedPost, StoreKey};

use super::shared::{RequestError, SharedStore};
use super::{Kind, Store};

/// No `saml_session_store` has a zone of this name, unless somebody tries hard.
const NAME: &str = "saml:posts";

/// So many forms of the largest size may wait.
const LARGEST_AT_ONCE: usize = 16;

/// Bytes of waiting forms where all are small.
const SMALLEST_LIMIT: usize = 4 << 20;

/// Bytes of the zone that an entry takes besides its value.
const ENTRY: usize = 256;

/// Where the ledger lies.
const LEDGER: (Kind, [u8; 32]) = (Kind::Unproven, [0; 32]);

/// Tries to write it. Each that fails means another worker succeeded.
const ATTEMPTS: usize = 64;

/// Longest address and `Content-Type` of a kept form, with what sealing adds.
const MAX_HEAD: usize = 4096 + PreservedPost::OVERHEAD;

const _: () = assert!(PreservedPost::MAX_BODY + MAX_HEAD <= zone::MAX_VALUE);
const _: () = assert!(zone::MAX_VALUE < memcached::MAX_VALUE);

/// The room for forms on this host.
#[derive(Clone, Copy)]
pub struct Posts {
    zone: &'static SharedStore,
    /// Bytes of all of them together.
    limit: usize,
}

/// Why a form is not kept: who sent it is asked to send it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotKept {
    /// Too much waits already.
    NoRoom { whose: NoRoom, limit: usize },
    /// The store.
    Refused(Refusal),
}

impl Posts {
    /// Declares their zone while the configuration is read; `largest` = the largest form that is kept, bytes.
    ///
    /// # Errors
    /// It cannot be declared.
    pub fn request(
        cf: *mut ngx_conf_t,
        largest: usize,
        tag: *mut c_void,
    ) -> Result<Self, RequestError> {
        let limit = (largest * LARGEST_AT_ONCE).max(SMALLEST_LIMIT);
        // With the tables, the heads of blocks, and the ledger twice while it is rewritten.
        let size = limit + limit / 16 + 2 * PostLedger::MOST_BYTES + (128 << 10);
        let zone = SharedStore::request(cf, NAME, size.next_multiple_of(1 << 16), tag)?;
        Ok(Self { zone, limit })
    }

    /// Would so many bytes of this client have room?
    fn check(&self, client: Client, len: usize, now: UnixTime) -> Result<(), NotKept> {
        let ledger = self.zone.get(LEDGER.0, &LEDGER.1, now);
        let ledger = ledger.and_then(|entry| PostLedger::decode(&entry.value)).unwrap_or_default();
        ledger.check(client, len + ENTRY, self.limit, now).map_err(|whose| self.no_room(whose))
    }

    fn hold(
        &self,
        key: &StoreKey,
        client: Client,
        len: usize,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<(), NotKept> {
        self.change(now, |ledger| ledger.hold(key, client, len + ENTRY, self.limit, until, now))
    }

    /// Another host's is none of ours.
    fn release(&self, key: &StoreKey, now: UnixTime) {
        // What stays in the ledger goes in time.
        let _ = self.change(now, |ledger| {
            ledger.release(key);
            Ok(())
        });
    }

    fn change(
        &self,
        now: UnixTime,
        mut change: impl FnMut(&mut PostLedger) -> Result<(), NoRoom>,
    ) -> Result<(), NotKept> {
        let (kind, key) = LEDGER;
        for _ in 0..ATTEMPTS {
            let old = self.zone.get(kind, &key, now);
            let ledger = old.as_ref().and_then(|old| PostLedger::decode(&old.value));
            let mut ledger = ledger.unwrap_or_default();
            change(&mut ledger).map_err(|whose| self.no_room(whose))?;
            let (value, until) = (ledger.encode(), ledger.until().unwrap_or(now));
            let written = match old {
                Some(old) => self.zone.replace(kind, &key, old.version, &value, until, now),
                None => self.zone.add(kind, &key, &value, until, now),
            };
            match written {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(_) => break,
            }
        }
        Err(self.no_room(NoRoom::All))
    }

    fn no_room(&self, whose: NoRoom) -> NotKept {
        NotKept::NoRoom { whose, limit: self.limit }
    }
}

impl Store {
    /// Are forms kept anywhere on this host?
    pub fn keeps_posts(&self) -> bool {
        self.posts.is_some()
    }

    /// Has a form of so many bytes room? A flood of them ends here, before their bodies are read.
    ///
    /// # Errors
    /// It has not.
    pub fn check_post(&self, client: Client, len: usize, now: UnixTime) -> Result<(), NotKept> {
        self.posts()?.check(client, len, now)
    }

    /// Keeps what was sealed until the instant `until`.
    ///
    /// # Errors
    /// There is no room, or the store does not answer.
    pub async fn put_post(
        &self,
        key: &StoreKey,
        sealed: Vec<u8>,
        client: Client,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<(), NotKept> {
        let posts = self.posts()?;
        posts.hold(key, client, sealed.len(), until, now)?;
        let stored = match &self.remote {
            None => {
                let stored = posts.zone.put(Kind::Post, key.as_bytes(), &sealed, until, now);
                stored.map_err(|e| self.refusal(&e))
            }
            Some(remote) => {
                let stored = remote.client().put(Kind::Post, key.as_bytes(), sealed, until);
                stored.await.map_err(|e| self.unavailable(e))
            }
        };
        stored.map_err(|refusal| {
            posts.release(key, now);
            NotKept::Refused(refusal)
        })
    }

    /// Takes a form out, for one caller on all workers and hosts: the first copy that `open` opens. `None` = it is
    /// not there any more. `until` is after its end.
    ///
    /// # Errors
    /// The store does not answer. It may be there.
    pub async fn take_post<T>(
        &self,
        key: &StoreKey,
        open: impl Fn(&[u8]) -> Option<T>,
        until: UnixTime,
        now: UnixTime,
    ) -> Result<Option<T>, Refusal> {
        let Some(posts) = &self.posts else { return Ok(None) };
        let taken = match &self.remote {
            None => {
                let entry = posts.zone.take(Kind::Post, key.as_bytes(), now);
                entry.and_then(|entry| open(&entry.value))
            }
            Some(remote) => {
                let client = remote.client();
                let answers = client.get(Kind::Post, key.as_bytes()).await;
                let answers = answers.map_err(|e| self.unavailable(e))?;
                let opened = answers.iter().flatten().find_map(|copy| open(&copy.value));
                let Some(opened) = opened else { return Ok(None) };
                let name = ["preserved post", &key.to_hex()];
                if !self.claim(Kind::Replay, &name, until, now).await? {
                    return Ok(None);
                }
                // Its memory is free again; that it was claimed does not depend on that.
                let _ = client.put(Kind::Post, key.as_bytes(), Vec::new(), now).await;
                Some(opened)
            }
        };
        if taken.is_some() {
            posts.release(key, now);
        }
        Ok(taken)
    }

    fn posts(&self) -> Result<&Posts, NotKept> {
        let missing = || NotKept::Refused(self.unavailable("it has no zone for forms"));
        self.posts.as_ref().ok_or_else(missing)
    }
}

impl fmt::Display for NotKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoom { whose: NoRoom::Client, limit } => write!(
                f,
                "its client has as many waiting as one may, a quarter of {limit} bytes or 256 forms"
            ),
            Self::NoRoom { whose: NoRoom::All, limit } => write!(
                f,
                "{limit} bytes of forms, or 1024 of them, wait already; if no stranger floods this host, make \
                 the largest auth_saml_preserve_post larger: there is room for {LARGEST_AT_ONCE} of that size"
            ),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}
