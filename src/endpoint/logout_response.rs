//! An IdP's answer to our LogoutRequest (Profiles 4.4.3.5): the user is told how far it got.

use std::rc::Rc;

use nginx_sys::ngx_time;
use ngx::http::Request;
use saml::logout::{Expected, LogoutOutcome, ReceivedLogoutResponse};
use saml::reason;
use saml::refusal::{Refusal, Sender, quote};
use session::PendingLogout;

use super::Answer;
use super::incoming::idp_of_issuer;
use crate::config::Sp;
use crate::context::Context;
use crate::page::{LoggedOut, logged_out, logged_out_here_only};
use crate::refuse;
use crate::reply::Reply;
use crate::request;

/// Judges the answer, and goes where the user wanted to go.
pub fn conclude(
    r: &Request,
    sp: &Rc<Sp>,
    response: ReceivedLogoutResponse,
    url: &str,
) -> Result<Answer, Refusal> {
    let now = ngx_time();
    let asked = response.in_response_to().unwrap_or_default();
    let context = Context::of_or_new(r);
    context.inspect(|context| context.set_request_id(&asked));
    let pending = pending_logout(r, sp, &asked, now)?;
    if let (Some(context), Some(_)) = (context, &pending) {
        context.sender.set(Sender::Known);
    }
    let idp = idp_of_issuer(sp, response.issuer())?;
    let pending = pending.filter(|pending| pending.idp == idp.name);
    if pending.is_none() && request::is_browser(r) {
        return Err(Refusal::new(
            &reason::LOGOUT_RESPONSE_UNKNOWN,
            format!("InResponseTo is {}, no logout of this browser has that ID", quote(&asked)),
        ));
    }
    let decryption_keys = &sp.decryption_keys;
    let expected =
        Expected { url, sp_entity_id: &sp.entity_id, idp: &idp.provider, decryption_keys, now };
    let request_id = pending.as_ref().map(|pending| pending.request_id.as_str());
    let outcome = response.accept(&expected, request_id);
    let Some(pending) = pending else {
        // From server to server: nobody is there to be told.
        outcome?;
        return Ok(Answer::Now(Reply::html(200, logged_out(LoggedOut::Everywhere, None))));
    };
    let reply = match outcome {
        Ok(outcome) => told(outcome, pending.return_url),
        Err(refusal) if refusal.code() == reason::LOGOUT_FAILED.code() => {
            failed(refusal, &pending.request_id, pending.return_url.as_deref())
        }
        Err(refusal) => return Err(refusal),
    };
    Ok(Answer::Now(reply.with_cookie(sp.cookies.clear_logout())))
}

/// Tells the user how far the logout got.
pub fn told(outcome: LogoutOutcome, return_url: Option<String>) -> Reply {
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
pub fn failed(refusal: Refusal, request_id: &str, return_url: Option<&str>) -> Reply {
    let status = refuse::status(&refusal);
    let page = logged_out_here_only(refusal.code(), request_id, return_url);
    Reply::html(status, page).because(refusal)
}

fn pending_logout(
    r: &Request,
    sp: &Sp,
    request_id: &str,
    now: i64,
) -> Result<Option<PendingLogout>, Refusal> {
    Ok(sp.pending_logouts(r, now)?.find(|pending| pending.request_id == request_id))
}
