//! A memcached as far as the store uses it: a map that speaks the meta protocol (memcached's `doc/protocol.txt`,
//! "Meta Commands"). It has room for everything; what a full one throws away is not simulated.
//!
//! That it answers as memcached does, byte for byte, is tested by having both asked the same
//! (`tests/test_scale.py`).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::rc::Rc;

use crate::traffic::{Ledger, Verb};
use crate::world;

/// Bytes of a key behind its letter: 32 in base64url.
const ID: usize = 43;

/// One node.
pub struct Node {
    /// Its address, as all hosts write it.
    pub name: String,
    /// How it is.
    pub state: Cell<State>,
    /// What it had to do.
    pub ledger: RefCell<Ledger>,
    /// Connections that it has.
    pub connections: Cell<usize>,
    /// Counts its starts: who was connected before is not any more.
    pub start: Cell<u64>,
    items: RefCell<HashMap<Vec<u8>, Item>>,
    next_cas: Cell<u64>,
    /// What has come while it was silent.
    unheard: RefCell<Vec<Box<dyn FnOnce()>>>,
    /// What hears of the end of its process.
    ended: RefCell<Vec<Box<dyn FnOnce()>>>,
    /// What it does wrong.
    lie: Cell<Option<Lie>>,
    /// A real one, which is asked the same and must answer the same.
    double: RefCell<Option<TcpStream>>,
}

/// How a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It answers.
    Up,
    /// Its process is gone: connections are refused.
    Gone,
    /// Nothing comes back: the process is frozen, or the machine off.
    Silent,
}

/// A fault that memcached has not. Who looks for faults of the store must find this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Writes of entries with this letter are said to be done, and are not.
    LosesWrites(char),
    /// An entry that is there already is added once more, over the one that was there.
    AddsTwice,
    /// What is written is there, whatever somebody else has written since it was read.
    IgnoresCas,
}

struct Item {
    value: Vec<u8>,
    /// Second of the world, from which on it is not there.
    expires: u64,
    cas: u64,
    /// What its client marked it with.
    flags: u64,
}

impl Node {
    /// Empty, and up.
    pub fn new(name: String) -> Rc<Self> {
        Rc::new(Self {
            name,
            state: Cell::new(State::Up),
            ledger: RefCell::default(),
            connections: Cell::new(0),
            start: Cell::new(0),
            items: RefCell::default(),
            next_cas: Cell::new(1),
            unheard: RefCell::default(),
            ended: RefCell::default(),
            lie: Cell::new(None),
            double: RefCell::default(),
        })
    }

