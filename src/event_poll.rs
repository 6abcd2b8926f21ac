//! Security events that are polled (RFC 8936): one worker of the host asks each transmitter, for all of them.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use ::clock::Msec;
use futures_util::FutureExt;
use http::Head;
use nginx_sys::{NGX_LOG_ALERT, NGX_LOG_ERR, NGX_LOG_NOTICE};
use ngx::async_::spawn;
use ngx::log::ngx_cycle_log;
use ngx::ngx_log_error;
use pages::Circumstances;
use refresh::{Lease, Schedule, Slot, Staleness};
use session::Client;
use sp::{EventPoll, Polled, Sites, Transmitter, Visit, random};

use crate::clock::{monotonic, now};
use crate::errand;
use crate::event::{is_exiting, repeat};
use crate::guard::log_panic;
use crate::module::{MainConf, Sp};

/// How often a worker looks whether it is time.
const TICK: Msec = Msec(1000);
/// Nothing is asked for any more when a turn has taken so long.
const TURN: Msec = Msec(30_000);
/// A turn, and the answers that it still waits for then; who dies meanwhile loses the right to it.
const LEASE: Msec = Msec(90_000);
/// Where more is known to be there.
const AT_ONCE: Msec = Msec(0);
/// The longest wait after failures, which the first ones are far from.
const FAILING: Schedule = Schedule { interval: ::clock::Seconds(300) };

/// A transmitter that is asked, and the SPs that have its IdP.
struct Stream {
    /// The name of the `saml_idp`.
    idp: String,
    /// The same at each of the SPs.
    transmitter: Rc<Transmitter>,
    sps: Vec<Rc<Sp>>,
    slot: &'static Slot,
    /// A turn of this worker is under way.
    is_busy: Cell<bool>,
}

/// Begins, in a worker. The configuration is the one that it runs on to its end.
pub fn start(main: &MainConf) {
    let streams: Vec<_> = streams(main).into_iter().map(Rc::new).collect();
    if !streams.is_empty() {
        repeat(Msec(0), move || {
            streams.iter().for_each(look);
            TICK
        });
    }
}

fn streams(main: &MainConf) -> Vec<Stream> {
    let mut streams: Vec<Stream> = Vec::new();
    // The sessions of an SP end at all of its origins.
    for sp in main.sps.iter().map(Sites::first) {
        for idp in sp.idps.iter() {
            let Some(transmitter) = idp.transmitter() else { continue };
            let Some(poll) = &transmitter.poll else { continue };
            let (transmitter, idp) = (Rc::clone(transmitter), idp.name().to_owned());
            if let Some(stream) = streams.iter_mut().find(|stream| stream.idp == idp) {
                stream.sps.push(Rc::clone(sp));
                continue;
            }
            let name = format!("events of {idp} at {}", poll.url);
            let Some(slot) = main.board.and_then(|board| board.slot(&name)) else {
                no_slot(&idp);
                continue;
            };
            let (sps, is_busy) = (vec![Rc::clone(sp)], Cell::new(false));
            streams.push(Stream { idp, transmitter, sps, slot, is_busy });
        }
    }
    streams
}

/// Begins a turn, when it is time and no other worker is at it.
fn look(stream: &Rc<Stream>) {
    let Some(poll) = &stream.transmitter.poll else { return };
    let longest = Msec::from(poll.interval.max(FAILING.interval));
    let is_due = stream.slot.is_due(monotonic(), longest);
    if stream.is_busy.get() || !is_due || stream.is_awaited() {
        return;
    }
    let Some(lease) = stream.slot.lease(monotonic(), longest, LEASE) else { return };
    stream.is_busy.set(true);
    let stream = Rc::clone(stream);
    spawn(async move {
        if let Err(panic) = AssertUnwindSafe(stream.turn(lease)).catch_unwind().await {
            log_panic(&*panic);
        }
        stream.is_busy.set(false);
    })
    .detach();
}

impl Stream {
    /// Until there are keys and metadata nothing of it could be taken.
    fn is_awaited(&self) -> bool {
        let knows = |sp: &Rc<Sp>| {
            let idp = sp.idps.named(&self.idp);
            idp.is_some_and(|idp| {
                let keys = idp.transmitter().and_then(|transmitter| transmitter.keys());
                idp.current().is_some() && keys.is_some()
            })
        };
        !self.sps.iter().all(knows)
    }

    async fn turn(&self, lease: Lease) {
        let Some(poll) = &self.transmitter.poll else { return };
        let end = monotonic() + TURN;
        let polled = Polled { idp: &self.idp, poll, sps: &self.sps };
        let outcome = polled.turn(visit, || !is_exiting() && monotonic() < end).await;
        let dice = u32::from_le_bytes(random::bytes());
        match outcome {
            Ok(there_is_more) => {
                let schedule = Schedule { interval: poll.interval };
                let wait = match there_is_more {
                    true => AT_ONCE,
                    false => schedule.after_success(Staleness::default(), now(), dice),
                };
                // The one that would be next.
                let has_failed = self.slot.failures() > 1;
                self.slot.succeed(lease, false, monotonic(), wait);
                if has_failed {
                    self.again(poll);
                }
            }
            Err(why) => {
                let wait = FAILING.after_failure(self.slot.failures(), dice);
                if self.slot.fail(lease, &why, monotonic(), wait) {
                    self.failed(poll, &why);
                }
            }
        }
    }

    fn failed(&self, poll: &EventPoll, why: &str) {
        ngx_log_error!(
            NGX_LOG_ERR,
            ngx_cycle_log().as_ptr(),
            "saml: the security events of saml_idp \"{}\" cannot be polled from {}: {} (this line comes once \
             a day)",
            self.idp,
            poll.url,
            why
        );
    }

    fn again(&self, poll: &EventPoll) {
        ngx_log_error!(
            NGX_LOG_NOTICE,
            ngx_cycle_log().as_ptr(),
            "saml: the security events of saml_idp \"{}\" come again from {}",
            self.idp,
            poll.url
        );
    }
}

/// The visit that would have brought a token.
fn visit() -> Visit {
    Visit {
        head: Head::new("POST", ""),
        address: None,
        client: Client::of(None),
        now: now(),
        variables: Vec::new(),
        circumstances: Rc::new(Circumstances::new(random::id)),
        server: errand::server(),
    }
}

/// Reloads with ever other URLs have filled the board.
fn no_slot(idp: &str) {
    ngx_log_error!(
        NGX_LOG_ALERT,
        ngx_cycle_log().as_ptr(),
        "saml: the security events of saml_idp \"{}\" cannot be polled, nginx has had too many other URLs since \
         its start: restart it",
        idp
    );
}
