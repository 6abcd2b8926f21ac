//! The look-ups of sessions that are under way, and who waits for each.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use clock::{Monotonic, Msec};
use futures_channel::oneshot;
use session::StoreKey;
use sp::Found;

use crate::clock::monotonic;

/// Who waits for which session.
///
/// Not a `Shared` future: that one locks while it wakes, and a task of nginx's loop runs inside the
/// wake, where it would lock again.
#[derive(Default)]
pub struct LookUps {
    /// Of each session; seldom more than one.
    under_way: RefCell<HashMap<StoreKey, Vec<UnderWay>>>,
    next: Cell<u64>,
}

struct UnderWay {
    number: u64,
    begun: Monotonic,
    waiting: Vec<oneshot::Sender<Found>>,
}

impl LookUps {
    /// Joins those who wait for this session since no longer than `within`. When nobody does, a look-up has to begin:
    /// that is its number.
    pub fn join(&self, key: StoreKey, within: Msec) -> (oneshot::Receiver<Found>, Option<u64>) {
        let (tell, told) = oneshot::channel();
        let mut all = self.under_way.borrow_mut();
        let of_session = all.entry(key).or_default();
        if let Some(last) = of_session.last_mut().filter(|last| monotonic() - last.begun <= within)
        {
            last.waiting.push(tell);
            return (told, None);
        }
        let number = self.next.replace(self.next.get().wrapping_add(1));
        of_session.push(UnderWay { number, begun: monotonic(), waiting: vec![tell] });
        (told, Some(number))
    }

    /// Ends a look-up; gives those who waited.
    pub fn end(&self, key: &StoreKey, number: u64) -> Vec<oneshot::Sender<Found>> {
        let mut all = self.under_way.borrow_mut();
        let Some(of_session) = all.get_mut(key) else { return Vec::new() };
        let ended = of_session.iter().position(|one| one.number == number);
        let ended = ended.map(|place| of_session.remove(place).waiting);
        if of_session.is_empty() {
            all.remove(key);
        }
        ended.unwrap_or_default()
    }
}
