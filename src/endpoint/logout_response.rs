//! An IdP's answer to our LogoutRequest (Profiles 4.4.3.5): the user is told how far it got.
//!
//! Whatever the answer is worth, the session here had ended before the IdP was asked. What the answer
//! comes to stays in the sealed cookie of the logout, and the browser leaves the address with the
//! message behind: a reload or the Back button finds the same page.

use std::rc::Rc;

use clock::UnixTime;
use http::browser;
use ngx::http::Request;
use pages::Reply;
use saml::logout::{LogoutOutcome, ReceivedLogoutResponse};
use saml::message::Expected;
use saml::provider;
use saml::reason;
use saml::refusal::{Refusal, Sender, quote};
use session::{LogoutEnd, PendingLogout};

use super::incoming::idp_of_issuer;
use super::logout::{ANSWER_WITHIN, remember};
use super::{Answer, logged_out};
use crate::clock::now;
use crate::config::Sp;
use crate::context::Context;
use crate::request::headers;

/// Judges the answer, and goes where the user wanted to go.
pub fn conclude(
    r: &Request,
    sp: &Rc<Sp>,
    response: ReceivedLogoutResponse,
    url: &str,
    relay_state: Option<&str>,
) -> Result<Answer, Refusal> {
    let now = now();
    let asked = response.in_response_to();
    if let (Some(context), Some(asked)) = (Context::of_or_new(r), &asked) {
        context.circumstances().set_request_id(asked);
    }
    let logout = match asked.as_deref().map(|id| logout_of(r, sp, id, now)).transpose()?.flatten() {
        Some(logout) => Some(logout),
        None => named_by(r, sp, relay_state, now)?,
    };
    match logout {
        None => unasked(r, sp, response, url, now),
        Some(logout) if is_settled(&logout) => Ok(Answer::Now(logged_out::go_on(sp, &logout))),
        Some(logout) => {
            let outcome = judge(sp, &logout, response, url, now);
            settle(r, sp, logout, outcome, now)
        }
    }
}

/// The logout of this browser that RelayState names: of a message that cannot be read, or does not say
/// what it answers.
pub fn named_by(
    r: &Request,
    sp: &Sp,
    relay_state: Option<&str>,
    now: UnixTime,
) -> Result<Option<PendingLogout>, Refusal> {
    relay_state.map_or(Ok(None), |id| logout_of(r, sp, id, now))
}

/// Ends a logout of this browser, by what its answer is worth.
pub fn settle(
    r: &Request,
    sp: &Sp,
    logout: PendingLogout,
    outcome: Result<LogoutOutcome, Refusal>,
    now: UnixTime,
) -> Result<Answer, Refusal> {
    if let Some(context) = Context::of_or_new(r) {
        context.circumstances().set_request_id(&logout.request_id);
        context.circumstances().sender.set(Sender::Known);
    }
    let end = match &outcome {
        Ok(LogoutOutcome::Complete) => LogoutEnd::Everywhere,
        Ok(LogoutOutcome::Partial) => LogoutEnd::Partly,
        Err(refusal) => LogoutEnd::HereOnly(refusal.code().to_owned()),
    };
    let expires = now + ANSWER_WITHIN;
    let logout = PendingLogout { end: Some(end), expires, ..logout };
    let reply = logged_out::go_on(sp, &logout).with_cookie(remember(sp, &logout)?);
    Ok(Answer::Now(match outcome {
        Ok(_) => reply,
        Err(refusal) => reply.because(refusal),
    }))
}

/// The IdP has spoken. An answer that was refused may still be followed by a good one.
fn is_settled(logout: &PendingLogout) -> bool {
    matches!(logout.end, Some(LogoutEnd::Everywhere | LogoutEnd::Partly))
}

fn judge(
    sp: &Sp,
    logout: &PendingLogout,
    response: ReceivedLogoutResponse,
    url: &str,
    now: UnixTime,
) -> Result<LogoutOutcome, Refusal> {
    let idp = idp_of_issuer(sp, response.issuer())?;
    if idp.name() != logout.idp {
        let (found, asked) = (quote(idp.name()), quote(&logout.idp));
        let detail = format!("saml_idp {found} answers the logout that began at saml_idp {asked}");
        return Err(Refusal::new(&reason::ISSUER_MISMATCH, detail));
    }
    let provider = sp.provider(&idp)?;
    response.accept(&expected(sp, &provider, url, now), Some(&logout.request_id))
}

/// No logout of this browser: from server to server (authentik), or from who knows where.
fn unasked(
    r: &Request,
    sp: &Sp,
    response: ReceivedLogoutResponse,
    url: &str,
    now: UnixTime,
) -> Result<Answer, Refusal> {
    let idp = idp_of_issuer(sp, response.issuer())?;
    if browser::is_browser(headers(r)) {
        let asked = quote(&response.in_response_to().unwrap_or_default());
        let detail = format!("InResponseTo is {asked}, no logout of this browser has that ID");
        return Err(Refusal::new(&reason::LOGOUT_RESPONSE_UNKNOWN, detail));
    }
    let provider = sp.provider(&idp)?;
    response.accept(&expected(sp, &provider, url, now), None)?;
    // Nobody is there to be told.
    Ok(Answer::Now(Reply::html(200, pages::logged_out(pages::LoggedOut::Everywhere, None))))
}

fn expected<'a>(sp: &'a Sp, idp: &'a provider::Idp, url: &'a str, now: UnixTime) -> Expected<'a> {
    let decryption_keys = &sp.decryption_keys;
    Expected { url, sp_entity_id: &sp.entity_id, idp, decryption_keys, now }
}

fn logout_of(
    r: &Request,
    sp: &Sp,
    request_id: &str,
    now: UnixTime,
) -> Result<Option<PendingLogout>, Refusal> {
    Ok(sp.pending_logouts(r, now)?.find(|logout| logout.request_id == request_id))
}
