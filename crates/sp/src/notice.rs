//! Applications hear that somebody was logged out: all at once, and one that fails hears it again.

use std::rc::Rc;

use clock::Msec;
use futures_util::future::join_all;
use saml::reason;
use saml::refusal::Refusal;
use session::Session;

use crate::event::{Notice, What};
use crate::live_session::LiveSession;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::{Answer, Visit};

/// Between one attempt and the next; there is one attempt more than there are pauses.
const PAUSES: [Msec; 2] = [Msec(200), Msec(1000)];
/// No attempt begins later than this after the first one began: somebody waits for the logout.
const LAST_ATTEMPT: Msec = Msec(10_000);

/// Have all applications heard it? The refusal says which have not, and why.
pub type Heard = Result<(), Refusal>;

/// How telling one application ended.
struct Told<'a> {
    application: &'a str,
    attempts: usize,
    /// `None` = it has heard.
    failure: Option<Failure>,
}

/// Why an application has not heard.
struct Failure {
    why: String,
    /// Asked again, it may answer otherwise.
    passes: bool,
}

impl<S: SessionStore> Sp<S> {
    /// Tells the applications of `logout_notify` that a session ended, side by side; `session_id` tells it from
    /// others in records, and is empty where it is of no session alone.
    ///
    /// # Errors
    /// At least one has not heard: it did not answer well, or the request is gone and nobody could ask it.
    pub async fn notify(&self, visit: &Visit, session: Session, session_id: &str) -> Heard {
        if self.logout_notify.is_empty() {
            return Ok(());
        }
        let live = Rc::new(LiveSession::untraceable(&session, self.sessions.rules()));
        let all = self.logout_notify.iter().map(|application| async {
            let told = tell(visit, application, &live).await;
            let notice = Notice {
                application,
                heard: told.failure.is_none(),
                attempts: told.attempts,
                session: &session,
                session_id,
            };
            self.tell(visit, &session.idp, What::LogoutNotify(notice));
            told
        });
        let told = join_all(all).await;
        let unheard: Vec<_> = told.iter().filter_map(Told::unheard).collect();
        match unheard.is_empty() {
            true => Ok(()),
            false => Err(Refusal::new(&reason::LOGOUT_NOTIFY_FAILED, unheard.join("; "))),
        }
    }
}

async fn tell<'a>(visit: &Visit, application: &'a str, session: &Rc<LiveSession>) -> Told<'a> {
    let last = visit.server.monotonic() + LAST_ATTEMPT;
    let mut pauses = PAUSES.into_iter();
    let mut attempts = 0;
    let mut failure = None;
    loop {
        let answer = visit.notify(application, session).await;
        if answer == Answer::Gone && attempts > 0 {
            return Told { application, attempts, failure };
        }
        attempts += 1;
        failure = refusal_of(answer);
        let pause = match &failure {
            Some(Failure { passes: true, .. }) => pauses.next(),
            _ => None,
        };
        match pause {
            Some(pause) if visit.server.monotonic() + pause <= last => {
                visit.server.pause(pause).await;
            }
            _ => return Told { application, attempts, failure },
        }
    }
}

impl Told<'_> {
    fn unheard(&self) -> Option<String> {
        let Failure { why, .. } = self.failure.as_ref()?;
        let application = self.application;
        Some(match self.attempts {
            1 => format!("logout_notify {application} {why}"),
            attempts => format!("logout_notify {application} {why}, {attempts} times"),
        })
    }
}

/// What an answer means. What the application refuses for good (RFC 9110 15.5) it would refuse again.
fn refusal_of(answer: Answer) -> Option<Failure> {
    let failure = |why: String, passes| Some(Failure { why, passes });
    match answer {
        Answer::Status(200..=299) => None,
        Answer::Status(status) => {
            let passes = matches!(status, 408 | 425 | 429 | 500..=599);
            failure(format!("answered with status {status}"), passes)
        }
        Answer::None => failure("was not answered".to_owned(), true),
        Answer::Gone => failure("was not answered before the request ended".to_owned(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_asked_again() {
        let passes = |answer| refusal_of(answer).map(|failure| failure.passes);
        for status in [200, 204, 299] {
            assert_eq!(passes(Answer::Status(status)), None);
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert_eq!(passes(Answer::Status(status)), Some(true), "{status}");
        }
        for status in [0, 100, 302, 400, 401, 404, 444] {
            assert_eq!(passes(Answer::Status(status)), Some(false), "{status}");
        }
        assert_eq!((passes(Answer::None), passes(Answer::Gone)), (Some(true), Some(false)));
    }
}
