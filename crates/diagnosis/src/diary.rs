//! Who writes a story while a request is dealt with.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;

use clock::UnixTime;
use saml::examination::{Examination, Shown};

use crate::entry::{Entry, Facts};
use crate::scope::Scope;
use crate::story::{Story, StoryId};

/// Where stories are kept. What has no room is lost: nothing else depends on it.
pub trait Stories {
    /// The time of day.
    fn now(&self) -> UnixTime;

    /// Begins a story, unless it has begun; `false` = it has not, and cannot.
    fn begin(&self, story: &Story) -> bool;

    /// Adds to a story.
    fn add(&self, id: StoryId, entry: &Entry);

    /// What answers this message of ours belongs to the story.
    fn name(&self, id: StoryId, request_id: &str);

    /// The story to which the answer to this message belongs.
    fn called(&self, request_id: &str) -> Option<StoryId>;

    /// Those that there are.
    fn all(&self) -> Vec<Story>;

    /// What there is of a story, in its order.
    fn entries(&self, story: &Story) -> Vec<Entry>;
}

/// A request, and what its location says of it.
pub struct Asked {
    /// Where stories are kept.
    pub stories: Rc<dyn Stories>,
    /// Whose logins the location records.
    pub scope: Rc<Scope>,
    /// The client's; `None` = it has come over a unix socket.
    pub address: Option<IpAddr>,
    /// Method, path and query, without values.
    pub line: String,
}

impl Asked {
    /// The client, for people.
    pub fn client(&self) -> String {
        self.address.map_or_else(|| "unix:".to_owned(), |address| address.to_string())
    }
}

/// The story of one request, if it is in one.
#[derive(Default)]
pub struct Diagnosis {
    asked: OnceCell<Asked>,
    diary: OnceCell<Diary>,
    is_told: Cell<bool>,
}

impl Diagnosis {
    /// Stories are kept, and this is the request.
    pub fn enable(&self, asked: Asked) {
        let _ = self.asked.set(asked);
    }

    /// The request, where stories are kept.
    pub fn asked(&self) -> Option<&Asked> {
        self.asked.get()
    }

    /// Tells of the request itself, once.
    pub fn tell_request(&self, facts: impl FnOnce(&Asked) -> Facts) {
        if let (Some(asked), Some(diary)) = (self.asked(), self.diary())
            && !self.is_told.replace(true)
        {
            diary.add(Entry::new("request", facts(asked)));
        }
    }

    /// The story of this request; `None` = it is in none.
    pub fn diary(&self) -> Option<&Diary> {
        self.diary.get()
    }

    /// The request is of this story. One that it is of already stays.
    pub fn join(&self, id: StoryId) {
        if let (Some(asked), None) = (self.asked(), self.diary.get()) {
            let _ = self.diary.set(Diary::new(Rc::clone(&asked.stories), id));
        }
    }

    /// The request brings the answer to this message, and is of the story to which that belongs.
    pub fn follow(&self, request_id: &str) {
        if self.diary.get().is_none()
            && let Some(asked) = self.asked()
            && let Some(id) = asked.stories.called(request_id)
        {
            self.join(id);
        }
    }

    /// Begins a story for this request, and gives the cookie to its answer by which the browser goes on in it.
    pub fn begin(&self, story: &Story, cookie: Option<String>) {
        let Some(asked) = self.asked() else { return };
        if asked.stories.begin(story) {
            self.join(story.id);
            if let Some(diary) = self.diary() {
                diary.cookie.set(cookie);
            }
        }
    }

    /// Adds to the story, if there is one.
    pub fn add(&self, what: &str, facts: impl FnOnce() -> Facts) {
        if let Some(diary) = self.diary() {
            diary.add(Entry::new(what, facts()));
        }
    }
}

impl fmt::Debug for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Diagnosis").field("story", &self.diary().map(|diary| diary.id)).finish()
    }
}

/// Writes one story.
pub struct Diary {
    stories: Rc<dyn Stories>,
    id: StoryId,
    /// A message that is being judged: what it is, and what is known of it so far.
    message: RefCell<Option<(String, Entry)>>,
    examination: Examination,
    cookie: Cell<Option<String>>,
}

impl Diary {
    fn new(stories: Rc<dyn Stories>, id: StoryId) -> Self {
        let (message, examination) = (RefCell::default(), Examination::default());
        Self { stories, id, message, examination, cookie: Cell::default() }
    }

    /// Adds what happened, behind the message that was judged before.
    pub fn add(&self, entry: Entry) {
        self.finish();
        self.write(entry);
    }

    /// A message has come: how it is judged belongs to this entry.
    pub fn receive(&self, what: &str, title: &str, facts: Facts) {
        self.finish();
        self.message.replace(Some((title.to_owned(), Entry::new(what, facts))));
    }

    /// A message goes out.
    pub fn send(&self, what: &str, title: &str, facts: Facts, lines: Vec<Shown>) {
        let findings = saml::examination::Findings { message: lines, ..Default::default() };
        self.add(Entry::new(what, facts).with_findings(title, findings));
    }

    /// Where it is noted how a message is judged.
    pub fn examination(&self) -> &Examination {
        &self.examination
    }

    /// The answer to this message of ours belongs to the story.
    pub fn name(&self, request_id: &str) {
        self.stories.name(self.id, request_id);
    }

    /// The cookie by which the browser goes on in a story that has begun with this request.
    pub fn take_cookie(&self) -> Option<String> {
        self.cookie.take()
    }

    fn finish(&self) {
        let findings = self.examination.take();
        match (self.message.take(), findings) {
            (Some((title, entry)), Some(findings)) => {
                self.write(entry.with_findings(&title, findings));
            }
            (Some((_, entry)), None) => self.write(entry),
            (None, Some(findings)) => {
                self.write(Entry::new("message", Facts::new()).with_findings("message", findings));
            }
            (None, None) => {}
        }
    }

    fn write(&self, entry: Entry) {
        self.stories.add(self.id, &Entry { at: self.stories.now(), ..entry });
    }
}

impl Drop for Diary {
    /// The client may have left before anything was answered.
    fn drop(&mut self) {
        self.finish();
    }
}
