//! The server that a visit comes to, and the applications behind it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use clock::{Monotonic, Msec, UnixTime};
use session::Session;
use sp::{Answer, BodyError, Event, Pause, Server, What, Wish, Work};

use super::ask::Body;

/// Grants the wishes of one visit.
pub struct Host {
    pub now: Rc<Cell<UnixTime>>,
    pub body: RefCell<Body>,
    pub application: Rc<Application>,
    /// What the administrator was told.
    pub notes: Rc<RefCell<Vec<String>>>,
    /// What was counted.
    pub counted: Rc<RefCell<Vec<String>>>,
    /// Bodies that are under way, whoever still waits for them.
    pub awaited: RefCell<Vec<Wish>>,
}

impl Server for Host {
    fn grant(&self, wish: Wish) {
        match wish {
            Wish::Body { limit, tell } => match self.body.take() {
                Body::Whole(body) if body.len() > limit => {
                    drop(tell.send(Err(BodyError::TooLarge)));
                }
                Body::Whole(body) => drop(tell.send(Ok(body))),
                Body::Lost => drop(tell.send(Err(BodyError::Unreadable))),
                Body::Gone => drop(tell),
                Body::Awaited => self.awaited.borrow_mut().push(Wish::Body { limit, tell }),
            },
            Wish::Notify { uri, session, tell } => {
                let manner = self.application.take_manner(&uri);
                self.application.told.borrow_mut().push((uri, session.session.to_session()));
                match manner {
                    Manner::Hears => drop(tell.send(Answer::Status(204))),
                    Manner::Fails => drop(tell.send(Answer::Status(500))),
                    Manner::Refuses => drop(tell.send(Answer::Status(403))),
                    Manner::Vanishes => drop(tell),
                    Manner::Hangs => self.application.unanswered.borrow_mut().push(tell),
                }
            }
        }
    }

    fn now(&self) -> UnixTime {
        self.now.get()
    }

    fn has_thread(&self) -> bool {
        true
    }

    fn aside(&self, work: Work) -> Pause {
        std::thread::spawn(work).join().unwrap();
        Box::pin(std::future::ready(()))
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic::from_msec(self.now.get().as_secs().unsigned_abs() * 1000)
    }

    fn pause(&self, span: Msec) -> Pause {
        self.application.paused.borrow_mut().push(span);
        Box::pin(std::future::ready(()))
    }

    fn tell(&self, event: &Event<'_>) {
        let Event { sp, idp, what, .. } = event;
        let told = match what {
            What::LogoutNotify(notice) => {
                let heard = if notice.heard { "heard" } else { "unheard" };
                let session = if notice.session_id.is_empty() { "" } else { " of a session" };
                format!(" {} {heard} {}{session}", notice.application, notice.attempts)
            }
            What::SecurityEvent(event) => format!(" {}", event.outcome.name()),
            _ => String::new(),
        };
        self.counted.borrow_mut().push(format!("{} {sp} {idp}{told}", what.name()));
    }

    fn keeps_records(&self) -> bool {
        true
    }

    fn note(&self, what: &str) {
        self.notes.borrow_mut().push(what.to_owned());
    }

    fn warn(&self, what: &str) {
        self.notes.borrow_mut().push(format!("warning: {what}"));
    }
}

/// The application that wants to hear of logouts.
#[derive(Default)]
pub struct Application {
    pub manner: Cell<Manner>,
    /// How those of these URIs take what they are told next, the last first; then as `manner` says.
    pub manners: RefCell<HashMap<&'static str, Vec<Manner>>>,
    /// Who waits for an answer.
    pub unanswered: RefCell<Vec<futures_channel::oneshot::Sender<Answer>>>,
    /// How long it was waited for another attempt.
    pub paused: RefCell<Vec<Msec>>,
    /// By which URI it was told of which session.
    pub told: RefCell<Vec<(String, Session)>>,
}

impl Application {
    fn take_manner(&self, uri: &str) -> Manner {
        let mut manners = self.manners.borrow_mut();
        manners.get_mut(uri).and_then(Vec::pop).unwrap_or_else(|| self.manner.get())
    }
}

/// How the application takes the news.
#[derive(Clone, Copy, Default)]
pub enum Manner {
    #[default]
    Hears,
    /// It may be well again soon.
    Fails,
    /// It does not want to hear it.
    Refuses,
    /// The request is gone before it has answered.
    Vanishes,
    /// No answer yet.
    Hangs,
}
