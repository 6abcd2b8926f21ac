//! Asking memcached for a session: one look-up for all requests that want it.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Instant;

use clock::{Monotonic, Msec, Seconds, UnixTime};
use futures_channel::oneshot;
use futures_util::FutureExt;
use ngx::async_::spawn;
use saml::refusal::Refusal;
use session::{Session, SessionToken, StoreKey, StoredSession, is_ended, mark};
use sp::{Found, LiveSession, Peeked, Seal};
use zone::LookUpEnd;

use super::{AtHand, Sessions, age};
use crate::clock::now;
use crate::counters::{count_look_up, count_wait};
use crate::guard::log_panic;
use crate::store::memcached::Stored;
use crate::store::{Asked, Kind, Remote};

/// So much may two clocks of whole seconds differ by what they leave out.
const ROUNDED: Seconds = Seconds(2);

impl Sessions {
    /// The session that belongs to a cookie's token, wherever it lies.
    ///
    /// # Errors
    /// No node answers, and this host has not seen the session lately.
    pub async fn find(self: &Rc<Self>, token: &SessionToken, now: UnixTime) -> Found {
        match self.at_hand(&token.to_text(), now) {
            AtHand::Known(known) => Ok(known),
            AtHand::Ask(_) => {
                let found = self.look_up(token).await?;
                Ok(found.filter(|live| self.admits(live, crate::clock::now())))
            }
        }
    }

    /// The same session, for who does not use it: its idle timeout runs on.
    ///
    /// # Errors
    /// As [`Sessions::find`].
    pub async fn peek(
        self: &Rc<Self>,
        token: &SessionToken,
        now: UnixTime,
    ) -> Result<Option<Peeked>, Refusal> {
        let key = token.store_key(&self.rules.sp);
        let found = match self.known(&token.to_text(), now) {
            AtHand::Known(known) => known,
            AtHand::Ask(_) => self.look_up(token).await?,
        };
        let now = crate::clock::now();
        let live = found.filter(|live| live.session.is_valid_for(&self.rules.sp, now));
        // What this worker has decoded does not hear of each use in other workers.
        let entry = || self.store.zone.get(Kind::Session, key.as_bytes(), now);
        Ok(live.map(|live| Peeked { forgotten: entry().map(|entry| entry.expires), live }))
    }

    /// Does a session lie at this key, whoever's?
    ///
    /// # Errors
    /// No node answers.
    pub async fn is_there(&self, key: &StoreKey, now: UnixTime) -> Result<bool, Refusal> {
        let Some(remote) = &self.store.remote else { return Ok(self.in_zone(key, now).is_some()) };
        let answers = remote.client().get(Kind::Session, key.as_bytes()).await;
        let answers = answers.map_err(|down| self.store.unavailable(down))?;
        let copies = || answers.iter().flatten();
        Ok(copies().count() > 0 && copies().all(|copy| !is_ended(&copy.value)))
    }

    async fn look_up(self: &Rc<Self>, token: &SessionToken) -> Found {
        let found = self.join(token).await;
        found.unwrap_or_else(|_| Err(Refusal::internal("a look-up broke off")))
    }

    /// Joins the look-up for this token that is under way, unless that was begun longer ago than `cache_valid`: what it
    /// finds may be over. Else starts one. It goes on when nobody waits any more: a deadline ends it soon.
    fn join(self: &Rc<Self>, token: &SessionToken) -> oneshot::Receiver<Found> {
        let key = token.store_key(&self.rules.sp);
        let valid = self.store.remote.as_ref().map_or(Msec(0), |remote| remote.cache_valid);
        let (told, begun) = self.look_ups.join(key, valid);
        if let Some(number) = begun {
            let (look_up, token) = (
                LookUp { sessions: Rc::clone(self), key, number, is_told: Cell::new(false) },
                token.clone(),
            );
            spawn(async move {
                let asking = AssertUnwindSafe(look_up.sessions.ask(&token, key)).catch_unwind();
                if let Ok(found) = asking.await.map_err(|panic| log_panic(&*panic)) {
                    look_up.tell(&found);
                }
            })
            .detach();
        }
        told
    }

