//! Messages that come to the ACS or the SLS: read, decoded, told apart by their root. IdPs that know
//! one URL only send all kinds of them there.

use std::rc::Rc;

use http::content_type;
use ngx::http::Request;
use pages::About;
use saml::binding::{decode_post, decode_redirect, is_soap};
use saml::reason;
use saml::receive::{Received, receive, receive_redirect, receive_soap};
use saml::refusal::{Refusal, Sender, quote};
use xmldoc::Limits;

use super::{Answer, acs, logged_out, logout_request, logout_response};
use crate::clock::now;
use crate::config::{EndpointKind, Sp};
use crate::context::Context;
use crate::request::{self, BodyError, headers};
use crate::sp::Idp;

/// Lets nginx read a body, unless it is declared too large.
pub fn expect_body(r: &mut Request, sp: &Rc<Sp>) -> Result<Answer, Refusal> {
    let declared = usize::try_from(r.as_ref().headers_in.content_length_n).unwrap_or(0);
    if declared > body_limit(sp) {
        return Err(unreadable(r, sp, too_large(sp)));
    }
    Ok(Answer::WithBody)
}

/// Takes the message of a body that nginx has read whole.
pub fn consume_body(r: &mut Request, sp: &Rc<Sp>) -> Result<Answer, Refusal> {
    match read_body(r, sp) {
        Ok(message) => dispatch(r, sp, message),
        Err(refusal) => {
            let body = request::body(r, body_limit(sp)).unwrap_or_default();
            let relay_state = form_urlencoded::parse(&body).find(|(name, _)| name == "RelayState");
            refuse(r, sp, relay_state.map(|(_, value)| value).as_deref(), refusal)
        }
    }
}

/// Takes the message of a query (HTTP-Redirect): some IdPs answer a login so by default.
pub fn consume_query(r: &mut Request, sp: &Rc<Sp>) -> Result<Answer, Refusal> {
    if let Some(sealed) = request::argument(r, acs::RESUMPTION) {
        return acs::resume(r, sp, &sealed);
    }
    match read_query(r, sp) {
        Ok(message) => dispatch(r, sp, message),
        Err(refusal) if is_at_sls(r) && refusal.code() == reason::MESSAGE_MISSING.code() => {
            logged_out::show(r, sp, unreadable(r, sp, refusal))
        }
        Err(refusal) => {
            let relay_state = request::argument(r, "RelayState");
            refuse(r, sp, relay_state.as_deref(), refusal)
        }
    }
}

/// A message that could be read, and what came with it.
struct Message {
    received: Received,
    relay_state: Option<String>,
}

/// A form (HTTP-POST), or an envelope (SOAP).
fn read_body(r: &Request, sp: &Sp) -> Result<Message, Refusal> {
    let body = request::body(r, body_limit(sp)).map_err(|e| match e {
        BodyError::TooLarge => too_large(sp),
        BodyError::Unreadable => {
            Refusal::new(&reason::BODY_UNREADABLE, "nginx's temporary file cannot be read back")
        }
    })?;
    let content_type = content_type(headers(r));
    if is_soap(content_type) {
        let received = receive_soap(&body, &limits(sp)).map_err(no_answer)?;
        return Ok(Message { received, relay_state: None });
    }
    let message = decode_post(content_type, &body, sp.max_message_size)?;
    let received = receive(&message.xml, &limits(sp))?;
    Ok(Message { received, relay_state: message.relay_state })
}

/// A Fault answers a request, and nobody here asked.
fn no_answer(refusal: Refusal) -> Refusal {
    if refusal.code() != reason::SOAP_FAULT.code() {
        return refusal;
    }
    Refusal::new(&reason::MESSAGE_UNEXPECTED, format!("a SOAP Fault: {}", refusal.detail()))
}