    /// From now on a real memcached at this address is asked the same.
    ///
    /// # Errors
    /// There is none.
    pub fn doubled_by(&self, address: &str) -> std::io::Result<()> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(std::time::Duration::from_secs(5)))?;
        self.double.replace(Some(stream));
        Ok(())
    }

    /// Its process dies, and all that it held is lost.
    pub fn die(&self) {
        self.state.set(State::Gone);
        self.unheard.take();
        self.items.borrow_mut().clear();
        self.start.set(self.start.get() + 1);
        for hear in self.ended.take() {
            hear();
        }
    }

    /// Does it when the process has died.
    pub fn when_dead(&self, hear: impl FnOnce() + 'static) {
        let host = world::host();
        self.ended.borrow_mut().push(Box::new(move || world::as_host(host, hear)));
    }

    /// It answers again, with what it has; first what has come meanwhile.
    pub fn come_back(&self) {
        self.state.set(State::Up);
        for arrival in self.unheard.take() {
            world::after(0, arrival);
        }
    }

    /// It is heard when the node is not silent any more.
    pub fn put_off(&self, arrival: impl FnOnce() + 'static) {
        let host = world::host();
        self.unheard.borrow_mut().push(Box::new(move || world::as_host(host, arrival)));
    }

    /// From now on it does this wrong.
    pub fn lie(&self, lie: Lie) {
        self.lie.set(Some(lie));
    }

    /// Entries and bytes of keys and values.
    pub fn holds(&self) -> (usize, usize) {
        let items = self.items.borrow();
        (items.len(), items.iter().map(|(key, item)| key.len() + item.value.len()).sum())
    }

    /// Answers the commands in `input`, whole ones, in their order.
    ///
    /// # Panics
    /// When the store says what memcached does not know, or a real one answers otherwise.
    pub fn answer(&self, mut input: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        while !input.is_empty() {
            let (command, rest) = Command::read(input).expect("a whole command");
            let before = output.len();
            self.carry_out(&command, &mut output);
            let verb = command.verb();
            let letter = command.letter();
            let (read, written) = (input.len() - rest.len(), output.len() - before);
            self.ledger.borrow_mut().enter((verb, letter), read, written);
            if let Some(double) = &mut *self.double.borrow_mut() {
                compare(double, &input[..read], &output[before..]);
            }
            input = rest;
        }
        output
    }

    fn carry_out(&self, command: &Command<'_>, output: &mut Vec<u8>) {
        let now = world::micros() / 1_000_000;
        let mut items = self.items.borrow_mut();
        if items.get(command.key).is_some_and(|item| item.expires <= now) {
            items.remove(command.key);
        }
        let found = items.get_mut(command.key);
        match (command.name, found) {
            (b"mn", _) => output.extend(b"MN\r\n"),
            (b"mg", None) if command.argument(b'N').is_none() => {
                self.say(command, b"EN", None, output);
            }
            (b"mg", None) => {
                let expires = now + command.number(b'N');
                let item = Item { value: Vec::new(), expires, cas: self.cas(), flags: 0 };
                self.say(command, b"VA 0", Some((&item, -1)), output);
                output.truncate(output.len() - 2);
                output.extend(b" W\r\n\r\n");
                items.insert(command.key.to_vec(), item);
            }
            (b"mg", Some(item)) => {
                if command.argument(b'T').is_some() {
                    item.expires = now + command.number(b'T');
                }
                let left = i64::try_from(item.expires - now).unwrap_or(i64::MAX);
                if command.argument(b'v').is_some() {
                    let head = format!("VA {}", item.value.len());
                    self.say(command, head.as_bytes(), Some((item, left)), output);
                    output.extend(&item.value);
                    output.extend(b"\r\n");
                } else {
                    self.say(command, b"HD", Some((item, left)), output);
                }
            }
            (b"ms", found) => {
                let lie = self.lie.get();
                let cas = command.argument(b'C').map(|_| command.number(b'C'));
                let cas = cas.filter(|_| lie != Some(Lie::IgnoresCas));
                let is_add = command.argument(b'M') == Some(b"E") && lie != Some(Lie::AddsTwice);
                let status: &[u8] = match (&found, cas) {
                    (None, Some(_)) => b"NF",
                    (Some(item), Some(cas)) if item.cas != cas => b"EX",
                    (Some(_), _) if is_add => b"NS",
                    _ => b"HD",
                };
                if status == b"HD" {
                    let expires = now + command.number(b'T');
                    let flags = command.argument(b'F').map_or(0, |_| command.number(b'F'));
                    let value = command.value.to_vec();
                    let item = Item { value, expires, cas: self.cas(), flags };
                    if lie != Some(Lie::LosesWrites(command.letter())) {
                        items.insert(command.key.to_vec(), item);
                    }
                }
                self.say(command, status, None, output);
            }
            (b"md", found) => {
                let cas = command.argument(b'C').map(|_| command.number(b'C'));
                let status: &[u8] = match (&found, cas) {
                    (None, _) => b"NF",
                    (Some(item), Some(cas)) if item.cas != cas => b"EX",
                    _ => b"HD",
                };
                if status == b"HD" {
                    items.remove(command.key);
                }
                self.say(command, status, None, output);
            }
            (name, _) => panic!("memcached is not known to do {}", name.escape_ascii()),
        }
    }

    fn cas(&self) -> u64 {
        self.next_cas.replace(self.next_cas.get() + 1)
    }

    /// The first line of a reply: what was asked for, in the order of asking.
    fn say(
        &self,
        command: &Command<'_>,
        head: &[u8],
        item: Option<(&Item, i64)>,
        output: &mut Vec<u8>,
    ) {
        output.extend(head);
        for flag in &command.flags {
            match (flag.first(), item) {
                (Some(b't'), Some((_, left))) => output.extend(format!(" t{left}").into_bytes()),
                (Some(b'c'), Some((item, _))) => {
                    output.extend(format!(" c{}", item.cas).into_bytes());
                }
                (Some(b'f'), Some((item, _))) => {
                    output.extend(format!(" f{}", item.flags).into_bytes());
                }
                (Some(b'O'), _) => {
                    output.push(b' ');
                    output.extend(*flag);
                }
                _ => {}
            }
        }
        output.extend(b"\r\n");
    }
}

/// A command, as it came.
struct Command<'a> {
    name: &'a [u8],
    key: &'a [u8],
    flags: Vec<&'a [u8]>,
    value: &'a [u8],
}

impl<'a> Command<'a> {
    /// The first one, and what is behind it.
    fn read(input: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (line, rest) = split_line(input)?;
        let mut words = line.split(|byte| *byte == b' ');
        let (name, key) = (words.next()?, words.next().unwrap_or_default());
        if name != b"ms" {
            return Some((Self { name, key, flags: words.collect(), value: &[] }, rest));
        }
        let (value, rest) = rest.split_at_checked(number(words.next()?)?)?;
        let rest = rest.strip_prefix(b"\r\n")?;
        Some((Self { name, key, flags: words.collect(), value }, rest))
    }

