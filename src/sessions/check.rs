//! Is a session that this worker has decoded still what it was? Its nodes are asked for its mark alone: no value is
//! sent, and none is opened.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use clock::{Monotonic, UnixTime};
use session::shared;
use sp::LiveSession;
use zone::LookUpEnd;

use super::{Sessions, age};
use crate::clock::{monotonic, now};
use crate::counters::{count_look_up, count_wait};
use crate::store::memcached::{Asker, Marked, Nodes, Outcome};

/// Who hears whether it is. `false`: it may be, so that its value has to be asked for.
pub type Tell = Box<dyn FnOnce(bool)>;

/// What a decoded session keeps for it.
struct Check {
    nodes: Nodes,
    under_way: RefCell<Option<UnderWay>>,
}

/// One question for all requests that want an answer.
struct UnderWay {
    sessions: Rc<Sessions>,
    live: Rc<LiveSession>,
    began: Instant,
    /// By the clock of the store.
    asked: Monotonic,
    /// Nodes that have not answered yet.
    open: usize,
    /// What the first one said that has it as it was.
    same: Option<Marked>,
    /// What another one said, or that it has none.
    is_other: bool,
    waiting: Vec<Tell>,
}

impl Sessions {
    /// Tells whether all nodes that answer have `live` as it was; at once when none is up, or when a question is under
    /// way since longer than `cache_valid`, for what comes of that may be over.
    pub fn check(self: &Rc<Self>, live: &Rc<LiveSession>, tell: Tell) {
        let Some(check) = self.check_of(live) else { return tell(false) };
        let mut place = check.under_way.borrow_mut();
        if let Some(under_way) = place.as_mut() {
            if self.may_join(under_way.asked) {
                return under_way.waiting.push(tell);
            }
            // Who is told may ask again.
            drop(place);
            return tell(false);
        }
        *place = Some(UnderWay {
            sessions: Rc::clone(self),
            live: Rc::clone(live),
            began: Instant::now(),
            asked: monotonic(),
            open: check.nodes.count(),
            same: None,
            is_other: false,
            waiting: vec![tell],
        });
        drop(place);
        let asker: Rc<dyn Asker> = check.clone();
        check.nodes.ask(&asker);
    }

    fn may_join(&self, asked: Monotonic) -> bool {
        self.store.remote.as_ref().is_some_and(|remote| age(asked) <= remote.cache_valid)
    }

    fn check_of(&self, live: &LiveSession) -> Option<Rc<Check>> {
        let client = self.store.remote.as_ref()?.client();
        let kept = live.check(|| {
            let nodes = client.nodes_of_session(live.key.as_bytes());
            let size = shared::<Check>() + nodes.size();
            (Rc::new(Check { nodes, under_way: RefCell::default() }), size)
        });
        Rc::<dyn Any>::downcast(Rc::clone(kept)).ok()
    }
}

impl Asker for Check {
    fn answered(&self, outcome: Option<&Outcome>) {
        let mut place = self.under_way.borrow_mut();
        let Some(under_way) = place.as_mut() else { return };
        under_way.hear(outcome);
        if under_way.open > 0 {
            return;
        }
        let ended = place.take();
        // Who is told may ask again.
        drop(place);
        if let Some(ended) = ended {
            ended.end();
        }
    }
}

impl UnderWay {
    fn hear(&mut self, outcome: Option<&Outcome>) {
        self.open -= 1;
        match outcome {
            Some(Outcome::Marked(marked)) if marked.mark == self.live.freshness.mark.get() => {
                self.same.get_or_insert(*marked);
            }
            Some(Outcome::Failed(_)) | None => {}
            Some(_) => self.is_other = true,
        }
    }

    fn end(self) {
        let now = now();
        let same = self.same.filter(|_| !self.is_other && self.may_be_believed(now));
        if let Some(same) = same {
            self.remember(same, now);
        }
        for tell in self.waiting {
            tell(same.is_some());
        }
    }

    /// Nobody on this host has ended it meanwhile, and no operator's order may be unknown here.
    fn may_be_believed(&self, now: UnixTime) -> bool {
        self.sessions.stands(&self.live, now) && !self.sessions.hearing.answered.is_long_ago()
    }

    fn remember(&self, same: Marked, now: UnixTime) {
        count_wait(self.began.elapsed());
        count_look_up(LookUpEnd::Memcached);
        self.sessions.has_been_seen(&self.live, same.ttl, self.asked, now);
    }
}
