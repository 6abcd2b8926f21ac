//! Sessions that end without anybody's asking, for the audit log: those that expire in shared memory or have to
//! make room there. Whoever removes one tells of it; so that it does not lie there until somebody comes by, one
//! worker looks for what has expired. In memcached nobody sees a session's end.

use std::cell::Cell;
use std::ptr;
use std::rc::Rc;

use clock::Msec;
use nginx_sys::ngx_worker;
use session::{Session, StoreKey};
use sp::{Event, SessionEnd, Sites, What, WhyEnded, session_id};
use zone::Departed;

use crate::audit::{self, Values};
use crate::clock::now;
use crate::event::repeat;
use crate::module::{MainConf, Sp};
use crate::store::SharedStore;

/// Between two steps through a zone.
const STEP: Msec = Msec(50);

/// Between two times through all zones.
const ROUND: Msec = Msec(1000);

/// A zone, and where the next step in it begins.
type Swept = (&'static SharedStore, Cell<usize>);

/// Begins, when somebody keeps records.
pub fn start(main: &MainConf) {
    if main.audit_logs.is_empty() {
        return;
    }
    let sps: Rc<[Rc<Sp>]> = main.sps.iter().flat_map(Sites::iter).cloned().collect();
    let zones = zones(&sps);
    for (zone, _) in &zones {
        let sps = Rc::clone(&sps);
        zone.tell_departed(Rc::new(move |all| all.iter().for_each(|one| tell(&sps, one))));
    }
    // SAFETY: set before a worker begins its work.
    let is_first = unsafe { ngx_worker == 0 };
    if is_first && !zones.is_empty() {
        repeat(ROUND, move || sweep(&zones));
    }
}

/// Each once, those alone in which sessions lie, and not copies of them.
fn zones(sps: &[Rc<Sp>]) -> Vec<Swept> {
    let mut zones: Vec<Swept> = Vec::new();
    let stores = sps.iter().map(|sp| &sp.sessions.store).filter(|store| store.remote.is_none());
    for store in stores {
        if !zones.iter().any(|(known, _)| ptr::eq(*known, store.zone)) {
            zones.push((store.zone, Cell::default()));
        }
    }
    zones
}

/// A step in each; says when the next is.
fn sweep(zones: &[Swept]) -> Msec {
    let mut pause = ROUND;
    for (zone, place) in zones {
        let next = zone.sweep(place.get(), now());
        place.set(next.unwrap_or_default());
        if next.is_some() {
            pause = STEP;
        }
    }
    pause
}

fn tell(sps: &[Rc<Sp>], departed: &Departed) {
    let now = now();
    let session = Session::decode_without_attributes(&departed.value);
    let sp = session.as_ref().and_then(|session| sps.iter().find(|sp| sp.id == session.sp));
    if let (Some(sp), Some(session)) = (sp, &session) {
        sp.heed(now);
        if sp.idps.have_ended(session) {
            // There is a record of the order.
            return;
        }
    }
    let why = match &session {
        _ if now < departed.expires => WhyEnded::Evicted,
        Some(session) if departed.expires < session.expires => WhyEnded::Idle,
        _ => WhyEnded::Lifetime,
    };
    let idp = match (sp, &session) {
        (Some(sp), Some(session)) => sp.idps.block_of(&session.idp).unwrap_or_default(),
        _ => String::new(),
    };
    let session_id = session_id(&StoreKey(departed.key));
    let end = SessionEnd {
        session: session.as_ref(),
        session_id: &session_id,
        why,
        ended: departed.expires.min(now),
    };
    let sp = sp.map(|sp| sp.name.as_str()).unwrap_or_default();
    let event = Event { sp, idp: &idp, request_id: "", what: What::SessionEnd(end) };
    audit::tell(&event, None, &Values::default());
}
