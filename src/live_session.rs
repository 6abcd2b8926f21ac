//! Sessions as requests see them: found by cookie, decoded once per worker, kept alive by use.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use session::{AttributeIndex, Session, SessionToken, StoreKey};

use crate::config::{SessionRules, SessionStore};
use crate::store::{Cache, Kind, StoreError};

/// Decoded sessions that a worker keeps.
const CACHED: usize = 4096;

/// Stored sessions larger than this are decoded anew each time, bytes: it bounds the worker's memory.
const MAX_CACHED: usize = 8 << 10;

/// A decoded session, shared by all requests of this worker that carry its cookie.
pub struct LiveSession {
    pub session: Session,
    /// Finds attributes by variable name.
    pub attributes: AttributeIndex,
    key: StoreKey,
    /// When this worker last told the zone that the session is in use, seconds since the epoch.
    touched: Cell<i64>,
}

/// The sessions of one SP.
pub struct Sessions {
    pub store: Rc<SessionStore>,
    pub rules: SessionRules,
    cache: RefCell<Cache<LiveSession>>,
}

impl LiveSession {
    /// Where it lies in the store.
    pub fn key(&self) -> StoreKey {
        self.key
    }
}

impl Sessions {
    pub fn new(store: Rc<SessionStore>, rules: SessionRules) -> Self {
        Self { store, rules, cache: RefCell::new(Cache::new(CACHED)) }
    }

    /// The session that belongs to a cookie's token: from this worker's cache while the zone's
    /// epoch stands, else from the zone.
    pub fn find(&self, token: &SessionToken, now: i64) -> Option<Rc<LiveSession>> {
        let key = token.store_key();
        let epoch = self.store.shared.epoch(Kind::Session, key.as_bytes());
        let cached = self.cache.borrow_mut().get(key.as_bytes(), epoch, now);
        let live = cached.or_else(|| self.load(key, now))?;
        if !live.session.is_valid_for(&self.rules.sp, now) {
            return None;
        }
        self.touch(&live, now);
        Some(live)
    }

    fn load(&self, key: StoreKey, now: i64) -> Option<Rc<LiveSession>> {
        let entry = self.store.shared.get(Kind::Session, key.as_bytes(), now)?;
        let session = Session::decode(&entry.value)?;
        let attributes = AttributeIndex::new(&session, &self.rules.aliases);
        let bytes = *key.as_bytes();
        let live = LiveSession { session, attributes, key, touched: Cell::new(0) };
        if entry.value.len() > MAX_CACHED {
            return Some(Rc::new(live));
        }
        Some(self.cache.borrow_mut().insert(bytes, entry.epoch, entry.expires, live))
    }

    /// Moves the idle timeout and the session's place in the LRU, every tenth of the timeout and at
    /// most once a minute: a lock per request would cost too much.
    fn touch(&self, live: &LiveSession, now: i64) {
        let pause = self.rules.idle_timeout.map_or(60, |idle| (idle / 10).clamp(1, 60));
        if now - live.touched.get() < pause {
            return;
        }
        live.touched.set(now);
        let expires = self.rules.expiry(live.session.expires, now);
        let key = live.key.as_bytes();
        if self.store.shared.touch(Kind::Session, key, expires, now) {
            self.cache.borrow_mut().set_expires(key, expires);
        }
    }

    /// Stores a new session under a new token.
    ///
    /// # Errors
    /// The zone has no room even after giving up its oldest sessions.
    pub fn create(
        &self,
        token: &SessionToken,
        session: &Session,
        now: i64,
    ) -> Result<(), StoreError> {
        let expires = self.rules.expiry(session.expires, now);
        let key = token.store_key();
        self.store.shared.put(Kind::Session, key.as_bytes(), &session.encode(), expires, now)
    }

    /// Ends a session on every worker.
    pub fn remove(&self, key: StoreKey) {
        self.store.shared.delete(Kind::Session, key.as_bytes());
    }
}
