//! The server that a visit comes to, and the application behind it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use clock::{Monotonic, UnixTime};
use session::Session;
use sp::{BodyError, Event, Server, Wish, not_heard};

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
                self.application.told.borrow_mut().push((uri, *session));
                match self.application.manner.get() {
                    Manner::Hears => drop(tell.send(Ok(()))),
                    Manner::Fails => drop(tell.send(Err(not_heard("it answered with status 500")))),
                    Manner::Vanishes => drop(tell),
                }
            }
        }
    }

    fn now(&self) -> UnixTime {
        self.now.get()
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic::from_msec(self.now.get().as_secs().unsigned_abs() * 1000)
    }

    fn tell(&self, event: &Event<'_>) {
        let Event { sp, idp, what, .. } = event;
        self.counted.borrow_mut().push(format!("{} {sp} {idp}", what.name()));
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
    /// By which URI it was told of which session.
    pub told: RefCell<Vec<(String, Session)>>,
}

/// How the application takes the news.
#[derive(Clone, Copy, Default)]
pub enum Manner {
    #[default]
    Hears,
    Fails,
    /// The request is gone before it has answered.
    Vanishes,
}
