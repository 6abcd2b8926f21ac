//! The network and the timers, as the store knows them from nginx's event loop.
//!
//! Bytes are under way for a while that is the same in each direction. A connection that nobody accepts is refused
//! after the way there and back; from a silent node nothing comes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::{Rc, Weak};

use clock::Msec;
use futures_channel::oneshot;

use crate::node::{Node, State};
use crate::world;

thread_local! {
    static NETWORK: RefCell<Network> = RefCell::default();
}

/// Who is reached at which address, and how long that takes.
#[derive(Default)]
pub struct Network {
    /// The nodes by their names.
    pub nodes: HashMap<String, Rc<Node>>,
    /// One way, microseconds.
    pub way: u64,
}

impl Network {
    /// From now on this is the network.
    pub fn lay(self) {
        NETWORK.set(self);
    }
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
    start: u64,
    way: u64,
    callback: Callback,
    is_connected: Cell<bool>,
    /// Nobody has accepted it, or the node has died.
    is_lost: Cell<bool>,
    received: RefCell<Vec<u8>>,
    /// Arrived at a node that is silent.
    unheard: RefCell<Vec<u8>>,
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
        let (node, way) = NETWORK
            .with_borrow(|network| (network.nodes.get(address.name()).map(Rc::clone), network.way));
        let node = node.ok_or(ConnectionError::Refused)?;
        let wire = Rc::new_cyclic(|wire: &Weak<Wire>| {
            let called = Weak::clone(wire);
            Wire {
                start: node.start.get(),
                node,
                way,
                callback,
                is_connected: Cell::new(false),
                is_lost: Cell::new(false),
                received: RefCell::default(),
                unheard: RefCell::default(),
                is_called: Cell::new(false),
                alarm: Alarm::new(Rc::new(move || call(&called))),
            }
        });
        let connecting = Rc::downgrade(&wire);
        // By the kernel, of which a silent process knows nothing; a machine that is off is not told apart.
        world::after(2 * way, move || {
            let Some(wire) = connecting.upgrade() else { return };
            if wire.node.state.get() == State::Gone {
                wire.is_lost.set(true);
            } else {
                wire.node.connections.set(wire.node.connections.get() + 1);
                wire.is_connected.set(true);
            }
            (wire.callback)();
        });
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
        let (wire, sent) = (Rc::downgrade(&self.0), bytes.to_vec());
        world::after(self.0.way, move || {
            if let Some(wire) = wire.upgrade() {
                wire.unheard.borrow_mut().extend(sent);
                wire.hear();
            }
        });
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
        let node = &self.0.node;
        if self.0.is_connected.get() && !self.0.is_dead() {
            node.connections.set(node.connections.get() - 1);
        }
    }
}

impl Wire {
    fn is_dead(&self) -> bool {
        self.node.start.get() != self.start
    }

    /// The node takes what has arrived, and its reply is under way.
    fn hear(self: &Rc<Self>) {
        if self.is_dead() {
            return (self.callback)();
        }
        if self.node.state.get() != State::Up {
            return;
        }
        let reply = self.node.answer(&self.unheard.take());
        let wire = Rc::downgrade(self);
        world::after(self.way, move || {
            if let Some(wire) = wire.upgrade() {
                wire.received.borrow_mut().extend(reply);
                (wire.callback)();
            }
        });
    }
}

fn call(wire: &Weak<Wire>) {
    if let Some(wire) = wire.upgrade() {
        wire.is_called.set(false);
        (wire.callback)();
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