    fn argument(&self, flag: u8) -> Option<&'a [u8]> {
        self.flags.iter().find_map(|given| given.strip_prefix(&[flag]))
    }

    fn number(&self, flag: u8) -> u64 {
        let given = self.argument(flag).and_then(number);
        given.unwrap_or_else(|| panic!("{} is no number", flag.escape_ascii()))
    }

    /// Of the entry that it is about.
    fn letter(&self) -> char {
        self.key.len().checked_sub(ID + 1).map_or(' ', |at| self.key[at].into())
    }

    fn verb(&self) -> Verb {
        match self.name {
            b"mn" => Verb::Noop,
            b"md" => Verb::Delete,
            b"ms" => Verb::Set,
            _ if self.argument(b'T').is_some() => Verb::Touch,
            _ => Verb::Get,
        }
    }
}

fn split_line(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = input.windows(2).position(|pair| pair == b"\r\n")?;
    Some((&input[..end], &input[end + 2..]))
}

fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The same but for what is left of a life, in which the two clocks may differ by a second, and the CAS.
fn compare(double: &mut TcpStream, asked: &[u8], expected: &[u8]) {
    double.write_all(asked).expect("the real memcached takes the command");
    let mut answer = vec![0; expected.len()];
    if let Err(error) = double.read_exact(&mut answer) {
        panic!("to {}: {error}", asked.escape_ascii());
    }
    let words = |reply: &[u8]| -> Vec<Vec<u8>> {
        let (line, rest) = split_line(reply).unwrap_or((reply, &[]));
        let words = line.split(|byte| *byte == b' ');
        let kept = words.filter(|word| !matches!(word.first(), Some(b't' | b'c' | b'Z')));
        kept.chain([rest]).map(<[u8]>::to_vec).collect()
    };
    assert_eq!(words(&answer), words(expected), "to {}", asked.escape_ascii());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

    #[test]
    fn it_answers_as_memcached_does() {
        let mut world = World::begin();
        let node = Node::new("a".into());
        for (asked, answered) in [
            ("mg foo v t O5", "EN O5\r\n"),
            ("mg foo T60 O6", "EN O6\r\n"),
            ("ms foo 3 T60 O7\r\nabc", "HD O7\r\n"),
            ("mg foo v t O8", "VA 3 t60 O8\r\nabc\r\n"),
            ("mg foo v t c O9", "VA 3 t60 c1 O9\r\nabc\r\n"),
            ("mg foo T90 O9", "HD O9\r\n"),
            ("mg foo v t f O9", "VA 3 t90 f0 O9\r\nabc\r\n"),
            ("ms marked 3 T60 F7 O9\r\nabc", "HD O9\r\n"),
            ("mg marked f t O9", "HD f7 t60 O9\r\n"),
            ("ms foo 3 T60 ME O10\r\nabc", "NS O10\r\n"),
            ("ms foo 3 T60 C99 O11\r\nabc", "EX O11\r\n"),
            ("ms bar 3 T60 C99 O11\r\nabc", "NF O11\r\n"),
            ("md foo C99 O12", "EX O12\r\n"),
            ("md foo O12", "HD O12\r\n"),
            ("md foo O13", "NF O13\r\n"),
            ("mg zz v t c N10 O14", "VA 0 t-1 c3 O14 W\r\n\r\n"),
            ("mn", "MN\r\n"),
        ] {
            let reply = node.answer(format!("{asked}\r\n").as_bytes());
            assert_eq!(
                reply.escape_ascii().to_string(),
                answered.as_bytes().escape_ascii().to_string()
            );
        }
        world.run_until(10_000_000);
        assert_eq!(node.answer(b"mg zz v O15\r\n"), b"EN O15\r\n", "its time is over");
    }

    #[test]
    fn several_commands_in_one_piece_are_entered_apart() {
        let _world = World::begin();
        let node = Node::new("a".into());
        let id = "A".repeat(ID);
        let (set, get) = (format!("ms s{id} 2 T9\r\nab\r\n"), format!("mg s{id} v\r\n"));
        let replies = node.answer(format!("{set}{get}").as_bytes());
        assert_eq!(replies, b"HD\r\nVA 2\r\nab\r\n");
        let ledger = node.ledger.borrow();
        let gets = ledger.sum(|sort| sort == (Verb::Get, 's'));
        assert_eq!((gets.commands, gets.read, gets.written), (1, get.len() as u64, 10));
        assert_eq!(ledger.all().read, (set.len() + get.len()) as u64);
    }
}
