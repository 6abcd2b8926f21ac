//! The commands and replies of a real memcached.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{env, fs, io, process};

use clock::{Monotonic, Seconds, UnixTime};
use memcached::{
    Command, Item, Key, KeyLetter, KeyPrefix, MAX_VALUE, Marked, Outcome, Pipeline, Ttl,
};

const MEMCACHED: &str = "/usr/bin/memcached";

struct Node {
    process: Child,
    socket: PathBuf,
    stream: UnixStream,
    pipeline: Pipeline<usize>,
}

impl Node {
    /// `None` where memcached is not installed, said aloud.
    fn start() -> Option<Self> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let program = env::var("MEMCACHED").unwrap_or_else(|_| MEMCACHED.into());
        if !Path::new(&program).exists() {
            // Not by a macro: its output would be shown for failures only.
            let _ = writeln!(io::stderr(), "SKIPPED: {program} is not there, install memcached");
            return None;
        }
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let socket = env::temp_dir().join(format!("memcached-{}-{number}", process::id()));
        let process = Process::new(program)
            .args(["-u", "root", "-s"])
            .arg(&socket)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stream = connect(&socket);
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        Some(Self { process, socket, stream, pipeline: Pipeline::default() })
    }

    /// Sends all commands at once; the outcomes in their order.
    fn ask(&mut self, commands: Vec<Command>) -> Vec<Outcome> {
        let count = commands.len();
        for (ticket, command) in commands.into_iter().enumerate() {
            self.pipeline.push(command, Monotonic::default(), ticket).unwrap();
        }
        let output = self.pipeline.output().to_vec();
        self.stream.write_all(&output).unwrap();
        self.pipeline.wrote(output.len());
        let mut answered = Vec::new();
        let mut buffer = [0; 4096];
        while answered.len() < count {
            let len = self.stream.read(&mut buffer).unwrap();
            assert_ne!(len, 0, "memcached closed the connection");
            self.pipeline.read(&buffer[..len], &mut answered).unwrap();
        }
        assert!(answered.iter().map(|(ticket, _)| *ticket).eq(0..count));
        answered.into_iter().map(|(_, outcome)| outcome).collect()
    }

    fn ask_one(&mut self, command: Command) -> Outcome {
        self.ask(vec![command]).remove(0)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let _ = fs::remove_file(&self.socket);
    }
}

fn connect(socket: &Path) -> UnixStream {
    let start = Instant::now();
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => return stream,
            Err(e) => assert!(start.elapsed() < Duration::from_secs(5), "{e}"),
        }
        sleep(Duration::from_millis(10));
    }
}

fn key(n: u8) -> Key {
    Key::new(&KeyPrefix::new("test:").unwrap(), KeyLetter::new('s'), &[n; 32])
}

fn minute() -> Ttl {
    ttl(59)
}

fn ttl(seconds: i64) -> Ttl {
    Ttl::until(UnixTime::from_secs(seconds), UnixTime::from_secs(0))
}

fn item(outcome: Outcome) -> Item {
    match outcome {
        Outcome::Item(item) => item,
        other => panic!("{other:?}"),
    }
}

#[test]
fn put_get_delete() {
    let Some(mut node) = Node::start() else { return };
    let outcomes = node.ask(vec![
        Command::get(key(1)),
        Command::put(key(1), "one\r\n", minute()),
        Command::get(key(1)),
        Command::put(key(1), "two", minute()),
        Command::get(key(1)),
        Command::delete(key(1)),
        Command::delete(key(1)),
        Command::get(key(1)),
        Command::noop(),
    ]);
    let found = |value: &str| {
        Outcome::Item(Item { value: value.into(), ttl: Some(Seconds(60)), cas: None, mark: 0 })
    };
    assert_eq!(
        outcomes,
        [
            Outcome::Miss,
            Outcome::Done,
            found("one\r\n"),
            Outcome::Done,
            found("two"),
            Outcome::Done,
            Outcome::NotFound,
            Outcome::Miss,
            Outcome::Alive,
        ]
    );
}

#[test]
fn only_the_first_adds() {
    let Some(mut node) = Node::start() else { return };
    let add = || Command::add(key(1), "1", minute());
    assert_eq!(node.ask(vec![add(), add()]), [Outcome::Done, Outcome::NotStored]);
}

