//! Sessions, claims and tombstones in memcached: one pipelined connection from each worker to each
//! node, entries on as many nodes as configured.
//!
//! No node is trusted: values are sealed above, replies are bounded and checked below. A node that
//! fails is left alone until a probe succeeds, so that it costs requests its time once.

mod link;
mod node;
mod update;

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use ::memcached::{Command, Item, Key, KeyLetter, KeyPrefix, Question, Ring, Ttl};
pub use ::memcached::{Marked, Outcome};
use clock::{Msec, Seconds, UnixTime};
use session::allocation;
use zone::Kind;

pub use self::node::Asker;
use self::node::{Node, Pending};
pub use self::update::{Change, UpdateError};
use crate::clock::now;
use crate::event::{Address, Tls};

/// Writes of [`Memcached::put_many`] that are under way at a time.
const MANY_AT_ONCE: usize = 256;

/// The `memcached` settings of a store.
#[derive(Clone)]
pub struct Settings {
    /// Their names tell them apart, for all hosts alike.
    pub nodes: Vec<Address>,
    /// Nodes that hold each entry.
    pub replicas: usize,
    /// For a reply, connecting included.
    pub timeout: Msec,
    pub tls: Option<Rc<Tls>>,
    pub key_prefix: KeyPrefix,
}

/// A worker's client of one store. What has expired already is kept for
/// a second, since memcached cannot say less.
///
/// Commands are queued when a future is first polled. Dropping it only drops the reply.
pub struct Memcached {
    nodes: Vec<Rc<Node>>,
    ring: Ring,
    key_prefix: KeyPrefix,
}

/// Whether nodes that this worker holds for down are tried. Workers find that out each for itself, so
/// what one of them writes for all to see must not depend on it: else one writes to the first node
/// alone, and another reads the second.
#[derive(Clone, Copy)]
enum Effort {
    /// They are left alone: what many requests ask for must not wait.
    ByHealth,
    /// They are, once in a while.
    Insisting,
}

impl Effort {
    fn of(kind: Kind) -> Self {
        match kind {
            // Strangers can ask for these two.
            Kind::Unproven | Kind::Post => Self::ByHealth,
            Kind::Session => Self::ByHealth,
            // They stay on this host.
            Kind::Story | Kind::StoryPart => Self::ByHealth,
            Kind::Index | Kind::Replay | Kind::Tombstone | Kind::Order => Self::Insisting,
        }
    }

    /// Each worker asks for orders every second, and look-ups wait for it. One that a node has missed while this
    /// worker holds the others for down is heard of when they are up again, seconds later.
    fn of_reading(kind: Kind) -> Self {
        match kind {
            Kind::Order => Self::ByHealth,
            kind => Self::of(kind),
        }
    }

    fn send(self) -> SendTo {
        match self {
            Self::ByHealth => Node::send,
            Self::Insisting => Node::insist,
        }
    }
}

/// How a command is given to a node.
type SendTo = fn(&Node, Command) -> Pending;

/// A value found on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub value: Vec<u8>,
    /// How long it still lives; `None` = for ever.
    pub ttl: Option<Seconds>,
    /// What it is marked with; 0 = with nothing.
    pub mark: u32,
}

/// Those of one session, which are asked for its mark again and again.
pub struct Nodes {
    question: Question,
    nodes: Vec<Rc<Node>>,
}

impl Nodes {
    /// So many answers come.
    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// Bytes that it takes besides its own.
    pub fn size(&self) -> usize {
        let nodes = self.nodes.capacity() * size_of::<Rc<Node>>();
        allocation(self.question.as_text().len()) + allocation(nodes)
    }

    /// Asks all of them. The asker hears from each, or that it does not answer; that may be at once.
    pub fn ask(&self, asker: &Rc<dyn Asker>) {
        for node in &self.nodes {
            node.ask(&self.question, Rc::clone(asker));
        }
    }
}

/// None of an entry's nodes did what was asked; the log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no memcached node of the entry answers")
    }
}

impl std::error::Error for Unavailable {}

