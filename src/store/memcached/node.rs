//! One memcached node as this worker knows it: the link to it, and whether it is worth asking.

use std::cell::{Cell, RefCell};
use std::mem;
use std::rc::{Rc, Weak};

use ::memcached::{Command, Health, Outcome, PushError, Question, State};
use clock::{Monotonic, Msec};
use futures_channel::oneshot;
use nginx_sys::{NGX_LOG_CRIT, NGX_LOG_ERR, NGX_LOG_WARN};
use ngx::log::ngx_cycle_log;
use ngx::ngx_log_error;

use super::link::{Link, LinkError, Target};
use crate::clock::monotonic;
use crate::event::{Address, Callback, Patience, Timer, Tls, is_exiting};
use sp::random;

/// Between two log lines about single commands.
const COMPLAINT: Msec = Msec(10_000);

pub struct Node {
    address: Address,
    tls: Option<Rc<Tls>>,
    /// From sending a command to its reply.
    timeout: Msec,
    link: RefCell<Link<Ticket>>,
    health: RefCell<Health>,
    probe: Timer,
    callback: Callback,
    last_complaint: Cell<Option<Monotonic>>,
    /// Its items have no CAS values. Then this asks whether that has changed.
    lacks_cas: Cell<bool>,
    check_cas: Command,
}

/// Who waits for a reply.
enum Ticket {
    Request(oneshot::Sender<Outcome>),
    Question(Asking),
    Probe,
}

/// Who is told the reply in the turn of the loop in which it comes. Nothing may be asked of a node then, whose link
/// may be in use.
pub trait Asker {
    /// What the node answered; `None` = it did not, or was not asked. It comes once for each question.
    fn answered(&self, outcome: Option<&Outcome>);
}

/// An asker that waits: it is told in any case.
struct Asking(Option<Rc<dyn Asker>>);

impl Asking {
    fn tell(&mut self, outcome: Option<&Outcome>) {
        if let Some(asker) = self.0.take() {
            asker.answered(outcome);
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.tell(None);
    }
}

/// A command on its way.
#[must_use]
pub struct Pending(oneshot::Receiver<Outcome>);

impl Pending {
    /// What the node answered; `None` = it did not, or was not asked.
    pub async fn outcome(self) -> Option<Outcome> {
        self.0.await.ok()
    }
}

impl Node {
    pub fn new(
        address: Address,
        tls: Option<Rc<Tls>>,
        timeout: Msec,
        check_cas: Command,
    ) -> Rc<Self> {
        Rc::new_cyclic(|node: &Weak<Self>| Self {
            address,
            tls,
            timeout,
            link: RefCell::default(),
            health: RefCell::default(),
            probe: Timer::new(Patience::Cancelable, callback(node, Self::send_probe)),
            callback: callback(node, Self::on_event),
            last_complaint: Cell::new(None),
            lacks_cas: Cell::new(false),
            check_cas,
        })
    }

    /// Its address, as written.
    pub fn name(&self) -> &str {
        self.address.name()
    }

    pub fn is_up(&self) -> bool {
        self.health.borrow().is_up()
    }

    /// Asks it something, so that its health is as of now. A node that is down is asked by itself.
    pub fn look(&self) {
        drop(self.send(self.check_cas.clone()));
    }

    /// Queues a command, unless the node is down.
    pub fn send(&self, command: Command) -> Pending {
        let (sender, receiver) = oneshot::channel();
        if self.health.borrow().is_up() {
            self.push(command, Ticket::Request(sender));
        }
        Pending(receiver)
    }

    /// The same for a question whose text is at hand.
    pub fn ask(&self, question: &Question, asker: Rc<dyn Asker>) {
        let ticket = Ticket::Question(Asking(Some(asker)));
        if self.health.borrow().is_up() {
            self.queue(|link, deadline| link.ask(question, deadline, ticket));
        }
    }

    /// As [`Node::send`], but a node that is only held for down is tried: others may not hold it for
    /// down.
    pub fn insist(&self, command: Command) -> Pending {
        let (sender, receiver) = oneshot::channel();
        let may_be_tried = self.health.borrow().may_be_tried(monotonic(), self.timeout);
        if may_be_tried && !self.lacks_cas.get() {
            self.push(command, Ticket::Request(sender));
        }
        Pending(receiver)
    }

    /// An item that came without the CAS value that was asked for: several hosts would lose each
    /// other's changes, so it counts as down until it is started otherwise.
    pub fn found_without_cas(&self) {
        if !self.lacks_cas.replace(true) {
            self.mark_down(
                NGX_LOG_CRIT,
                "it runs without compare-and-swap, by which hosts keep each other's changes; start \
                 it without -C (--disable-cas)",
            );
        }
    }

