//! Sessions as requests see them: found by cookie, decoded once per worker, kept alive by use.
//!
//! Three levels: this worker's decoded sessions, the zone of this host, and memcached where the
//! store has it. The first two answer at once.

mod ask;
mod check;
mod creation;
mod end;
mod hearing;
mod list;
mod look_ups;
mod orders;
mod preserved_posts;
mod session_store;
mod tombstone;

use std::cell::RefCell;
use std::rc::Rc;

use clock::{Monotonic, Msec, Seconds, UnixTime};
use ngx::async_::spawn;
use saml::refusal::Refusal;
use session::{
    Member, Memory, Session, SessionToken, Shapes, SpId, StoreKey, TokenCache, TokenText,
};
use sp::{LiveSession, SessionRules};
use zone::LookUpEnd;

use self::hearing::Hearing;
use self::look_ups::LookUps;
use crate::clock::monotonic;
use crate::counters::count_look_up;
use crate::store::{CLOCKS, Entry, Kind, Remote, Store};

/// The longest time between two moves of an idle timeout.
const TOUCH_WITHIN: Seconds = Seconds(60);

/// A worker that moves a session's idle timeout so often looks, too, whether the nodes still know it
/// by its NameID: they may have been restarted, and a logout must find it.
const TOUCHES_PER_LOOK: i64 = 10;

/// A session in use that its NameID's set has lost is looked for within half of this.
const LOOKED_FOR_WITHIN: Seconds = Seconds(2 * TOUCH_WITHIN.0 * TOUCHES_PER_LOOK);

/// What this host knows without asking anybody.
pub enum AtHand {
    Known(Option<Rc<LiveSession>>),
    /// Only memcached knows. What this worker has decoded may still be what it was, which is asked for less.
    Ask(Option<Rc<LiveSession>>),
}

/// The sessions of one SP.
pub struct Sessions {
    pub store: Rc<Store>,
    pub rules: SessionRules,
    cache: Rc<RefCell<TokenCache<LiveSession>>>,
    /// What the sessions of the cache have in common.
    shapes: Rc<Shapes>,
    look_ups: LookUps,
    hearing: Rc<Hearing>,
}

impl Sessions {
    pub fn new(store: Rc<Store>, rules: SessionRules) -> Self {
        let memory = Memory::default();
        let shapes = Rc::new(Shapes::new(&rules.attributes.aliases, &memory));
        let cache = Rc::new(RefCell::new(TokenCache::new(store.cache_size, &memory)));
        Self { store, rules, cache, shapes, look_ups: LookUps::default(), hearing: Rc::default() }
    }

    /// Those of the same SP where it goes by another identity: in the same places, under keys of their own.
    pub fn at(&self, sp: SpId) -> Self {
        Self {
            store: Rc::clone(&self.store),
            rules: SessionRules { sp, ..self.rules.clone() },
            cache: Rc::clone(&self.cache),
            shapes: Rc::clone(&self.shapes),
            look_ups: LookUps::default(),
            hearing: Rc::clone(&self.hearing),
        }
    }

    /// The session that belongs to a cookie's value: from this worker's cache while the zone's
    /// epoch stands, else from the zone. What memcached said counts for `cache_valid`.
    #[inline]
    pub fn at_hand(self: &Rc<Self>, cookie: &TokenText, now: UnixTime) -> AtHand {
        match self.known(cookie, now) {
            AtHand::Known(known) => AtHand::Known(known.filter(|live| self.admits(live, now))),
            ask @ AtHand::Ask(_) => ask,
        }
    }

    /// The same, whoever may use it, and without using it.
    #[inline]
    fn known(&self, cookie: &TokenText, now: UnixTime) -> AtHand {
        let Some(live) = self.cached(cookie, now) else { return self.known_to_zone(cookie, now) };
        let remote = self.store.remote.as_ref();
        let is_old = |remote: &&Remote| age(live.freshness.checked.get()) >= remote.cache_valid;
        if let Some(remote) = remote.filter(is_old) {
            if self.was_seen_elsewhere(remote, &live, now) {
                count_look_up(LookUpEnd::Zone);
                return AtHand::Known(Some(live));
            }
            // A mark alone would not do while an operator's order may be unknown here.
            let is_enough = live.freshness.mark.get() != 0 && !self.hearing.answered.is_long_ago();
            return AtHand::Ask(is_enough.then_some(live));
        }
        count_look_up(LookUpEnd::Worker);
        AtHand::Known(Some(live))
    }

