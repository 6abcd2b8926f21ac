//! What a worker has signed of one session.

use std::cell::RefCell;
use std::rc::Rc;

use clock::{Seconds, UnixTime};

/// For so many audiences a worker keeps tokens of one session; the oldest goes.
const MOST_AUDIENCES: usize = 4;

/// The tokens of one session that this worker has signed.
#[derive(Default)]
pub struct Jwts(RefCell<Vec<Kept>>);

struct Kept {
    audience: Rc<[String]>,
    made: UnixTime,
    /// `None` = none could be made.
    token: Option<Rc<str>>,
}

impl Jwts {
    /// The token for `audience` that was made less than `span` ago, or a new one.
    pub(super) fn get_or_make(
        &self,
        audience: &Rc<[String]>,
        span: Seconds,
        now: UnixTime,
        make: impl FnOnce() -> Option<Rc<str>>,
    ) -> Option<Rc<str>> {
        // The pointers are the same but where a reload or another location wrote the same words.
        let is_for =
            |kept: &Kept| Rc::ptr_eq(&kept.audience, audience) || kept.audience == *audience;
        let is_fresh = |kept: &&Kept| (Seconds(0)..span).contains(&(now - kept.made));
        if let Some(kept) = self.0.borrow().iter().find(|kept| is_for(kept)).filter(is_fresh) {
            return kept.token.clone();
        }
        let token = make();
        let mut all = self.0.borrow_mut();
        all.retain(|kept| !is_for(kept));
        if all.len() >= MOST_AUDIENCES {
            all.remove(0);
        }
        all.push(Kept { audience: Rc::clone(audience), made: now, token: token.clone() });
        token
    }
}
