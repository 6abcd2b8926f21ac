//! The look-ups of sessions that are under way, and who waits for each.

use std::cell::RefCell;
use std::collections::HashMap;

use futures_channel::oneshot;
use session::StoreKey;
use sp::Found;

/// Who waits for which session.
///
/// Not a `Shared` future: that one locks while it wakes, and a task of nginx's loop runs inside the
/// wake, where it would lock again.
#[derive(Default)]
pub struct LookUps(RefCell<HashMap<StoreKey, Vec<oneshot::Sender<Found>>>>);

impl LookUps {
    /// Joins those who wait for this session; `true` = nobody did, so that a look-up has to begin.
    pub fn join(&self, key: StoreKey) -> (oneshot::Receiver<Found>, bool) {
        let (tell, told) = oneshot::channel();
        let mut look_ups = self.0.borrow_mut();
        let waiting = look_ups.entry(key).or_default();
        waiting.push(tell);
        (told, waiting.len() == 1)
    }

    /// Ends a look-up; gives those who waited.
    pub fn end(&self, key: &StoreKey) -> Vec<oneshot::Sender<Found>> {
        self.0.borrow_mut().remove(key).unwrap_or_default()
    }
}