    /// The same, of what this worker has not decoded.
    fn known_to_zone(&self, cookie: &TokenText, now: UnixTime) -> AtHand {
        let remote = self.store.remote.as_ref();
        // No token opens nothing, wherever one would look.
        let Some(token) = SessionToken::from_text(cookie) else { return AtHand::Known(None) };
        let is_recent =
            |entry: &Entry| remote.is_none_or(|remote| age(entry.touched) < remote.cache_valid);
        let known = self.read_zone(&token, now, is_recent);
        if known.is_none() && remote.is_some() {
            return AtHand::Ask(None);
        }
        count_look_up(if known.is_some() { LookUpEnd::Zone } else { LookUpEnd::Nowhere });
        AtHand::Known(known)
    }

    /// Has another worker asked for a session within `cache_valid`?
    #[inline(never)]
    fn was_seen_elsewhere(&self, remote: &Remote, live: &LiveSession, now: UnixTime) -> bool {
        if remote.cache_valid == Msec(0) {
            return false;
        }
        let entry = self.store.zone.get(Kind::Session, live.key.as_bytes(), now);
        let is_seen = |entry: &Entry| {
            entry.epoch == live.freshness.epoch.get() && age(entry.touched) < remote.cache_valid
        };
        let Some(entry) = entry.filter(is_seen) else { return false };
        live.freshness.checked.set(entry.touched);
        self.learn_expiry(live, entry.expires, now);
        true
    }

    /// The same of a session that was checked a moment ago.
    pub fn admits_still(self: &Rc<Self>, live: &Rc<LiveSession>, now: UnixTime) -> bool {
        self.stands(live, now) && self.admits(live, now)
    }

    /// Ended sessions and those of another SP admit nobody; an admitted one is in use.
    #[inline]
    fn admits(self: &Rc<Self>, live: &Rc<LiveSession>, now: UnixTime) -> bool {
        let admits = live.session.is_valid_for(&self.rules.sp, now);
        if admits {
            self.touch(live, now);
        }
        admits
    }

    /// What this worker has decoded, while nothing has changed in its bucket of the zone: so the end of a session is
    /// seen at once, whichever worker ended it. Only the token itself leads to it, and no hash of it.
    #[inline]
    fn cached(&self, cookie: &TokenText, now: UnixTime) -> Option<Rc<LiveSession>> {
        let known = self.cache.borrow_mut().get(cookie, |live| self.stands(live, now))?;
        // Other origins of the SP have sessions of their own in the same cache.
        (*known.session.sp() == self.rules.sp).then_some(known)
    }

    /// Nothing on this host speaks against it.
    #[inline]
    fn stands(&self, live: &LiveSession, now: UnixTime) -> bool {
        self.store.zone.epoch(Kind::Session, live.key.as_bytes()) == live.freshness.epoch.get()
            && now < live.upkeep.expires.get()
    }

    fn read_zone(
        &self,
        token: &SessionToken,
        now: UnixTime,
        is_good: impl FnOnce(&Entry) -> bool,
    ) -> Option<Rc<LiveSession>> {
        let key = token.store_key(&self.rules.sp);
        let entry = self.store.zone.get(Kind::Session, key.as_bytes(), now).filter(is_good)?;
        let live = LiveSession::new(key, &Session::decode(&entry.value)?, &self.shapes);
        live.freshness.checked.set(entry.touched);
        self.learn_expiry(&live, entry.expires, now);
        Some(self.keep(token, live, entry.epoch))
    }

    /// Remembers in this worker what lay in the zone.
    fn keep(&self, token: &SessionToken, live: LiveSession, epoch: u64) -> Rc<LiveSession> {
        live.freshness.epoch.set(epoch);
        self.cache.borrow_mut().insert(token.to_text(), live)
    }

    /// Moves the idle timeout and the session's place in the LRU, every tenth of the timeout and at
    /// most once a minute: a lock or a message per request would cost too much.
    #[inline]
    fn touch(self: &Rc<Self>, live: &Rc<LiveSession>, now: UnixTime) {
        // Out of the range, too, when the clock was set back.
        if !(Seconds(0)..self.pause()).contains(&(now - live.upkeep.touched.get())) {
            self.tell_of_use(live, now);
        }
    }

    /// Between two moves of an idle timeout.
    #[inline]
    fn pause(&self) -> Seconds {
        let tenth = |idle: Seconds| Seconds(idle.0 / 10).clamp(Seconds(1), TOUCH_WITHIN);
        self.rules.idle_timeout.map_or(TOUCH_WITHIN, tenth)
    }

