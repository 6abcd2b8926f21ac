//! The network and the timers, as the store knows them from nginx's event loop.
//!
//! Bytes are under way for a while; those of one connection in each direction arrive in their order. A connection that
//! nobody accepts is refused after the way there and back; from a silent node nothing comes. What a host has written
//! arrives though the host has closed the connection since: a command may be carried out long after nobody waits for it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::{Rc, Weak};

use clock::Msec;
use futures_channel::oneshot;

use crate::node::{Node, State};
use crate::path::{Path, Way};
use crate::turns;
use crate::world;

thread_local! {
    static NETWORK: RefCell<Network> = RefCell::default();
}

/// Who is reached at which address, and how long that takes.
#[derive(Default)]
pub struct Network {
    /// The nodes by their names.
    pub nodes: HashMap<String, Rc<Node>>,
    /// One way at least, microseconds.
    pub way: u64,
    /// So much longer it takes at most.
    pub jitter: u64,
    /// Those that were asked for, by host and node.
    pub paths: HashMap<(usize, String), Rc<Path>>,
}

impl Network {
    /// From now on this is the network.
    pub fn lay(self) {
        NETWORK.set(self);
    }
}

/// That from a host to a node.
pub fn path(host: usize, node: &str) -> Rc<Path> {
    NETWORK.with_borrow_mut(|network| {
        Rc::clone(network.paths.entry((host, node.to_owned())).or_default())
    })
}

/// How long some bytes are under way.
fn way() -> u64 {
    let (way, jitter) = NETWORK.with_borrow(|network| (network.way, network.jitter));
    if jitter == 0 { way } else { way + world::chance(|rng| rng.u64(..=jitter)) }
}

/// What an event calls.
pub type Callback = Rc<dyn Fn()>;

/// No worker ends.
pub fn is_exiting() -> bool {
    false
}

/// A node's name.
#[derive(Clone)]
pub struct Address(pub String);

impl Address {
    /// As configured.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// There is none: it would change bytes, and not who asks whom.
pub struct Tls;

/// Why a connection ended.
#[derive(Debug)]
pub enum ConnectionError {
    /// Nobody accepts it.
    Refused,
    /// The node's process has died.
    Closed,
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "connecting failed: refused",
            Self::Closed => "it closed the connection",
        })
    }
}

/// One connection to a node.
pub struct Connection(Rc<Wire>);

struct Wire {
    node: Rc<Node>,
    /// The node's start that it belongs to.
    start: Cell<u64>,
    path: Rc<Path>,
    callback: Callback,
    is_connected: Cell<bool>,
    /// Nobody has accepted it.
    is_lost: Cell<bool>,
    /// It was reset.
    is_broken: Cell<bool>,
    /// Its host has closed it.
    is_closed: Cell<bool>,
    received: RefCell<Vec<u8>>,
    /// When the last bytes arrive that are under way, there and back.
    there: Cell<u64>,
    back: Cell<u64>,
    is_called: Cell<bool>,
    alarm: Alarm,
}

impl Connection {
    /// Begins to connect.
    ///
    /// # Errors
    /// None; as nginx's, it is refused later.
    pub fn open(
        address: &Address,
        _: Option<&Rc<Tls>>,
        _: &str,
        _: bool,
        callback: Callback,
    ) -> Result<Self, ConnectionError> {
        let node = NETWORK.with_borrow(|all| all.nodes.get(address.name()).map(Rc::clone));
        let node = node.ok_or(ConnectionError::Refused)?;
        let wire = Rc::new_cyclic(|wire: &Weak<Wire>| {
            let called = Weak::clone(wire);
            Wire {
                start: Cell::new(node.start.get()),
                path: path(world::host(), address.name()),
                node,
                callback,
                is_connected: Cell::new(false),
                is_lost: Cell::new(false),
                is_broken: Cell::new(false),
                is_closed: Cell::new(false),
                received: RefCell::default(),
                there: Cell::new(0),
                back: Cell::new(0),
                is_called: Cell::new(false),
                alarm: Alarm::new(Rc::new(move || call(&called))),
            }
        });
        let connecting = Rc::clone(&wire);
        let span = if turns::are_given() { 0 } else { way() + way() };
        world::after(span, move || connecting.connect());
        Ok(Self(wire))
    }

