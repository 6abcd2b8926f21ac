//! Stories of logins (`saml_debug`): in a zone of their own on this host, which is there only when some location records
//! any. What has no room pushes out the oldest, and all of it ends ten minutes after the story's begin.

use std::cell::RefCell;
use std::ffi::c_void;
use std::rc::Rc;

use ::clock::UnixTime;
use diagnosis::{Asked, Entry, Stories, Story, StoryId};
use http::escape_target;
use nginx_sys::ngx_conf_t;
use ngx::http::{HttpModuleLocationConf, Request};
use openssl::sha::sha256;
use pages::Circumstances;

use crate::clock::now;
use crate::module::SamlModule;
use crate::request;
use crate::store::shared::RequestError;
use crate::store::{Kind, SharedStore};

/// No `saml_session_store` has a zone of this name, unless somebody tries hard.
const NAME: &str = "saml:debug";

/// Bytes of the zone: some dozens of logins.
const SIZE: usize = 2 << 20;

/// Entries of one story.
const MOST_ENTRIES: u16 = 64;

/// Bytes of one.
const MOST_BYTES: usize = 160 << 10;

/// Tries to write a story. Each that fails means another worker succeeded.
const ATTEMPTS: usize = 64;

const _: () = assert!(MOST_BYTES <= zone::MAX_VALUE && 4 * MOST_BYTES <= SIZE);

thread_local! {
    /// Those that this process writes.
    static CURRENT: RefCell<Option<Rc<dyn Stories>>> = const { RefCell::new(None) };
}

/// Declares their zone while the configuration is read.
///
/// # Errors
/// It cannot be declared.
pub fn declare(
    cf: *mut ngx_conf_t,
    tag: *mut c_void,
) -> Result<&'static SharedStore, RequestError> {
    SharedStore::request(cf, NAME, SIZE, tag)
}

/// A process begins its work with these; `None` = no location records anything.
pub fn begin(zone: Option<&'static SharedStore>) {
    CURRENT.set(zone.map(|zone| Rc::new(Kept(zone)) as Rc<dyn Stories>));
}

/// Those that this process writes; `None` = no location records anything.
pub fn current() -> Option<Rc<dyn Stories>> {
    CURRENT.with_borrow(Clone::clone)
}

/// Lets `r` be told of, as its location says.
pub fn enable(r: &Request, circumstances: &Circumstances) {
    let Some(stories) = current() else { return };
    let Some(conf) = SamlModule::location_conf(r) else { return };
    let target = escape_target(r.as_ref().unparsed_uri.as_bytes());
    circumstances.diagnosis.enable(Asked {
        stories,
        scope: Rc::clone(&conf.location().debug),
        address: request::address(r),
        line: format!("{} {}", r.as_ref().method_name, diagnosis::target(&target)),
    });
}

struct Kept(&'static SharedStore);

impl Stories for Kept {
    fn now(&self) -> UnixTime {
        now()
    }

    fn begin(&self, story: &Story) -> bool {
        let (key, value) = (head_key(story.id), story.encode());
        let begun =
            self.0.quietly(|table| table.add(Kind::Story, &key, &value, story.ends(), now()));
        begun.is_ok()
    }

    fn add(&self, id: StoryId, entry: &Entry) {
        let Some((number, ends)) = self.next(id) else { return };
        let mut value = entry.encode();
        if value.len() > MOST_BYTES {
            let facts = vec![("left out".to_owned(), format!("{} bytes, too many", value.len()))];
            let short = Entry { at: entry.at, ..Entry::new(&entry.what, facts) };
            value = short.encode();
        }
        self.put(&entry_key(id, number), &value, ends);
    }

    fn name(&self, id: StoryId, request_id: &str) {
        if let Some(story) = self.head(id).map(|(story, _)| story) {
            self.put(&request_key(request_id), &id.0, story.ends());
        }
    }

    fn called(&self, request_id: &str) -> Option<StoryId> {
        let id = self.0.peek(Kind::StoryPart, &request_key(request_id), now())?;
        id.try_into().ok().map(StoryId)
    }

    fn all(&self) -> Vec<Story> {
        let (mut all, mut from) = (Vec::new(), Some(0));
        while let Some(place) = from {
            let step = self.0.walk(Kind::Story, place, now());
            all.extend(step.entries.iter().filter_map(|entry| Story::decode(&entry.value)));
            from = step.next;
        }
        all
    }

    fn entries(&self, story: &Story) -> Vec<Entry> {
        let entry = |number: u16| {
            let value = self.0.peek(Kind::StoryPart, &entry_key(story.id, number), now())?;
            Entry::decode(&value)
        };
        (0..story.entries.min(MOST_ENTRIES)).filter_map(entry).collect()
    }
}

impl Kept {
    fn head(&self, id: StoryId) -> Option<(Story, u64)> {
        let entry = self.0.get(Kind::Story, &head_key(id), now())?;
        Some((Story::decode(&entry.value)?, entry.version))
    }

    /// Counts one entry more: its number, and when it ends.
    fn next(&self, id: StoryId) -> Option<(u16, UnixTime)> {
        let key = head_key(id);
        for _ in 0..ATTEMPTS {
            let (story, version) = self.head(id)?;
            if story.entries >= MOST_ENTRIES {
                return None;
            }
            let (number, ends) = (story.entries, story.ends());
            let value = Story { entries: number + 1, ..story }.encode();
            let written = self
                .0
                .quietly(|table| table.update(Kind::Story, &key, version, &value, ends, now()));
            if written.ok()? {
                return Some((number, ends));
            }
        }
        None
    }

    /// What has no room is lost.
    fn put(&self, key: &[u8; 32], value: &[u8], ends: UnixTime) {
        let _ = self.0.quietly(|table| table.put(Kind::StoryPart, key, value, ends, now()));
    }
}

fn head_key(id: StoryId) -> [u8; 32] {
    sha256(&[b"story ".as_slice(), &id.0].concat())
}

fn entry_key(id: StoryId, number: u16) -> [u8; 32] {
    sha256(&[b"entry ".as_slice(), &id.0, &number.to_be_bytes()].concat())
}

fn request_key(request_id: &str) -> [u8; 32] {
    sha256(&[b"request ".as_slice(), request_id.as_bytes()].concat())
}
