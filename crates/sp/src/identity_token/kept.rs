//! What a worker has signed of one session.

use std::cell::RefCell;
use std::rc::Rc;

use clock::{Seconds, UnixTime};
use session::allocation;

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
    /// What was made for `audience` less than `span` ago: a token, or that there is none. `None` = nothing was.
    pub(super) fn get(
        &self,
        audience: &Rc<[String]>,
        span: Seconds,
        now: UnixTime,
    ) -> Option<Option<Rc<str>>> {
        let all = self.0.borrow();
        let kept = all.iter().find(|kept| kept.is_for(audience))?;
        (Seconds(0)..span).contains(&(now - kept.made)).then(|| kept.token.clone())
    }

    /// Keeps what was made.
    pub(super) fn keep(&self, audience: &Rc<[String]>, now: UnixTime, token: Option<Rc<str>>) {
        let mut all = self.0.borrow_mut();
        all.retain(|kept| !kept.is_for(audience));
        if all.len() >= MOST_AUDIENCES {
            all.remove(0);
        }
        all.push(Kept { audience: Rc::clone(audience), made: now, token });
    }

    /// Bytes that they take.
    pub(crate) fn size(&self) -> usize {
        let all = self.0.borrow();
        let tokens =
            all.iter().flat_map(|kept| &kept.token).map(|token| allocation(token.len() + 16));
        allocation(all.capacity() * size_of::<Kept>()) + tokens.sum::<usize>()
    }
}

impl Kept {
    /// The pointers are the same but where a reload or another location wrote the same words.
    fn is_for(&self, audience: &Rc<[String]>) -> bool {
        Rc::ptr_eq(&self.audience, audience) || self.audience == *audience
    }
}
