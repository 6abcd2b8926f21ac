//! Metadata of IdPs that refreshes while nginx runs, and keys of those who tell of security events: files that
//! change, URLs that are asked again.
//!
//! Every worker has what it needs in its own memory. Of a URL one worker fetches for all: the last good
//! copy lies on a shelf on disk, and a board in shared memory says that there is a new one.

mod fetch;
mod file;
mod log;
mod renewal;
mod source;

use std::cell::RefCell;
use std::rc::Rc;

use ::clock::Msec;
use settings::{SourceKind, SourcePlace};
use status::MetadataStatus;

use self::source::Source;
use crate::event::repeat;
use crate::module::MainConf;

/// How often a worker looks whether there is something to do.
const TICK: Msec = Msec(1000);
/// While an IdP is awaited, somebody may be waiting.
const SHORT_TICK: Msec = Msec(100);

thread_local! {
    /// Those of this worker.
    static SOURCES: RefCell<Rc<[Rc<Source>]>> = RefCell::default();
}

/// How the metadata is that refreshes, for who runs the server.
pub fn status() -> Vec<MetadataStatus> {
    let is_metadata = |source: &&Rc<Source>| source.settings.kind == SourceKind::Metadata;
    SOURCES.with_borrow(|sources| {
        sources.iter().filter(is_metadata).map(|source| source.status()).collect()
    })
}

/// Begins, in a worker. The configuration is the one that it runs on to its end.
pub fn start(main: &MainConf) {
    let sources = main.sources.iter().filter(|source| source.schedule.is_some());
    let sources: Rc<[_]> = sources
        .map(|source| Rc::new(Source::new(source, main)))
        .filter(|source| !source.followers.is_empty())
        .collect();
    for source in sources.iter().filter(|source| source.is_without_slot()) {
        log::no_slot(source);
    }
    SOURCES.set(Rc::clone(&sources));
    if !sources.is_empty() {
        repeat(Msec(0), move || look(&sources));
    }
}

/// Gives when to look again.
fn look(sources: &[Rc<Source>]) -> Msec {
    for source in sources.iter().filter(|source| !source.is_busy()) {
        match &source.settings.place {
            SourcePlace::File { .. } => file::look(source),
            SourcePlace::Url { .. } => fetch::look(source),
        }
    }
    if sources.iter().any(|source| source.is_awaited()) { SHORT_TICK } else { TICK }
}