    async fn ask(&self, token: &SessionToken, key: StoreKey) -> Found {
        let Some(remote) = &self.store.remote else { return Ok(None) };
        let asked = self.store.zone.before_asking(Kind::Session, key.as_bytes());
        // nginx's clock has milliseconds, and stands still within a turn of the event loop.
        let began = Instant::now();
        let answers = remote.client().get(Kind::Session, key.as_bytes()).await;
        count_wait(began.elapsed());
        let now = now();
        // What this host has not heard lately must not let in whom an operator keeps out.
        self.ask_for_orders(now).await;
        let found = match answers {
            Ok(answers) => self.settle(remote, token, key, asked, answers, now),
            Err(down) => {
                let seen = self.lately_seen(remote, token, now);
                seen.map(Some).ok_or_else(|| self.store.unavailable(down))
            }
        };
        count_look_up(match &found {
            Ok(Some(_)) => LookUpEnd::Memcached,
            Ok(None) => LookUpEnd::Nowhere,
            Err(_) => LookUpEnd::Failed,
        });
        found
    }

    /// Makes one verdict of what the nodes said: the end of a session outweighs living copies.
    fn settle(
        &self,
        remote: &Remote,
        token: &SessionToken,
        key: StoreKey,
        asked: Asked,
        answers: Vec<Option<Stored>>,
        now: UnixTime,
    ) -> Found {
        let cached = self.cached(&token.to_text(), now);
        let mut alive = None;
        for answer in answers.iter().flatten() {
            let same = seal_of(&answer.value).and_then(|seal| {
                cached.clone().filter(|live| live.freshness.seal.get() == Some(seal))
            });
            let copy = match same {
                Some(live) => Copy::Cached(live, answer),
                None => match self.store.secrets()?.open_session(token, &key, &answer.value) {
                    Some(StoredSession::Alive(session)) => Copy::Opened(session, answer),
                    Some(StoredSession::Ended) => {
                        self.spread_end(remote, key, answer, &answers, now);
                        self.store.zone.forget(Kind::Session, key.as_bytes());
                        return Ok(None);
                    }
                    None => continue,
                },
            };
            alive.get_or_insert(copy);
        }
        let live = match alive {
            None => {
                self.store.zone.forget(Kind::Session, key.as_bytes());
                return Ok(None);
            }
            Some(Copy::Cached(live, answer)) => {
                self.has_been_seen(&live, answer.ttl, asked.at, now);
                live
            }
            Some(Copy::Opened(session, answer)) => {
                self.fill(token, key, *session, answer, asked, now)
            }
        };
        // It was so when the nodes were asked; since then it may have ended elsewhere.
        live.freshness.checked.set(asked.at);
        live.freshness.mark.set(common_mark(&answers, &live));
        self.repair(remote, key, &answers, &live, now);
        Ok(Some(live))
    }

    /// A node that was asked at the instant `asked` has what this worker has decoded, and says how long it keeps it.
    pub(super) fn has_been_seen(
        &self,
        live: &LiveSession,
        ttl: Option<Seconds>,
        asked: Monotonic,
        now: UnixTime,
    ) {
        let said = lives_until(ttl, live.session.expires, now);
        let expires = unrounded(said, live.upkeep.expires.get());
        self.learn_expiry(live, expires, now);
        live.freshness.checked.set(asked);
        self.store.zone.confirm(Kind::Session, live.key.as_bytes(), asked, expires, now);
    }

    /// Remembers a session in the zone and in this worker, unless the zone was changed while it was
    /// asked for: it may have ended since.
    fn fill(
        &self,
        token: &SessionToken,
        key: StoreKey,
        session: Session,
        answer: &Stored,
        asked: Asked,
        now: UnixTime,
    ) -> Rc<LiveSession> {
        let (said, value) = (lives_until(answer.ttl, session.expires, now), session.encode());
        let zone = self.store.zone;
        let known = zone.get(Kind::Session, key.as_bytes(), now);
        let expires = known.map_or(said, |known| unrounded(said, known.expires));
        let filled = zone.fill(Kind::Session, key.as_bytes(), asked, &value, expires, now);
        let live = LiveSession::new(key, &session, &self.shapes);
        live.freshness.seal.set(seal_of(&answer.value));
        self.learn_expiry(&live, expires, now);
        match filled {
            Ok(Some(epoch)) => self.keep(token, live, epoch),
            // A zone without room remembers nothing; the session is good all the same.
            Ok(None) | Err(_) => Rc::new(live),
        }
    }

