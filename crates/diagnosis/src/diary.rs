//! Who writes a story while a request is dealt with.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::rc::Rc;

use clock::UnixTime;
use saml::examination::{Examination, Shown};

use crate::entry::{Entry, Facts};
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

/// The story of one request, if it is in one.
#[derive(Default)]
pub struct Diagnosis {
    stories: OnceCell<Rc<dyn Stories>>,
    diary: OnceCell<Diary>,
}

impl Diagnosis {
    /// Stories are kept here.
    pub fn enable(&self, stories: Rc<dyn Stories>) {
        let _ = self.stories.set(stories);
    }

    /// The story of this request; `None` = it is in none.
    pub fn diary(&self) -> Option<&Diary> {
        self.diary.get()
    }

    /// The request is of this story. One that it is of already stays.
    pub fn join(&self, id: StoryId) {
        if let (Some(stories), None) = (self.stories.get(), self.diary.get()) {
            let _ = self.diary.set(Diary::new(Rc::clone(stories), id));
        }
    }

    /// The request brings the answer to this message, and is of the story to which that belongs.
    pub fn follow(&self, request_id: &str) {
        if self.diary.get().is_none()
            && let Some(stories) = self.stories.get()
            && let Some(id) = stories.called(request_id)
        {
            self.join(id);
        }
    }

    /// Begins a story for this request, and gives the cookie to its answer by which the browser goes on in it.
    pub fn begin(&self, story: &Story, cookie: Option<String>) {
        let Some(stories) = self.stories.get() else { return };
        if stories.begin(story) {
            self.join(story.id);
            if let Some(diary) = self.diary() {
                diary.cookie.set(cookie);
            }
        }
    }

    /// Are stories kept?
    pub fn is_enabled(&self) -> bool {
        self.stories.get().is_some()
    }

    /// Those that are kept.
    pub fn stories(&self) -> Option<&Rc<dyn Stories>> {
        self.stories.get()
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
