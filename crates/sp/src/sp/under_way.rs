//! The logins and logouts that are under way in a browser, by its sealed cookies.

use clock::UnixTime;
use http::Headers;
use saml::refusal::Refusal;
use session::{LoginCookie, LoginState, PendingError, PendingLogin, PendingLogout};

use super::Sp;
use crate::session_store::SessionStore;

impl<S: SessionStore> Sp<S> {
    /// The cookies of this browser's logins, by name.
    ///
    /// # Errors
    /// The store has no secret yet.
    pub fn login_cookies(
        &self,
        r: &impl Headers,
        now: UnixTime,
    ) -> Result<Vec<(String, LoginCookie)>, Refusal> {
        let secrets = self.sessions.secrets()?;
        let state = |value: &[u8]| match PendingLogin::open_cookie(secrets, &self.id, value, now) {
            Ok(login) if login.answered => LoginState::Answered { issued: login.issue_instant },
            Ok(login) => LoginState::Waiting { issued: login.issue_instant },
            Err(PendingError::Expired(login)) => {
                LoginState::Expired { issued: login.issue_instant }
            }
            Err(PendingError::Invalid) => LoginState::Unreadable,
        };
        let cookie = |(name, value): (String, &[u8])| {
            let cookie = LoginCookie { len: name.len() + value.len(), state: state(value) };
            (name, cookie)
        };
        Ok(self.cookies.requests(r).map(cookie).collect())
    }

    /// The logins of this browser, and whether each took too long.
    ///
    /// # Errors
    /// The store has no secret yet.
    pub(crate) fn logins<'r>(
        &'r self,
        r: &'r impl Headers,
        now: UnixTime,
    ) -> Result<impl Iterator<Item = (PendingLogin, bool)>, Refusal> {
        let secrets = self.sessions.secrets()?;
        let open =
            move |value: &[u8]| match PendingLogin::open_cookie(secrets, &self.id, value, now) {
                Ok(login) => Some((login, false)),
                Err(PendingError::Expired(login)) => Some((*login, true)),
                Err(PendingError::Invalid) => None,
            };
        Ok(self.cookies.requests(r).filter_map(move |(_, value)| open(value)))
    }

    /// Is it the login that a RelayState of ours names?
    ///
    /// # Errors
    /// The store has no secret yet.
    pub(crate) fn is_named_by(
        &self,
        login: &PendingLogin,
        relay_state: &str,
    ) -> Result<bool, Refusal> {
        let page = self.sessions.secrets()?.wanted_page(&self.id, &login.request_id, relay_state);
        Ok(relay_state == login.request_id || page.is_some())
    }

    /// Has this browser a login under way?
    pub fn is_logging_in(&self, r: &impl Headers, now: UnixTime) -> bool {
        let is_waiting = |(_, cookie): &(_, LoginCookie)| {
            matches!(cookie.state, LoginState::Waiting { .. } | LoginState::Answered { .. })
        };
        self.login_cookies(r, now).is_ok_and(|cookies| cookies.iter().any(is_waiting))
    }

    /// The logouts under way in this browser.
    ///
    /// # Errors
    /// The store has no secret yet.
    pub fn pending_logouts(
        &self,
        r: &impl Headers,
        now: UnixTime,
    ) -> Result<impl Iterator<Item = PendingLogout>, Refusal> {
        let secrets = self.sessions.secrets()?;
        Ok(self
            .cookies
            .logout_values(r)
            .filter_map(move |value| PendingLogout::open_cookie(secrets, &self.id, value, now)))
    }
}