    /// Tells the end of a session to nodes that slept through it.
    fn spread_end(
        &self,
        remote: &Remote,
        key: StoreKey,
        ended: &Stored,
        answers: &[Option<Stored>],
        now: UnixTime,
    ) {
        let is_ended = |answer: &Stored| answer.value.first() == ended.value.first();
        if answers.iter().flatten().all(is_ended) {
            return;
        }
        // As long as any copy may live.
        let left = answers.iter().flatten().filter_map(|answer| answer.ttl).max();
        let expires = now + left.unwrap_or(self.rules.lifetime).max(Seconds(1));
        let (client, value) = (Rc::clone(remote.client()), ended.value.clone());
        spawn(async move {
            // Until it works, each look-up tries again.
            let _ = client.put(Kind::Session, key.as_bytes(), value, expires).await;
        })
        .detach();
    }

    /// Gives a session back to nodes that have lost it.
    fn repair(
        &self,
        remote: &Remote,
        key: StoreKey,
        answers: &[Option<Stored>],
        live: &LiveSession,
        now: UnixTime,
    ) {
        if answers.iter().all(Option::is_some) {
            return;
        }
        let Some(copy) =
            answers.iter().flatten().find(|a| seal_of(&a.value) == live.freshness.seal.get())
        else {
            return;
        };
        if let Some(expires) = may_live_until(copy, live.session.expires, now) {
            remote.client().repair(Kind::Session, key.as_bytes(), &copy.value, expires);
        }
    }

    /// While no node answers: a session that this host has seen within `stale` goes on.
    fn lately_seen(
        &self,
        remote: &Remote,
        token: &SessionToken,
        now: UnixTime,
    ) -> Option<Rc<LiveSession>> {
        let stale = Msec::from(remote.stale);
        match self.cached(&token.to_text(), now) {
            Some(live) if age(live.freshness.checked.get()) <= stale => Some(live),
            _ => self.read_zone(token, now, |entry| age(entry.touched) <= stale),
        }
    }
}

/// When a node forgets the session, unless somebody uses it until then.
fn lives_until(ttl: Option<Seconds>, session_end: UnixTime, now: UnixTime) -> UnixTime {
    let left = ttl.filter(|ttl| *ttl >= Seconds(0)).map(|ttl| now + ttl);
    left.map_or(session_end, |end| end.min(session_end))
}

/// Node and host count whole seconds, each from moments of its own. An end that seems to come earlier by that alone is
/// the one that is `known`, or all workers would decode the session anew.
fn unrounded(said: UnixTime, known: UnixTime) -> UnixTime {
    if said <= known && known - said <= ROUNDED { known } else { said }
}

/// Until when a copy of it may live on another node; `None` = it is not worth one. Surely not longer than the one that
/// it is of, or two nodes would bring it back to each other for ever: each rounds up, and so do we.
fn may_live_until(answer: &Stored, session_end: UnixTime, now: UnixTime) -> Option<UnixTime> {
    match answer.ttl.filter(|ttl| *ttl >= Seconds(0)) {
        Some(ttl) if ttl <= ROUNDED => None,
        Some(ttl) => Some(session_end.min(now + ttl - ROUNDED)),
        None => Some(session_end),
    }
}

enum Copy<'a> {
    Cached(Rc<LiveSession>, &'a Stored),
    Opened(Box<Session>, &'a Stored),
}

/// By what mark the nodes can say that they have this very session; 0 = one at least cannot: a host of before marks
/// has written it.
fn common_mark(answers: &[Option<Stored>], live: &LiveSession) -> u32 {
    let mut marks = answers.iter().flatten().map(|answer| {
        let is_known = seal_of(&answer.value) == live.freshness.seal.get();
        if is_known && answer.mark == mark(&answer.value) { answer.mark } else { 0 }
    });
    let first = marks.next().unwrap_or(0);
    if marks.all(|mark| mark == first) { first } else { 0 }
}

fn seal_of(value: &[u8]) -> Option<Seal> {
    value.last_chunk().copied()
}

/// A look-up under way; when it ends without a word, those who wait are told so.
struct LookUp {
    sessions: Rc<Sessions>,
    key: StoreKey,
    number: u64,
    is_told: Cell<bool>,
}

impl LookUp {
    fn tell(&self, found: &Found) {
        // First, for who is told may look up again at once.
        self.is_told.set(true);
        for waiting in self.leave() {
            // Who has left needs no answer.
            let _ = waiting.send(found.clone());
        }
    }

    fn leave(&self) -> Vec<oneshot::Sender<Found>> {
        self.sessions.look_ups.end(&self.key, self.number)
    }
}

impl Drop for LookUp {
    fn drop(&mut self) {
        if !self.is_told.get() {
            self.leave();
        }
    }
}
