//! A session as requests see it: decoded, its attributes found by name, and what this worker knows
//! of its upkeep.

use std::any::Any;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::ptr;
use std::rc::Rc;

use clock::{Monotonic, UnixTime};
use session::{DecodedSession, Memory, Session, Shapes, StoreKey, Taken, shared};

use crate::identity_token::Jwts;
use crate::idps::Generation;
use crate::rule_line::RuleLine;
use crate::session_rules::SessionRules;

/// A decoded session, shared by all requests of this worker that carry its cookie.
pub struct LiveSession {
    /// What the IdP said, and until when it holds; it does not change while it lives.
    pub session: DecodedSession,
    /// Where it lies in the store; all zeros for one that no store has.
    pub key: StoreKey,
    /// The SP's IdPs among which its own was last seen.
    pub trusted: Cell<Option<Generation>>,
    /// Its browser was seen with it, and without the cookie that counts logins in a row.
    pub has_come_back: Cell<bool>,
    /// The rules on attributes that it was last found to keep, by the first of their lines, which is as old as
    /// the SP is: neither they nor it change. Null = none yet.
    pub kept_rules: Cell<*const RuleLine>,
    /// The same of rules on variables, where all of these say the same as long as the session lives.
    pub kept_variables: Cell<*const RuleLine>,
    /// How far this copy may still be believed.
    pub freshness: Freshness,
    /// What the store needs to hear while it is in use, and when it last did.
    pub upkeep: Upkeep,
    /// What was signed for applications.
    pub jwts: Jwts,
    /// What all of this takes of the worker's memory.
    taken: Taken,
}

/// What the zone and memcached said of a session.
#[derive(Default)]
pub struct Freshness {
    /// The epoch of its bucket in the zone when it was read or filled in there: it holds while that stands still.
    pub epoch: Cell<u64>,
    /// When it last had it. The time of day may be set back, and must not make it younger.
    pub checked: Cell<Monotonic>,
    /// The authentication tag of the sealed value this was opened from: a value with the same tag is
    /// the same, and need not be opened again.
    pub seal: Cell<Option<Seal>>,
    /// By what mark its nodes know that value; 0 = not all of them know it by one.
    pub mark: Cell<u32>,
    /// How they are asked for it, and who waits for the answer, and the bytes that this takes: the business of who
    /// asks.
    check: OnceCell<(Rc<dyn Any>, usize)>,
}

/// The authentication tag of a sealed value.
pub type Seal = [u8; 16];

/// What this worker does for a session that is in use.
pub struct Upkeep {
    /// When the store forgets it, unless it is used until then.
    pub expires: Cell<UnixTime>,
    /// When it last told the store.
    pub touched: Cell<UnixTime>,
    /// When the NameID's set was last seen to have the session.
    pub findable: Cell<UnixTime>,
}

impl LiveSession {
    /// The session that lies at `key`, with what it has in common with others of its SP.
    pub fn new(key: StoreKey, session: &Session, shapes: &Shapes) -> Self {
        let live = Self {
            session: DecodedSession::of(session, shapes),
            key,
            trusted: Cell::default(),
            has_come_back: Cell::default(),
            kept_rules: Cell::new(ptr::null()),
            kept_variables: Cell::new(ptr::null()),
            freshness: Freshness::default(),
            upkeep: Upkeep {
                expires: Cell::new(session.expires),
                touched: Cell::default(),
                findable: Cell::new(session.created),
            },
            jwts: Jwts::default(),
            taken: shapes.memory().take(),
        };
        live.account();
        live
    }

    /// Says what it takes, once more when that has changed.
    pub(crate) fn account(&self) {
        let check = self.freshness.check.get().map_or(0, |(_, size)| *size);
        self.taken.set(shared::<Self>() + self.session.size() + self.jwts.size() + check);
    }

    /// How its nodes are asked for it; `made` when that is first wanted, with the bytes that it takes.
    pub fn check(&self, made: impl FnOnce() -> (Rc<dyn Any>, usize)) -> &Rc<dyn Any> {
        let is_new = self.freshness.check.get().is_none();
        let (check, _) = self.freshness.check.get_or_init(made);
        if is_new {
            self.account();
        }
        check
    }

    /// By what name the application knows whose session it is; `None` = no source has a value.
    pub fn user<'a>(&'a self, rules: &'a SessionRules) -> Option<Cow<'a, str>> {
        rules.user.user(&self.session)
    }

    /// A session for its variables alone: no store has it.
    pub fn untraceable(session: &Session, rules: &SessionRules) -> Self {
        let shapes = Shapes::new(&rules.attributes.aliases, &Memory::default());
        Self::new(StoreKey([0; 32]), session, &shapes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_for_it_is_counted_with_it() {
        let memory = Memory::default();
        let shapes = Shapes::new(&[], &memory);
        let live = LiveSession::new(StoreKey([0; 32]), &Session::default(), &shapes);
        let before = memory.bytes();
        for _ in 0..2 {
            live.check(|| (Rc::new(()), 208));
            assert_eq!(memory.bytes(), before + 208);
        }
        drop(live);
        assert_eq!(memory.bytes(), 0);
    }
}