#[test]
fn a_swap_needs_the_value_that_was_read() {
    let Some(mut node) = Node::start() else { return };
    node.ask_one(Command::put(key(1), "a", minute()));
    let cas = item(node.ask_one(Command::get_for_update(key(1)))).cas.unwrap();
    let swap = |n| Command::swap(key(n), "b", minute(), cas);
    assert_eq!(
        node.ask(vec![swap(1), swap(1), swap(2), Command::delete_unchanged(key(1), cas)]),
        [Outcome::Done, Outcome::Changed, Outcome::NotFound, Outcome::Changed]
    );
    let cas = item(node.ask_one(Command::get_for_update(key(1)))).cas.unwrap();
    assert_eq!(node.ask_one(Command::delete_unchanged(key(1), cas)), Outcome::Done);
}

#[test]
fn a_touch_moves_the_expiry() {
    let Some(mut node) = Node::start() else { return };
    node.ask_one(Command::put(key(1), "a", minute()));
    let later = ttl(599);
    assert_eq!(
        node.ask(vec![Command::touch(key(1), later), Command::touch(key(2), later)]),
        [Outcome::Done, Outcome::Miss]
    );
    assert_eq!(item(node.ask_one(Command::get(key(1)))).ttl, Some(Seconds(600)));
}

#[test]
fn a_mark_stays_with_its_value() {
    let Some(mut node) = Node::start() else { return };
    let marked = |mark, ttl| Outcome::Marked(Marked { mark, ttl: Some(Seconds(ttl)) });
    let check = || Command::check(key(1));
    let outcomes = node.ask(vec![
        check(),
        Command::put(key(1), "a", minute()).marked(u32::MAX),
        check(),
        Command::touch(key(1), ttl(599)),
        check(),
        Command::put(key(1), "a", minute()),
        check(),
    ]);
    assert_eq!(
        outcomes,
        [
            Outcome::Miss,
            Outcome::Done,
            marked(u32::MAX, 60),
            Outcome::Done,
            marked(u32::MAX, 600),
            Outcome::Done,
            marked(0, 60),
        ]
    );
    node.ask_one(Command::put(key(1), "a", minute()).marked(5));
    assert_eq!(item(node.ask_one(Command::get(key(1)))).mark, 5);
}

#[test]
fn far_and_past_expiries_mean_what_they_say() {
    let Some(mut node) = Node::start() else { return };
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = UnixTime::from_secs(since.as_secs().try_into().unwrap());
    let year = Seconds(365 * 24 * 60 * 60);
    node.ask_one(Command::put(key(1), "a", Ttl::until(now + year, now)));
    let left = item(node.ask_one(Command::get(key(1)))).ttl.unwrap();
    assert!((year.0 - 5..=year.0 + 5).contains(&left.0), "{left}");

    node.ask_one(Command::put(key(2), "a", Ttl::until(now - year, now)));
    sleep(Duration::from_millis(2100));
    assert_eq!(node.ask_one(Command::get(key(2))), Outcome::Miss);
}

#[test]
fn a_value_too_large_for_the_node_fails_alone() {
    let Some(mut node) = Node::start() else { return };
    let outcomes = node.ask(vec![
        Command::put(key(1), "small", minute()),
        Command::put(key(1), vec![b'x'; MAX_VALUE], minute()),
        Command::put(key(2), vec![b'x'; MAX_VALUE - 1024], minute()),
        Command::get(key(2)),
        Command::get(key(3)),
    ]);
    assert_eq!(outcomes[0], Outcome::Done);
    assert!(matches!(&outcomes[1], Outcome::Failed(words) if words.contains("too large")));
    assert_eq!(outcomes[2], Outcome::Done);
    assert_eq!(item(outcomes[3].clone()).value.len(), MAX_VALUE - 1024);
    assert_eq!(outcomes[4], Outcome::Miss);
}

#[test]
fn thousands_in_one_write() {
    let Some(mut node) = Node::start() else { return };
    let mut commands = Vec::new();
    for n in 0..1000_u32 {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&n.to_be_bytes());
        let key = Key::new(&KeyPrefix::new("").unwrap(), KeyLetter::new('s'), &id);
        commands.push(Command::put(key.clone(), n.to_string(), minute()));
        commands.push(Command::get(key));
    }
    for (n, pair) in node.ask(commands).chunks(2).enumerate() {
        assert_eq!(pair[0], Outcome::Done);
        assert_eq!(item(pair[1].clone()).value, n.to_string().into_bytes());
    }
}
