//! Read, change, write back if nobody else did meanwhile.

use std::fmt;

use ::memcached::{Command, Item, Key, Outcome};
use clock::{Msec, UnixTime};
use zone::Kind;

use super::node::Node;
use super::{Effort, Memcached, SendTo, Unavailable, ttl};
use crate::event::pause;
use sp::random;

/// Rounds after which an entry is given up on. Each lost round is one that somebody else won.
const ROUNDS: u32 = 24;
/// The longest pause before the next round, for each round lost.
const PAUSE: Msec = Msec(4);

/// What becomes of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It stays as it is.
    Keep,
    /// It is replaced, or made.
    Put { value: Vec<u8>, expires: UnixTime },
    /// It goes.
    Delete,
}

/// Why an entry may not have been changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateError {
    /// None of its nodes answers.
    Unavailable,
    /// Others changed it each time between reading and writing.
    Conflict,
}

impl fmt::Display for UpdateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable => Unavailable.fmt(f),
            Self::Conflict => f.write_str("a memcached entry changes all the time"),
        }
    }
}

impl std::error::Error for UpdateError {}

/// What became of an entry on one node.
enum Round {
    Done,
    Lost,
    Unavailable,
}

impl Memcached {
    /// Changes the entry on each of its nodes that answers, from what that node has. `change` may be
    /// called several times, for each node and each round.
    ///
    /// # Errors
    /// No node answers, or one could not be changed for others changed it.
    pub async fn update(
        &self,
        kind: Kind,
        id: &[u8; 32],
        mut change: impl FnMut(Option<&[u8]>) -> Change,
    ) -> Result<(), UpdateError> {
        let (key, send) = (self.key(kind, id), Effort::of(kind).send());
        let mut result = Err(UpdateError::Unavailable);
        for node in self.nodes_of(id) {
            match update_node(node, send, &key, &mut change).await {
                Ok(()) => result = Ok(()),
                Err(UpdateError::Unavailable) => {}
                Err(UpdateError::Conflict) => return Err(UpdateError::Conflict),
            }
        }
        result
    }
}

async fn update_node(
    node: &Node,
    send: SendTo,
    key: &Key,
    change: &mut impl FnMut(Option<&[u8]>) -> Change,
) -> Result<(), UpdateError> {
    for round in 1..=ROUNDS {
        match update_once(node, send, key, change).await {
            Round::Done => return Ok(()),
            Round::Unavailable => return Err(UpdateError::Unavailable),
            Round::Lost => pause(jitter(round)).await,
        }
    }
    Err(UpdateError::Conflict)
}

async fn update_once(
    node: &Node,
    send: SendTo,
    key: &Key,
    change: &mut impl FnMut(Option<&[u8]>) -> Change,
) -> Round {
    let item = match send(node, Command::get_for_update(key.clone())).outcome().await {
        Some(Outcome::Item(item)) if item.has_cas() => Some(item),
        Some(Outcome::Item(_)) => {
            node.found_without_cas();
            return Round::Unavailable;
        }
        Some(Outcome::Miss) => None,
        _ => return Round::Unavailable,
    };
    let Some(command) = command(key, item, change) else { return Round::Done };
    match send(node, command).outcome().await {
        Some(Outcome::Done) => Round::Done,
        Some(Outcome::Changed | Outcome::NotFound | Outcome::NotStored) => Round::Lost,
        _ => Round::Unavailable,
    }
}

/// `None` = nothing to do.
fn command(
    key: &Key,
    item: Option<Item>,
    change: &mut impl FnMut(Option<&[u8]>) -> Change,
) -> Option<Command> {
    let key = key.clone();
    let change = change(item.as_ref().map(|item| item.value.as_slice()));
    // Asked for with each get; 0 is no item's, so that without it nothing would be overwritten.
    let cas = item.map(|item| item.cas.unwrap_or(0));
    match (change, cas) {
        (Change::Keep, _) | (Change::Delete, None) => None,
        (Change::Put { value, expires }, Some(cas)) => {
            Some(Command::swap(key, value, ttl(expires), cas))
        }
        (Change::Put { value, expires }, None) => Some(Command::add(key, value, ttl(expires))),
        (Change::Delete, Some(cas)) => Some(Command::delete_unchanged(key, cas)),
    }
}

fn jitter(round: u32) -> Msec {
    let longest = PAUSE * round.into();
    Msec(u64::from_ne_bytes(random::bytes()) % longest.0 + 1)
}
