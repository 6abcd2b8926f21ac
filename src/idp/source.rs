//! Where the metadata of a `saml_idp`, or the keys of its transmitter, come from, as one worker sees it.

use std::cell::{Cell, RefCell};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use ::clock::{Monotonic, Msec, Seconds};
use futures_util::FutureExt;
use ngx::async_::spawn;
use refresh::{Known, Slot, SlotState, Staleness, Stamp};
use settings::{MetadataSource, SourceKind, SourcePlace};
use sp::{FederatedIdps, Idp, Sites, Transmitter};
use status::MetadataStatus;

use crate::clock::monotonic;
use crate::event::Resource;
use crate::guard::log_panic;
use crate::module::{MainConf, Sp};

/// What one `saml_idp` is made of, and the SPs that have it.
pub(super) struct Source {
    pub settings: Rc<MetadataSource<Resource>>,
    /// `None` of a file, or when the board is full.
    pub slot: Option<&'static Slot>,
    pub followers: Vec<Follower>,
    /// A task is at it.
    is_busy: Cell<bool>,
    /// The copy that this worker has, as the slot counts them.
    pub generation: Cell<u64>,
    /// When this worker looks at a file again.
    pub due: Cell<Monotonic>,
    /// The file as it was last read.
    pub stamp: Cell<Option<Stamp>>,
    /// The copy that this worker has, without its octets.
    pub known: RefCell<Option<Known>>,
    /// What it says of its own time.
    pub staleness: Cell<Staleness>,
    /// When this worker last looked at a file.
    pub seen: Cell<Option<Monotonic>>,
    /// Why it could not use what it has found there; `None` = it could.
    pub trouble: RefCell<Option<String>>,
}

/// An SP that has the IdP.
#[derive(Clone)]
pub(super) struct Follower {
    pub sp: Rc<Sp>,
    pub followed: Followed,
}

/// What of an SP is made of the metadata.
#[derive(Clone)]
pub(super) enum Followed {
    One(Rc<Idp>),
    All(Rc<FederatedIdps>),
    /// The keys of who tells of security events.
    Keys(Rc<Transmitter>),
}

impl Source {
    pub(super) fn new(settings: &Rc<MetadataSource<Resource>>, main: &MainConf) -> Self {
        // What is known of IdPs is the same at all origins of an SP.
        let followers = main.sps.iter().map(Sites::first).filter_map(|sp| {
            let named = sp.idps.named(&settings.idp);
            let followed = match settings.kind {
                SourceKind::EventKeys => Followed::Keys(Rc::clone(named?.transmitter()?)),
                SourceKind::Metadata => {
                    let all = || sp.idps.federation(&settings.idp).cloned().map(Followed::All);
                    named.cloned().map(Followed::One).or_else(all)?
                }
            };
            Some(Follower { sp: Rc::clone(sp), followed })
        });
        let (slot, stamp) = match &settings.place {
            SourcePlace::File { stamp, .. } => (None, *stamp),
            SourcePlace::Url { copy, .. } => (main.board.and_then(|board| board.slot(copy)), None),
        };
        Self {
            settings: Rc::clone(settings),
            slot,
            followers: followers.collect(),
            is_busy: Cell::new(false),
            // None: what the master knows is of the last start, whatever has come since.
            generation: Cell::new(0),
            due: Cell::new(monotonic()),
            stamp: Cell::new(stamp),
            known: RefCell::default(),
            staleness: Cell::default(),
            seen: Cell::default(),
            trouble: RefCell::default(),
        }
    }

    /// How it is, for who runs the server.
    pub(super) fn status(&self) -> MetadataStatus {
        let now = monotonic();
        let state = match self.slot {
            Some(slot) => slot.state(now),
            None => SlotState {
                age: self.seen.get().map(|seen| now - seen),
                next: self.due.get() - now,
                failures: u64::from(self.trouble.borrow().is_some()),
                error: self.trouble.borrow().clone(),
            },
        };
        MetadataStatus {
            idp: self.settings.idp.clone(),
            source: self.settings.text.clone(),
            age: state.age.map(whole_seconds),
            next: Some(whole_seconds(state.next)),
            failures: state.failures,
            error: state.error,
        }
    }

    /// One task at a time.
    pub(super) fn work<F: Future<Output = ()> + 'static>(
        self: &Rc<Self>,
        work: impl FnOnce(Rc<Self>) -> F,
    ) {
        self.is_busy.set(true);
        let source = Rc::clone(self);
        let work = work(Rc::clone(self));
        spawn(async move {
            if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
                log_panic(&*panic);
            }
            source.is_busy.set(false);
        })
        .detach();
    }

    /// Is there nowhere that workers could tell each other of it? Then none fetches it.
    pub(super) fn is_without_slot(&self) -> bool {
        self.slot.is_none() && matches!(self.settings.place, SourcePlace::Url { .. })
    }

    pub(super) fn is_busy(&self) -> bool {
        self.is_busy.get()
    }

    /// Has it a follower that knows nothing yet, and would let people log in?
    pub(super) fn is_awaited(&self) -> bool {
        self.followers.iter().any(|follower| match &follower.followed {
            Followed::One(idp) => !idp.is_disabled() && idp.current().is_none(),
            Followed::All(federation) => federation.is_awaited(),
            Followed::Keys(transmitter) => transmitter.keys().is_none(),
        })
    }
}

fn whole_seconds(span: Msec) -> Seconds {
    Seconds((span.0 / 1000).try_into().unwrap_or(i64::MAX))
}
