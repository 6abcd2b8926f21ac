//! The commands this store has for memcached.

use memcache::exp::{MetaCommand, MetaOp};

use crate::key::Key;
use crate::ttl::Ttl;

/// One command. [`Pipeline`](crate::Pipeline) gives it the opaque token that its reply must bear.
#[derive(Clone, Debug)]
pub struct Command {
    pub(crate) meta: MetaCommand,
    pub(crate) value_len: usize,
}

impl Command {
    /// The value, its remaining life and its mark: `Item`, or `Miss`.
    pub fn get(key: Key) -> Self {
        Self::plain(MetaOp::Get, key).flag("v").flag("t").flag("f")
    }

    /// The mark of the value and its remaining life: `Marked`, or `Miss`.
    pub fn check(key: Key) -> Self {
        Self::plain(MetaOp::Get, key).flag("f").flag("t")
    }

    /// As `get`, with what [`Command::swap`] and [`Command::delete_unchanged`] compare.
    pub fn get_for_update(key: Key) -> Self {
        Self::get(key).flag("c")
    }

    /// Stores the value over what is there: `Done`.
    pub fn put(key: Key, value: impl Into<Vec<u8>>, ttl: Ttl) -> Self {
        Self::with_value(key, value.into()).flag(ttl.flag())
    }

    /// Stores the value where there is none: `Done`, or `NotStored`.
    pub fn add(key: Key, value: impl Into<Vec<u8>>, ttl: Ttl) -> Self {
        Self::put(key, value, ttl).flag("ME")
    }

    /// Stores the value over the one that `cas` was read with: `Done`, `Changed` or `NotFound`.
    pub fn swap(key: Key, value: impl Into<Vec<u8>>, ttl: Ttl, cas: u64) -> Self {
        Self::put(key, value, ttl).flag(format!("C{cas}"))
    }

    /// The same command, whose value bears a mark: memcached's client flags. 0 is none.
    pub fn marked(self, mark: u32) -> Self {
        if mark == 0 { self } else { self.flag(format!("F{mark}")) }
    }

    /// `Done`, or `NotFound`.
    pub fn delete(key: Key) -> Self {
        Self::plain(MetaOp::Delete, key)
    }

    /// Deletes what `cas` was read with: `Done`, `Changed` or `NotFound`.
    pub fn delete_unchanged(key: Key, cas: u64) -> Self {
        Self::delete(key).flag(format!("C{cas}"))
    }

    /// Moves the expiry: `Done`, or `Miss`.
    pub fn touch(key: Key, ttl: Ttl) -> Self {
        Self::plain(MetaOp::Get, key).flag(ttl.flag())
    }

    /// Asks for a sign of life: `Alive`.
    pub fn noop() -> Self {
        Self { meta: MetaCommand::new(MetaOp::Noop, Vec::new()), value_len: 0 }
    }

    /// Asks whether the node compares and swaps: an `Item` at any rate, made for some seconds where
    /// there is none, whose `cas` is 0 where it does not.
    pub fn check_cas(key: Key) -> Self {
        Self::get_for_update(key).flag("N10")
    }

    pub(crate) fn is_noop(&self) -> bool {
        self.meta == MetaCommand::new(MetaOp::Noop, Vec::new())
    }

    fn plain(op: MetaOp, key: Key) -> Self {
        Self { meta: MetaCommand::new(op, key.into_bytes()), value_len: 0 }
    }

    fn with_value(key: Key, value: Vec<u8>) -> Self {
        let value_len = value.len();
        let meta = MetaCommand::new(MetaOp::Set, key.into_bytes()).value(value);
        Self { meta, value_len }
    }

    pub(crate) fn flag(self, token: impl Into<Vec<u8>>) -> Self {
        Self { meta: self.meta.flag(token), ..self }
    }
}

#[cfg(test)]
mod tests {
    use clock::UnixTime;

    use super::*;
    use crate::key::{KeyLetter, KeyPrefix};

    fn key() -> Key {
        Key::new(&KeyPrefix::new("").unwrap(), KeyLetter::new('s'), &[0; 32])
    }

    #[test]
    fn the_wire_forms() {
        let ttl = Ttl::until(UnixTime::from_secs(1059), UnixTime::from_secs(1000));
        let commands = [
            (Command::get(key()), "mg KEY v t f\r\n"),
            (Command::get_for_update(key()), "mg KEY v t f c\r\n"),
            (Command::check(key()), "mg KEY f t\r\n"),
            (Command::put(key(), "abc", ttl), "ms KEY 3 T60\r\nabc\r\n"),
            (Command::put(key(), "abc", ttl).marked(9), "ms KEY 3 T60 F9\r\nabc\r\n"),
            (Command::put(key(), "abc", ttl).marked(0), "ms KEY 3 T60\r\nabc\r\n"),
            (Command::add(key(), "abc", ttl), "ms KEY 3 T60 ME\r\nabc\r\n"),
            (Command::swap(key(), "abc", ttl, 7), "ms KEY 3 T60 C7\r\nabc\r\n"),
            (Command::delete(key()), "md KEY\r\n"),
            (Command::delete_unchanged(key(), 7), "md KEY C7\r\n"),
            (Command::touch(key(), ttl), "mg KEY T60\r\n"),
            (Command::check_cas(key()), "mg KEY v t f c N10\r\n"),
            (Command::noop(), "mn\r\n"),
        ];
        for (command, wire) in commands {
            let key = format!("s{}", "A".repeat(43));
            let encoded = String::from_utf8(command.meta.encode().unwrap()).unwrap();
            assert_eq!(encoded, wire.replace("KEY", &key));
        }
    }
}
