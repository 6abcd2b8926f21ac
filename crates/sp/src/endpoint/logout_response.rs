//! An IdP's answer to our LogoutRequest (Profiles 4.4.3.5): the user is told how far it got.
//!
//! Whatever the answer is worth, the session here had ended before the IdP was asked. What the answer
//! comes to stays in the sealed cookie of the logout, and the browser leaves the address with the
//! message behind: a reload or the Back button finds the same page.

use http::browser;
use pages::{LoggedOut, Reply};
use saml::logout::{LogoutOutcome, ReceivedLogoutResponse};
use saml::reason;
use saml::refusal::{Refusal, Sender, quote};
use session::{LogoutEnd, PendingLogout};

use super::logged_out;
use super::logout::{ANSWER_WITHIN, remember};
use super::logout_origin::{address, send_on};
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

/// Judges the answer, and goes where the user wanted to go.
pub(super) fn conclude<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    response: ReceivedLogoutResponse,
    url: &str,
    relay_state: Option<&str>,
) -> Result<Reply, Refusal> {
    let asked = response.in_response_to();
    if let Some(asked) = &asked {
        visit.circumstances.set_request_id(asked);
    }
    let logout = match asked.as_deref().map(|id| logout_of(visit, sp, id)).transpose()?.flatten() {
        Some(logout) => Some(logout),
        None => named_by(visit, sp, relay_state)?,
    };
    let id = asked.as_deref().or(relay_state);
    let elsewhere = || id.and_then(|id| send_on(visit, sp, id, url));
    match logout {
        None => elsewhere().map_or_else(|| unasked(visit, sp, response, url), Ok),
        Some(logout) if is_settled(&logout) => Ok(logged_out::go_on(sp, &logout)),
        Some(logout) => {
            let outcome = judge(visit, sp, &logout, response, url);
            settle(visit, sp, logout, outcome)
        }
    }
}

/// The logout of this browser that RelayState names: of a message that cannot be read, or does not say
/// what it answers.
pub(super) fn named_by<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    relay_state: Option<&str>,
) -> Result<Option<PendingLogout>, Refusal> {
    relay_state.map_or(Ok(None), |id| logout_of(visit, sp, id))
}

/// Ends a logout of this browser, by what its answer is worth.
pub(super) fn settle<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    logout: PendingLogout,
    outcome: Result<LogoutOutcome, Refusal>,
) -> Result<Reply, Refusal> {
    visit.circumstances.set_request_id(&logout.request_id);
    visit.circumstances.sender.set(Sender::Known);
    let end = match &outcome {
        Ok(LogoutOutcome::Complete) => LogoutEnd::Everywhere,
        Ok(LogoutOutcome::Partial) => LogoutEnd::Partly,
        Err(refusal) => LogoutEnd::HereOnly(refusal.code().to_owned()),
    };
    let logout = PendingLogout { end: Some(end), expires: visit.now + ANSWER_WITHIN, ..logout };
    let reply = logged_out::go_on(sp, &logout).with_cookie(remember(sp, &logout)?);
    Ok(match outcome {
        Ok(_) => reply,
        Err(refusal) => reply.because(refusal),
    })
}

/// The IdP has spoken. An answer that was refused may still be followed by a good one.
fn is_settled(logout: &PendingLogout) -> bool {
    matches!(logout.end, Some(LogoutEnd::Everywhere | LogoutEnd::Partly))
}

fn judge<S>(
    visit: &Visit,
    sp: &Sp<S>,
    logout: &PendingLogout,
    response: ReceivedLogoutResponse,
    url: &str,
) -> Result<LogoutOutcome, Refusal> {
    let (idp, provider) = sp.idp_of(response.issuer())?;
    sp.note_idp(visit, &provider.entity_id);
    if idp.name() != logout.idp {
        let (found, asked) = (quote(idp.name()), quote(&logout.idp));
        let detail = format!("saml_idp {found} answers the logout that began at saml_idp {asked}");
        return Err(Refusal::new(&reason::ISSUER_MISMATCH, detail));
    }
    let url = address(sp, url, &response);
    response.accept(&sp.expected(visit, &provider, &url, visit.now), Some(&logout.request_id))
}

/// No logout of this browser: from server to server (authentik), or from who knows where.
fn unasked<S>(
    visit: &Visit,
    sp: &Sp<S>,
    response: ReceivedLogoutResponse,
    url: &str,
) -> Result<Reply, Refusal> {
    let (_, provider) = sp.idp_of(response.issuer())?;
    if browser::is_browser(&visit.head) {
        let asked = quote(&response.in_response_to().unwrap_or_default());
        let detail = format!("InResponseTo is {asked}, no logout of this browser has that ID");
        return Err(Refusal::new(&reason::LOGOUT_RESPONSE_UNKNOWN, detail));
    }
    response.accept(&sp.expected(visit, &provider, url, visit.now), None)?;
    // Nobody is there to be told.
    Ok(Reply::html(200, pages::logged_out(LoggedOut::Everywhere, None)))
}

fn logout_of<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    request_id: &str,
) -> Result<Option<PendingLogout>, Refusal> {
    let mut logouts = sp.pending_logouts(&visit.head, visit.now)?;
    Ok(logouts.find(|logout| logout.request_id == request_id))
}
