//! Messages that come to the ACS or the SLS: read, decoded, told apart by their root. IdPs that know
//! one URL only send all kinds of them there.

use std::rc::Rc;

use ngx::http::Request;
use saml::binding::{decode_post, decode_redirect, is_soap};
use saml::message::{Received, receive, receive_redirect, receive_soap};
use saml::reason;
use saml::refusal::{Refusal, quote};
use xmldoc::Limits;

use super::{Answer, acs, logout_request, logout_response};
use crate::config::{EndpointKind, Idp, Sp};
use crate::request::{self, BodyError};

/// Lets nginx read a body, unless it is declared too large.
pub fn expect_body(r: &mut Request, sp: &Rc<Sp>) -> Result<Answer, Refusal> {
    let declared = usize::try_from(r.as_ref().headers_in.content_length_n).unwrap_or(0);
    if declared > body_limit(sp) { Err(too_large(sp)) } else { Ok(Answer::WithBody) }
}

/// Takes the message of a body that nginx has read whole: a form (HTTP-POST) or an envelope (SOAP).
pub fn consume_body(r: &mut Request, sp: &Rc<Sp>) -> Result<Answer, Refusal> {
    let body = request::body(r, body_limit(sp)).map_err(|e| match e {
        BodyError::TooLarge => too_large(sp),
        BodyError::Unreadable => {
            Refusal::new(&reason::BODY_UNREADABLE, "nginx's temporary file cannot be read back")
        }
    })?;
    let content_type = request::content_type(r);
    if is_soap(content_type) {
        return dispatch(r, sp, receive_soap(&body, &limits(sp))?, None);
    }
    let message = decode_post(content_type, &body, sp.max_message_size)?;
    let received = receive(&message.xml, &limits(sp))?;
    dispatch(r, sp, received, message.relay_state.as_deref())
}

/// Takes the message of a query (HTTP-Redirect): some IdPs answer a login so by default.
pub fn consume_query(r: &mut Request, sp: &Rc<Sp>) -> Result<Answer, Refusal> {
    let message = decode_redirect(r.as_ref().args.as_bytes(), sp.max_message_size)?;
    let relay_state = message.relay_state.clone();
    let received = receive_redirect(message, &limits(sp))?;
    dispatch(r, sp, received, relay_state.as_deref())
}

fn dispatch(
    r: &Request,
    sp: &Rc<Sp>,
    received: Received,
    relay_state: Option<&str>,
) -> Result<Answer, Refusal> {
    let at_sls = super::kind_of(r) == Some(EndpointKind::Sls);
    let url = match &sp.endpoints.sls {
        Some(sls) if at_sls => sls,
        _ => &sp.endpoints.acs,
    };
    match received {
        Received::Response(_) if at_sls => Err(Refusal::new(
            &reason::MESSAGE_UNEXPECTED,
            format!("a Response came to saml_sls, the ACS is {}", sp.endpoints.acs),
        )),
        Received::Response(response) => acs::consume(r, sp, response, relay_state),
        Received::LogoutRequest(request) => {
            logout_request::answer(r, sp, request, url, relay_state)
        }
        Received::LogoutResponse(response) => logout_response::conclude(r, sp, response, url),
    }
}

/// The IdP that says it wrote a message.
pub fn idp_of_issuer(sp: &Sp, issuer: Option<String>) -> Result<&Idp, Refusal> {
    let issuer = issuer.unwrap_or_default();
    sp.idps.iter().find(|idp| idp.provider.entity_id == issuer).ok_or_else(|| {
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