    fn push(&self, command: Command, ticket: Ticket) {
        self.queue(|link, deadline| link.push(command, deadline, ticket));
    }

    fn queue(&self, push: impl FnOnce(&mut Link<Ticket>, Monotonic) -> Result<(), PushError>) {
        let now = monotonic();
        let target = Target {
            address: &self.address,
            tls: self.tls.as_ref(),
            quiet: !self.health.borrow().is_up(),
            callback: &self.callback,
        };
        let mut link = self.link.borrow_mut();
        if let Err(error) = push(&mut link, now + self.timeout) {
            return self.complain(&error.to_string());
        }
        if let Err(error) = link.start(&target, now) {
            let lost = mem::take(&mut *link);
            drop(link);
            drop(self.disconnected(lost, &error));
        }
    }

    /// Something happened on the connection.
    fn on_event(&self) {
        let mut answered = Vec::new();
        let mut link = self.link.borrow_mut();
        let lost = link.progress(monotonic(), &mut answered).err().map(|error| {
            let link = mem::take(&mut *link);
            (link, error)
        });
        drop(link);
        // Nothing is borrowed any more: `answer` runs the task that waits for the reply, which may
        // ask again at once.
        let lost = lost.map(|(link, error)| self.disconnected(link, &error));
        for (ticket, outcome) in answered {
            self.answer(ticket, outcome);
        }
        drop(lost);
    }

    fn answer(&self, ticket: Ticket, outcome: Outcome) {
        if let Outcome::Failed(words) = &outcome {
            self.complain(words);
        }
        match (ticket, outcome) {
            (Ticket::Request(sender), outcome) => {
                self.has_answered(&outcome);
                // Its request may have gone.
                let _ = sender.send(outcome);
            }
            (Ticket::Question(mut asking), outcome) => {
                self.has_answered(&outcome);
                asking.tell(Some(&outcome));
            }
            (Ticket::Probe, Outcome::Alive) if !self.lacks_cas.get() => self.mark_up(),
            (Ticket::Probe, Outcome::Item(item)) if item.has_cas() => {
                self.lacks_cas.set(false);
                self.mark_up();
            }
            (Ticket::Probe, _) => {
                self.mark_down(NGX_LOG_ERR, "it does not answer probes as it should");
            }
        }
    }

    fn has_answered(&self, outcome: &Outcome) {
        if !matches!(outcome, Outcome::Failed(_)) && !self.lacks_cas.get() {
            self.mark_up();
        }
    }

    /// The connection is gone. Whoever waits is told when the link is dropped.
    fn disconnected(&self, link: Link<Ticket>, error: &LinkError) -> Link<Ticket> {
        if matches!(error, LinkError::TimedOut { .. }) {
            self.health.borrow_mut().waited(monotonic());
        }
        if link.waiting() > 0 {
            self.mark_down(NGX_LOG_ERR, &error.to_string());
        }
        link
    }

    fn mark_down(&self, level: u32, reason: &str) {
        let now = monotonic();
        let mut health = self.health.borrow_mut();
        // Its probe comes when it would have come.
        if let State::Down { .. } = health.state() {
            return;
        }
        if health.failed(now, u32::from_ne_bytes(random::bytes())) {
            let name = self.address.name();
            ngx_log_error!(
                level,
                ngx_cycle_log().as_ptr(),
                "saml: memcached {name} is down: {reason}"
            );
        }
        if let State::Down { probe_at } = health.state() {
            self.probe.start(probe_at - now);
        }
    }

    fn mark_up(&self) {
        if self.health.borrow_mut().succeeded() {
            let name = self.address.name();
            ngx_log_error!(
                NGX_LOG_WARN,
                ngx_cycle_log().as_ptr(),
                "saml: memcached {name} is up again"
            );
        }
    }

    /// Asks for a sign of life, as nobody else may.
    fn send_probe(&self) {
        if !is_exiting() && self.health.borrow_mut().take_probe(monotonic()) {
            let probe = if self.lacks_cas.get() { self.check_cas.clone() } else { Command::noop() };
            self.push(probe, Ticket::Probe);
        }
    }

    /// Logs what concerns single commands, now and then.
    fn complain(&self, words: &str) {
        let now = monotonic();
        if self.last_complaint.get().is_some_and(|last| now - last < COMPLAINT) {
            return;
        }
        self.last_complaint.set(Some(now));
        let name = self.address.name();
        ngx_log_error!(
            NGX_LOG_ERR,
            ngx_cycle_log().as_ptr(),
            "saml: memcached {name} failed a command: {words}"
        );
    }
}

/// Calls the node, if it is still there.
fn callback(node: &Weak<Node>, what: fn(&Node)) -> Callback {
    let node = Weak::clone(node);
    Rc::new(move || {
        if let Some(node) = node.upgrade() {
            what(&node);
        }
    })
}