    /// True once it can be used.
    ///
    /// # Errors
    /// It was refused.
    pub fn advance(&mut self) -> Result<bool, ConnectionError> {
        if self.0.is_lost.get() && !self.0.is_connected.get() {
            return Err(ConnectionError::Refused);
        }
        Ok(self.0.is_connected.get())
    }

    /// Some bytes; `None` = none yet.
    ///
    /// # Errors
    /// The node has died.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, ConnectionError> {
        let mut received = self.0.received.borrow_mut();
        let count = received.len().min(buffer.len());
        if count == 0 {
            return if self.0.is_dead() { Err(ConnectionError::Closed) } else { Ok(None) };
        }
        buffer[..count].copy_from_slice(&received[..count]);
        received.drain(..count);
        Ok(Some(count))
    }

    /// All of the bytes are taken.
    ///
    /// # Errors
    /// The node has died.
    pub fn write(&mut self, bytes: &[u8]) -> Result<Option<usize>, ConnectionError> {
        if self.0.is_dead() {
            return Err(ConnectionError::Closed);
        }
        let (wire, sent) = (Rc::clone(&self.0), bytes.to_vec());
        let deliver = move || wire.hear(sent);
        if turns::are_given() {
            turns::wait(&self.0.node.name, deliver);
        } else {
            let at = (world::micros() + way()).max(self.0.there.get());
            self.0.there.set(at);
            world::after(at - world::micros(), deliver);
        }
        Ok(Some(bytes.len()))
    }

    /// Calls the owner back when all that is to happen now has.
    pub fn call_back_soon(&self) {
        if self.0.is_connected.get() && !self.0.is_called.replace(true) {
            let wire = Rc::downgrade(&self.0);
            world::after(0, move || call(&wire));
        }
    }

    /// Somebody waits.
    pub fn wait(&mut self, span: Msec) {
        self.0.alarm.start(span);
    }

    /// Nobody waits.
    pub fn rest(&mut self, span: Msec) {
        self.0.alarm.start(span);
    }

    /// True once after the timer went off.
    pub fn take_timeout(&mut self) -> bool {
        self.0.alarm.0.went_off.replace(false)
    }

    /// See [`Tls`].
    pub fn has_tls(&self) -> bool {
        false
    }

    /// No worker ends.
    pub fn must_close(&self) -> bool {
        false
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.is_closed.set(true);
        let node = &self.0.node;
        if self.0.is_connected.get() && node.start.get() == self.0.start.get() {
            node.connections.set(node.connections.get() - 1);
        }
    }
}

impl Wire {
    fn is_dead(&self) -> bool {
        self.node.start.get() != self.start.get() || self.is_broken.get()
    }

    /// By the kernel, of which a silent process knows nothing; a machine that is off is not told apart.
    fn connect(self: Rc<Self>) {
        if self.path.way() == Way::Cut {
            let path = Rc::clone(&self.path);
            return path.hold(move || self.connect());
        }
        if self.is_closed.get() {
            return;
        }
        if self.node.state.get() == State::Gone {
            self.is_lost.set(true);
        } else {
            self.node.connections.set(self.node.connections.get() + 1);
            self.start.set(self.node.start.get());
            self.is_connected.set(true);
            let wire = Rc::downgrade(&self);
            self.node.when_dead(move || {
                let way = if turns::are_given() { 0 } else { way() };
                world::after(way, move || {
                    if let Some(wire) = wire.upgrade() {
                        wire.end();
                    }
                });
            });
        }
        self.call();
    }

    /// The news of the end of the node's process has come to the host.
    fn end(self: Rc<Self>) {
        if matches!(self.path.way(), Way::Cut | Way::Deaf) {
            let path = Rc::clone(&self.path);
            return path.hold(move || self.end());
        }
        self.call();
    }