    /// Until when the store keeps a session says, too, when it was last told of a use, by whichever worker of
    /// whichever host: none has to tell it again so soon.
    fn learn_expiry(&self, live: &LiveSession, expires: UnixTime, now: UnixTime) {
        live.upkeep.expires.set(expires);
        let Some(idle) = self.rules.idle_timeout else { return };
        let told = now.min(expires - idle);
        // At the end of its life it says nothing.
        if told > live.upkeep.touched.get() && expires < live.session.expires {
            live.upkeep.touched.set(told);
            // Or not every look is made that should be.
            let looked = self.look_of(live, told - CLOCKS);
            live.upkeep.findable.set(looked.max(live.upkeep.findable.get()));
        }
    }

    /// Of a session's life, in which its NameID's set is looked into once.
    fn period(&self) -> Seconds {
        self.pause() * TOUCHES_PER_LOOK
    }

    /// When its NameID's set was looked into, if somebody told of a use at `told`: who first does so in each
    /// period of its life looks, so that among many workers one does.
    fn look_of(&self, live: &LiveSession, told: UnixTime) -> UnixTime {
        let (created, period) = (live.session.created, self.period().0);
        created + Seconds((told - created).0.max(0) / period * period)
    }

    #[inline(never)]
    fn tell_of_use(self: &Rc<Self>, live: &Rc<LiveSession>, now: UnixTime) {
        live.upkeep.touched.set(now);
        let expires = self.rules.expiry(live.session.expires, now);
        let (key, store) = (*live.key.as_bytes(), &self.store);
        if let Some(remote) = &store.remote {
            if self.rules.idle_timeout.is_some() {
                let (client, zone) = (Rc::clone(remote.client()), store.zone);
                // Nobody waits for it, and the next one comes soon.
                spawn(async move {
                    if client.touch(Kind::Session, &key, expires).await.is_ok() {
                        zone.prolong(Kind::Session, &key, expires, now);
                    }
                })
                .detach();
            }
            live.upkeep.expires.set(expires);
            let period = self.period();
            if !(Seconds(0)..period).contains(&(now - live.upkeep.findable.get())) {
                live.upkeep.findable.set(self.look_of(live, now));
                let (sessions, live) = (Rc::clone(self), Rc::clone(live));
                spawn(async move {
                    if sessions.keep_findable(&live, now).await.is_err() {
                        // Nobody else tries in this period: this worker does at its next move.
                        live.upkeep.findable.set(now - period);
                    }
                })
                .detach();
            }
            return;
        }
        if store.zone.touch(Kind::Session, &key, expires, now) {
            live.upkeep.expires.set(expires);
        }
        let name = self.set_name(live.session.idp(), live.session.name_id());
        if let Ok(index) = store.key_of_session_set(&name) {
            store.zone.renew(Kind::Index, index.as_bytes(), now);
        }
    }

    async fn keep_findable(&self, live: &LiveSession, now: UnixTime) -> Result<(), Refusal> {
        let name = self.set_name(live.session.idp(), live.session.name_id());
        if self.store.is_in_session_sets(&name, &live.key).await? {
            return Ok(());
        }
        // A logout in the meantime did not find it; one that comes from now on will.
        let session = live.session.to_session();
        self.make_findable(&session, live.key, now).await?;
        if self.was_logged_out(&session, now).await? {
            return self.end(live.key, session.expires, now).await;
        }
        Ok(())
    }

    /// Puts a session into its NameID's set; what has to leave a full one ends.
    async fn make_findable(
        &self,
        session: &Session,
        key: StoreKey,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let member = Member::new(
            session.name_id.format.as_deref(),
            session.session_index.as_deref(),
            key,
            session.expires,
        );
        let member = match self.rules.several_origins {
            true => member.of_authentication(session.authn_instant),
            false => member,
        };
        let name = self.set_name(&session.idp, &session.name_id.value);
        let surplus = self.store.add_to_session_set(&name, member, now).await?;
        if self.store.remote.is_none() {
            let surplus: Vec<_> = surplus.iter().map(|key| *key.as_bytes()).collect();
            self.store.zone.give_up(Kind::Session, &surplus, usize::MAX, now);
            return Ok(());
        }
        let surplus: Vec<_> = surplus.into_iter().map(|key| (key, session.expires)).collect();
        self.end_all(&surplus, now).await.map(drop)
    }

    /// The name under which the sessions of a NameID are known.
    pub fn set_name<'a>(&'a self, idp: &'a str, name_id: &'a str) -> [&'a str; 4] {
        ["sessions", &self.rules.sp_entity_id, idp, name_id]
    }
}

/// Another worker may be a turn of its event loop ahead: then it is 0.
fn age(instant: Monotonic) -> Msec {
    monotonic() - instant
}
