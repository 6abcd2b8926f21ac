//! What a browser knows of the login that a Response answers.

use saml::refusal::Refusal;
use session::{PendingError, PendingLogin};

use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

/// What this browser knows of a login.
pub(super) enum Known {
    Waiting(PendingLogin),
    /// It has been answered: where it went.
    Answered(String),
    /// It took too long: where it was to go.
    Expired(String),
    Nothing,
}

impl Known {
    /// By its sealed cookie.
    ///
    /// # Errors
    /// The store has no secret yet.
    pub(super) fn of<S: SessionStore>(
        visit: &Visit,
        sp: &Sp<S>,
        request_id: &str,
    ) -> Result<Self, Refusal> {
        let mut known = Self::Nothing;
        for value in sp.cookies.request_values(&visit.head, request_id) {
            match PendingLogin::open_cookie(sp.sessions.secrets()?, &sp.id, value, visit.now) {
                Ok(pending) if pending.request_id == request_id => {
                    return Ok(match pending.answered {
                        true => Self::Answered(pending.return_url),
                        false => Self::Waiting(pending),
                    });
                }
                Err(PendingError::Expired(pending)) if pending.request_id == request_id => {
                    known = match pending.answered {
                        true => Self::Answered(pending.return_url),
                        false => Self::Expired(pending.return_url),
                    };
                }
                Ok(_) | Err(_) => {}
            }
        }
        Ok(known)
    }
}