fn read_query(r: &Request, sp: &Sp) -> Result<Message, Refusal> {
    let message = decode_redirect(r.as_ref().args.as_bytes(), sp.max_message_size)?;
    let relay_state = message.relay_state.clone();
    Ok(Message { received: receive_redirect(message, &limits(sp))?, relay_state })
}

/// Refuses what cannot be read, or is no answer to what was asked. When RelayState names a logout of
/// this browser it is the answer to that, and the user is out here all the same.
fn refuse(
    r: &Request,
    sp: &Sp,
    relay_state: Option<&str>,
    refusal: Refusal,
) -> Result<Answer, Refusal> {
    let now = now();
    match logout_response::named_by(r, sp, relay_state, now)? {
        Some(logout) => logout_response::settle(r, sp, logout, Err(refusal), now),
        None => Err(unreadable(r, sp, refusal)),
    }
}

/// Nothing says who sent it but the browser, which may have a login or logout of ours under way.
fn unreadable(r: &Request, sp: &Sp, refusal: Refusal) -> Refusal {
    let now = now();
    let logs_out = || sp.pending_logouts(r, now).is_ok_and(|mut all| all.next().is_some());
    if sp.is_logging_in(r, now) || logs_out() {
        is_from_known(r);
    }
    refusal
}

/// What is refused from here on is no stranger's.
fn is_from_known(r: &Request) {
    if let Some(context) = Context::of_or_new(r) {
        context.circumstances().sender.set(Sender::Known);
    }
}

fn dispatch(
    r: &Request,
    sp: &Rc<Sp>,
    Message { received, relay_state }: Message,
) -> Result<Answer, Refusal> {
    let relay_state = relay_state.as_deref();
    if idp_of_issuer(sp, received.issuer()).is_ok() {
        is_from_known(r);
    }
    let at_sls = is_at_sls(r);
    if let Some(context) = Context::of_or_new(r) {
        context.circumstances().about.set(Some(match received {
            Received::Response(_) => About::SignIn,
            Received::LogoutRequest(_) | Received::LogoutResponse(_) => About::SignOut,
        }));
    }
    let url = match &sp.endpoints.sls {
        Some(sls) if at_sls => sls,
        _ => &sp.endpoints.acs,
    };
    match received {
        Received::Response(_) if at_sls => {
            let detail = format!("a Response came to saml_sls, the ACS is {}", sp.endpoints.acs);
            refuse(r, sp, relay_state, Refusal::new(&reason::MESSAGE_UNEXPECTED, detail))
        }
        Received::Response(response) => acs::consume(r, sp, response, relay_state),
        Received::LogoutRequest(request) => {
            logout_request::answer(r, sp, request, url, relay_state)
        }
        Received::LogoutResponse(response) => {
            logout_response::conclude(r, sp, response, url, relay_state)
        }
    }
}

fn is_at_sls(r: &Request) -> bool {
    super::kind_of(r) == Some(EndpointKind::Sls)
}

/// The IdP that says it wrote a message.
pub fn idp_of_issuer(sp: &Sp, issuer: Option<String>) -> Result<Rc<Idp>, Refusal> {
    let issuer = issuer.unwrap_or_default();
    sp.idps.of_entity(&issuer).ok_or_else(|| {
        Refusal::new(
            &reason::IDP_UNKNOWN,
            format!("the Issuer is {}, no \"idp\" of saml_sp \"{}\"", quote(&issuer), sp.name),
        )
    })
}

pub fn limits(sp: &Sp) -> Limits {
    Limits { bytes: sp.max_message_size, ..Limits::default() }
}

/// Base64 is a third more than the XML, percent-encoding some more; RelayState and strangers' fields
/// have room too.
fn body_limit(sp: &Sp) -> usize {
    sp.max_message_size.saturating_mul(2).saturating_add(16 << 10)
}

fn too_large(sp: &Sp) -> Refusal {
    Refusal::new(
        &reason::MESSAGE_TOO_LARGE,
        format!("the form is larger than max_message_size {} allows", sp.max_message_size),
    )
}