impl Memcached {
    /// Connects at first use.
    pub fn new(settings: Settings) -> Rc<Self> {
        let names = settings.nodes.iter().map(|address| address.name().to_owned()).collect();
        let nodes = settings.nodes.into_iter();
        let check = Command::check_cas(Key::new(&settings.key_prefix, CAS_CHECK, &[0; 32]));
        let nodes = nodes.map(|address| {
            Node::new(address, settings.tls.clone(), settings.timeout, check.clone())
        });
        Rc::new(Self {
            nodes: nodes.collect(),
            ring: Ring::new(names, settings.replicas),
            key_prefix: settings.key_prefix,
        })
    }

    /// The address of each node, and whether this worker holds it for up. Those that are asked now say so the next
    /// time.
    pub fn states(&self) -> impl Iterator<Item = (&str, bool)> {
        self.nodes.iter().map(|node| {
            node.look();
            (node.name(), node.is_up())
        })
    }

    /// Asks all nodes of the entry at once: what each of them has that answered, in the ring's
    /// order.
    ///
    /// # Errors
    /// None answered.
    pub async fn get(&self, kind: Kind, id: &[u8; 32]) -> Result<Vec<Option<Stored>>, Unavailable> {
        let key = self.key(kind, id);
        let mut answers = Vec::new();
        for reply in self.send_to_all(id, &Command::get(key), Effort::of_reading(kind)) {
            match reply.outcome().await {
                Some(Outcome::Item(Item { value, ttl, mark, .. })) => {
                    answers.push(Some(Stored { value, ttl, mark }));
                }
                Some(Outcome::Miss) => answers.push(None),
                _ => {}
            }
        }
        if answers.is_empty() { Err(Unavailable) } else { Ok(answers) }
    }

    /// Those of a session.
    pub fn nodes_of_session(&self, id: &[u8; 32]) -> Nodes {
        let question = Question::check(self.key(Kind::Session, id));
        Nodes { question, nodes: self.nodes_of(id).map(Rc::clone).collect() }
    }

    /// Adds the entry on the nodes that miss it. Nobody waits for it, and nobody is told.
    pub fn repair(&self, kind: Kind, id: &[u8; 32], value: &[u8], expires: UnixTime) {
        let mark = mark(kind, value);
        let add = Command::add(self.key(kind, id), value, ttl(expires)).marked(mark);
        drop(self.send_to_all(id, &add, Effort::ByHealth));
    }

    /// Stores the entry on all its nodes that are up; claims, tombstones and session sets on all that
    /// can be reached.
    ///
    /// # Errors
    /// None stored it.
    pub async fn put(
        &self,
        kind: Kind,
        id: &[u8; 32],
        value: Vec<u8>,
        expires: UnixTime,
    ) -> Result<(), Unavailable> {
        one_did(self.start_put(kind, id, value, expires, Effort::of(kind))).await
    }

    /// Stores an entry that nobody else makes on all its nodes that are up; `false` = at one of them something has taken
    /// its place before it came.
    ///
    /// # Errors
    /// None stored it.
    pub async fn begin(
        &self,
        kind: Kind,
        id: &[u8; 32],
        value: Vec<u8>,
        expires: UnixTime,
    ) -> Result<bool, Unavailable> {
        let mark = mark(kind, &value);
        let add = Command::add(self.key(kind, id), value, ttl(expires)).marked(mark);
        let (mut is_stored, mut is_taken) = (false, false);
        for reply in self.send_to_all(id, &add, Effort::of(kind)) {
            match reply.outcome().await {
                Some(Outcome::Done) => is_stored = true,
                Some(Outcome::NotStored) => is_taken = true,
                _ => {}
            }
        }
        if is_stored || is_taken { Ok(!is_taken) } else { Err(Unavailable) }
    }

    /// Stores many entries on all of their nodes that can be reached, some hundred at a time.
    ///
    /// # Errors
    /// One of them at least was not stored; the others were, if at all possible.
    pub async fn put_many(
        &self,
        kind: Kind,
        entries: impl IntoIterator<Item = ([u8; 32], Vec<u8>, UnixTime)>,
    ) -> Result<(), Unavailable> {
        let mut all = Ok(());
        let mut under_way = VecDeque::new();
        for (id, value, expires) in entries {
            if under_way.len() >= MANY_AT_ONCE
                && let Some(oldest) = under_way.pop_front()
            {
                all = all.and(one_did(oldest).await);
            }
            under_way.push_back(self.start_put(kind, &id, value, expires, Effort::Insisting));
        }
        for replies in under_way {
            all = all.and(one_did(replies).await);
        }
        all
    }

