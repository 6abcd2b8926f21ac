//! Metadata in a file or a folder: every worker reads it, when it has changed.

use std::path::Path;
use std::rc::Rc;

use nginx_sys::ngx_worker;
use refresh::{Stamp, documents};
use settings::{DOCUMENT_MAX, SourcePlace};

use super::log;
use super::renewal::{Read, Readers, Renewals};
use super::source::Source;
use crate::clock::monotonic;
use crate::event::aside;

/// What the file says now, and how it stands there.
struct Change {
    stamp: Option<Stamp>,
    read: Result<Vec<Read>, String>,
}

/// Looks whether the file has changed, when it is time.
pub(super) fn look(source: &Rc<Source>) {
    if source.due.get() <= monotonic() {
        source.work(take_over);
    }
}

/// Takes over what the file says, when it has changed.
async fn take_over(source: Rc<Source>) {
    let (SourcePlace::File { path, .. }, Some(schedule)) =
        (&source.settings.place, source.settings.schedule)
    else {
        return;
    };
    source.due.set(monotonic() + schedule.interval.into());
    let before = source.stamp.get();
    if is_the_same_file(path, before) {
        return source.seen.set(Some(monotonic()));
    }
    let (path, readers) = (path.clone(), Readers::of(&source));
    let change = aside(move || change_since(before, &path, &readers)).await;
    let Some(change) = change else { return };
    source.seen.set(Some(monotonic()));
    let Some(Change { stamp, read }) = change else { return };
    // What cannot be used is told once, and read again when it changes.
    source.stamp.set(stamp);
    let outcome =
        read.and_then(|read| Renewals::judge(&source, read)).and_then(Renewals::take_place);
    source.trouble.replace(outcome.as_ref().err().cloned());
    // Each worker comes to the same.
    if is_first_worker() {
        match outcome {
            Ok(news) => log::news(&source, &news),
            Err(why) => log::unusable(&source, &why),
        }
    }
}

/// A look at one file takes a worker as long as at one that it serves. In a process that has never had a second
/// thread, the C library spares each request the locks of its heap and more.
fn is_the_same_file(path: &Path, before: Option<Stamp>) -> bool {
    before.is_some() && !path.is_dir() && Stamp::of(path).ok() == before
}

/// `None` = it is as it was.
fn change_since(before: Option<Stamp>, path: &Path, readers: &Readers) -> Option<Change> {
    let stamp = Stamp::of(path);
    if stamp.as_ref().ok() == before.as_ref() {
        return None;
    }
    let octets = stamp
        .as_ref()
        .map_err(ToString::to_string)
        .and_then(|_| documents(path, DOCUMENT_MAX).map_err(|error| error.to_string()));
    Some(Change { read: octets.and_then(|octets| readers.read(&octets)), stamp: stamp.ok() })
}

/// Does this worker speak for all?
fn is_first_worker() -> bool {
    // SAFETY: set before a worker begins its work.
    unsafe { ngx_worker == 0 }
}
