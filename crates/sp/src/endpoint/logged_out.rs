//! How far a logout got, for the person: where the browser goes on to, and the page that it finds at
//! `saml_sls` without a message. The sealed cookie of the logout says it, so that no link can.

use pages::{LoggedOut, Reply, logged_out, logged_out_here_only, signed_in_again};
use saml::logout::LogoutOutcome;
use saml::reason::{self, REASONS};
use saml::refusal::Refusal;
use session::{LogoutEnd, PendingLogout};

use crate::endpoint_kind::EndpointKind;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

/// Leaves the address with the message: for the page that the user wanted to end on, or for the one
/// that says what they must know first.
pub(super) fn go_on<S>(sp: &Sp<S>, logout: &PendingLogout) -> Reply {
    match (&logout.end, &logout.return_url, sp.endpoints.get(EndpointKind::Sls)) {
        (Some(LogoutEnd::Everywhere), Some(url), _) => Reply::redirect(303, url.clone()),
        (_, _, Some(sls)) => Reply::redirect(303, sls.to_owned()),
        // A reload took the SLS away while the IdP was asked.
        (_, _, None) => page(logout),
    }
}

/// The page, for the browser whose logout it was.
///
/// # Errors
/// There is none to tell of: the request is just one without a message.
pub(super) async fn show<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    no_message: Refusal,
) -> Result<Reply, Refusal> {
    let logout = sp.pending_logouts(&visit.head, visit.now)?.find(|logout| logout.end.is_some());
    let Some(logout) = logout else { return Err(no_message) };
    visit.circumstances.set_request_id(&logout.request_id);
    // Since then, in another tab: nobody must believe that they are out.
    match sp.session_of(visit).await? {
        Some(_) => Ok(Reply::html(200, signed_in_again(logout.return_url.as_deref()))),
        None => Ok(page(&logout)),
    }
}

fn page(logout: &PendingLogout) -> Reply {
    let next = logout.return_url.as_deref();
    match &logout.end {
        Some(LogoutEnd::Everywhere) => Reply::html(200, logged_out(LoggedOut::Everywhere, next)),
        Some(LogoutEnd::Partly) => Reply::html(200, logged_out(LoggedOut::Partly, next)),
        Some(LogoutEnd::HereOnly(code)) => here_only(code, &logout.request_id, next),
        None => Reply::html(200, logged_out(LoggedOut::Here, next)),
    }
}

/// Tells the user at once how far a logout got: nginx itself has asked the IdP.
pub(super) fn at_once(outcome: LogoutOutcome, return_url: Option<String>) -> Reply {
    match (outcome, return_url) {
        (LogoutOutcome::Complete, Some(url)) => Reply::redirect(303, url),
        (LogoutOutcome::Complete, None) => {
            Reply::html(200, logged_out(LoggedOut::Everywhere, None))
        }
        // Before anything else, for the user must act.
        (LogoutOutcome::Partial, url) => {
            Reply::html(200, logged_out(LoggedOut::Partly, url.as_deref()))
        }
    }
}

/// Tells the user that the IdP did not do as asked; the session here has ended all the same.
pub(super) fn failed(refusal: Refusal, request_id: &str, return_url: Option<&str>) -> Reply {
    here_only(refusal.code(), request_id, return_url).because(refusal)
}

fn here_only(code: &str, request_id: &str, return_url: Option<&str>) -> Reply {
    let known = REASONS.iter().find(|reason| reason.code() == code);
    let status = known.unwrap_or(&reason::LOGOUT_FAILED).status();
    Reply::html(status, logged_out_here_only(code, request_id, return_url))
}