    /// Claims the key for one caller on all workers and hosts; `false` = somebody has it. Its nodes
    /// are asked in the ring's order, so that all claimants meet at the same one; those that this
    /// worker holds for down, too, for another one may not. Two can claim the key only when no node of
    /// it can be reached by both.
    ///
    /// # Errors
    /// None stored it and none has it. The caller may not take it for claimed.
    pub async fn add(
        &self,
        kind: Kind,
        id: &[u8; 32],
        value: Vec<u8>,
        expires: UnixTime,
    ) -> Result<bool, Unavailable> {
        let command = Command::add(self.key(kind, id), value, ttl(expires));
        let mut stored = false;
        for node in self.nodes_of(id) {
            match node.insist(command.clone()).outcome().await {
                Some(Outcome::Done) => stored = true,
                Some(Outcome::NotStored) => return Ok(false),
                _ => {}
            }
        }
        if stored { Ok(true) } else { Err(Unavailable) }
    }

    /// Moves the expiry of the entry where there is one.
    ///
    /// # Errors
    /// None answered.
    pub async fn touch(
        &self,
        kind: Kind,
        id: &[u8; 32],
        expires: UnixTime,
    ) -> Result<(), Unavailable> {
        let touch = Command::touch(self.key(kind, id), ttl(expires));
        one_did(self.send_to_all(id, &touch, Effort::ByHealth)).await
    }

    fn start_put(
        &self,
        kind: Kind,
        id: &[u8; 32],
        value: Vec<u8>,
        expires: UnixTime,
        effort: Effort,
    ) -> Vec<Pending> {
        let mark = mark(kind, &value);
        let put = Command::put(self.key(kind, id), value, ttl(expires)).marked(mark);
        self.send_to_all(id, &put, effort)
    }

    fn send_to_all(&self, id: &[u8; 32], command: &Command, effort: Effort) -> Vec<Pending> {
        let send = effort.send();
        self.nodes_of(id).map(|node| send(node, command.clone())).collect()
    }

    fn nodes_of(&self, id: &[u8; 32]) -> impl Iterator<Item = &Rc<Node>> {
        self.ring.replicas(id).into_iter().filter_map(|place| self.nodes.get(place))
    }

    fn key(&self, kind: Kind, id: &[u8; 32]) -> Key {
        Key::new(&self.key_prefix, letter(kind), id)
    }
}

/// Waits for all replies; one that says done, or that there is nothing to do, is enough.
async fn one_did(replies: Vec<Pending>) -> Result<(), Unavailable> {
    let mut result = Err(Unavailable);
    for reply in replies {
        if let Some(Outcome::Done | Outcome::NotFound | Outcome::Miss) = reply.outcome().await {
            result = Ok(());
        }
    }
    result
}

/// What nodes tell of a value without sending it.
fn mark(kind: Kind, value: &[u8]) -> u32 {
    if kind == Kind::Session { session::mark(value) } else { 0 }
}

fn ttl(expires: UnixTime) -> Ttl {
    Ttl::until(expires, now())
}

/// No entry's: nodes are asked for it whether they compare and swap.
const CAS_CHECK: KeyLetter = KeyLetter::new('c');

fn letter(kind: Kind) -> KeyLetter {
    const SESSION: KeyLetter = KeyLetter::new('s');
    const INDEX: KeyLetter = KeyLetter::new('i');
    const REPLAY: KeyLetter = KeyLetter::new('r');
    const TOMBSTONE: KeyLetter = KeyLetter::new('t');
    const UNPROVEN: KeyLetter = KeyLetter::new('u');
    const POST: KeyLetter = KeyLetter::new('p');
    const ORDER: KeyLetter = KeyLetter::new('o');
    // Nobody sends them: they stay on this host.
    const STORY: KeyLetter = KeyLetter::new('d');
    match kind {
        Kind::Session => SESSION,
        Kind::Index => INDEX,
        Kind::Replay => REPLAY,
        Kind::Tombstone => TOMBSTONE,
        Kind::Unproven => UNPROVEN,
        Kind::Post => POST,
        Kind::Order => ORDER,
        Kind::Story | Kind::StoryPart => STORY,
    }
}
