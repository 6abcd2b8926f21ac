//! Which sessions lie in the zone, for who runs the server. It is no use of them.

use clock::UnixTime;
use session::{Session, StoreKey};
use sp::{Listed, ListedSession};

use super::Sessions;
use crate::store::Kind;

impl Sessions {
    /// Those at the place `from` and some behind it, of all SPs of the store. The lock is held for a tenth of a
    /// millisecond; what was copied is read after that.
    pub fn list(&self, from: usize, now: UnixTime) -> Listed {
        let step = self.store.zone.walk(Kind::Session, from, now);
        let sessions = step.entries.into_iter().filter_map(|entry| {
            let session = Session::decode(&entry.value)?;
            let (place, key) = (entry.place, StoreKey(entry.key));
            Some(ListedSession { place, key, session })
        });
        Listed { sessions: sessions.collect(), next: step.next }
    }

    /// One that lies in the zone.
    pub fn in_zone(&self, key: &StoreKey, now: UnixTime) -> Option<Session> {
        Session::decode(&self.store.zone.peek(Kind::Session, key.as_bytes(), now)?)
    }
}