    /// Bytes have come to the node, which takes them, and its reply is under way.
    fn hear(self: Rc<Self>, bytes: Vec<u8>) {
        if self.path.way() == Way::Cut {
            let path = Rc::clone(&self.path);
            return path.hold(move || self.hear(bytes));
        }
        if self.is_dead() {
            return self.call();
        }
        if self.node.state.get() != State::Up {
            let node = Rc::clone(&self.node);
            return node.put_off(move || self.hear(bytes));
        }
        let reply = self.node.answer(&bytes);
        if self.path.way() == Way::Breaking {
            self.is_broken.set(true);
            return self.call();
        }
        if turns::are_given() {
            return self.receive(reply);
        }
        let (piece, pause) = match self.path.way() {
            Way::Dripping(pause) => (PIECE, pause),
            _ => (reply.len().max(1), 0),
        };
        let mut at = (world::micros() + way()).max(self.back.get());
        for piece in reply.chunks(piece) {
            let (wire, piece) = (Rc::clone(&self), piece.to_vec());
            world::after(at - world::micros(), move || wire.receive(piece));
            self.back.set(at);
            at += pause;
        }
    }

    /// Some of a reply has come to the host.
    fn receive(self: Rc<Self>, bytes: Vec<u8>) {
        if matches!(self.path.way(), Way::Cut | Way::Deaf) {
            let path = Rc::clone(&self.path);
            return path.hold(move || self.receive(bytes));
        }
        self.received.borrow_mut().extend(bytes);
        self.call();
    }

    fn call(&self) {
        if !self.is_closed.get() {
            (self.callback)();
        }
    }
}

/// Bytes that come at a time where replies drip.
const PIECE: usize = 16;

fn call(wire: &Weak<Wire>) {
    if let Some(wire) = wire.upgrade() {
        wire.is_called.set(false);
        wire.call();
    }
}

/// One event for many settings of the same timer.
struct Alarm(Rc<AlarmState>);

struct AlarmState {
    callback: Callback,
    due: Cell<Option<u64>>,
    /// When it is next looked at.
    looked_at: Cell<u64>,
    went_off: Cell<bool>,
}

impl Alarm {
    fn new(callback: Callback) -> Self {
        Self(Rc::new(AlarmState {
            callback,
            due: Cell::new(None),
            looked_at: Cell::new(u64::MAX),
            went_off: Cell::new(false),
        }))
    }

    fn start(&self, span: Msec) {
        let due = world::micros() + span.0 * 1000;
        self.0.due.set(Some(due));
        if due < self.0.looked_at.get() {
            look_at(&self.0, due);
        }
    }

    fn stop(&self) {
        self.0.due.set(None);
    }
}

fn look_at(alarm: &Rc<AlarmState>, at: u64) {
    alarm.looked_at.set(at);
    let state = Rc::downgrade(alarm);
    world::after(at.saturating_sub(world::micros()), move || {
        let Some(alarm) = state.upgrade() else { return };
        if alarm.looked_at.get() != at {
            return;
        }
        alarm.looked_at.set(u64::MAX);
        match alarm.due.get() {
            Some(due) if due > world::micros() => look_at(&alarm, due),
            Some(_) => {
                alarm.due.set(None);
                alarm.went_off.set(true);
                (alarm.callback)();
            }
            None => {}
        }
    });
}

/// Calls back once, later. Dropped, it never does.
pub struct Timer(Alarm);

/// Whether a worker that ends waits for a timer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Somebody waits for it.
    Waited,
    /// It may be forgotten.
    Cancelable,
}

impl Timer {
    /// Not running yet.
    pub fn new(_: Patience, callback: Callback) -> Self {
        Self(Alarm::new(callback))
    }

    /// Calls back after `span`.
    pub fn start(&self, span: Msec) {
        self.0.stop();
        self.0.start(span);
    }
}

/// Waits.
pub async fn pause(span: Msec) {
    let (sender, done) = oneshot::channel();
    world::after(span.0 * 1000, move || {
        let _ = sender.send(());
    });
    let _ = done.await;
}
