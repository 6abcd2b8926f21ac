//! `saml_acs`: the Assertion Consumer Service. A Response comes in, a session goes out.

mod arrival;
mod resumption;

use std::rc::Rc;

use clock::UnixTime;
use ngx::http::Request;
use saml::message::Expected;
use saml::provider;
use saml::reason;
use saml::refusal::{Refusal, Sender, quote};
use saml::response::{Asked, ReceivedResponse};
use session::{Logins, PendingError, PendingLogin};

use self::arrival::{Arrival, Browser, go_on};
pub use self::resumption::{RESUMPTION, resume};
use super::Answer;
use super::incoming::idp_of_issuer;
use crate::clock::now;
use crate::config::Sp;
use crate::context::Context;
use crate::decryption_budget;
use crate::errand;

/// Consumes a Response.
pub fn consume(
    r: &Request,
    sp: &Rc<Sp>,
    response: ReceivedResponse,
    relay_state: Option<&str>,
) -> Result<Answer, Refusal> {
    let now = now();
    match response.in_response_to() {
        Some(request_id) => answered(r, sp, response, &request_id, relay_state, now),
        None => unsolicited(r, sp, response, relay_state, now),
    }
}

/// The Response answers an AuthnRequest: one of this browser's?
fn answered(
    r: &Request,
    sp: &Rc<Sp>,
    response: ReceivedResponse,
    request_id: &str,
    relay_state: Option<&str>,
    now: UnixTime,
) -> Result<Answer, Refusal> {
    let context = Context::of_or_new(r);
    // First, so that a refusal joins the line of the redirect.
    context.inspect(|context| context.circumstances().set_request_id(request_id));
    let mut pending = match pending_login(r, sp, request_id, now)? {
        Known::Waiting(pending) => pending,
        // The Back button posts the form again. This browser's own cookie says where that login
        // went; whether there still is a session is asked there.
        Known::Answered(url) => return Ok(Answer::Now(go_on(sp, sp.absolute(&url)))),
        known => return Err(resumption::refuse(r, sp, request_id, known, relay_state, now)),
    };
    pending.return_url = sp.absolute(&pending.return_url);
    context.inspect(|context| {
        context.circumstances().sender.set(Sender::Known);
        context.circumstances().start_again.replace(Some(pending.return_url.clone()));
    });
    let provider = idp_named(sp, &pending.idp)?;
    let asked = Asked {
        id: &pending.request_id,
        issue_instant: pending.issue_instant,
        force_authn: pending.force_authn,
        authn_context: pending.authn_context.as_ref(),
    };
    match decryption_budget::accept(r, response, &expected(sp, &provider, now), Some(asked)) {
        Ok(login) => {
            let landing = pending.return_url.clone();
            let (sp, browser) = (Rc::clone(sp), browser(r, sp, now));
            let arrival = Arrival { sp, login, pending: Some(pending), landing, browser, now };
            Ok(Answer::Later(errand::start(|_| arrival.establish())))
        }
        Err(refusal) if pending.passive && refusal.code() == reason::NO_PASSIVE.code() => {
            // As asked: the IdP did not bother the user, who goes on without a session.
            let cookie = sp.cookies.clear_request(&sp.cookies.request_name(request_id));
            Ok(Answer::Now(go_on(sp, pending.return_url).with_cookie(cookie)))
        }
        Err(refusal) => Err(refusal),
    }
}

/// An IdP-initiated login (Profiles 4.1.5): its RelayState may name a page of ours.
fn unsolicited(
    r: &Request,
    sp: &Rc<Sp>,
    response: ReceivedResponse,
    relay_state: Option<&str>,
    now: UnixTime,
) -> Result<Answer, Refusal> {
    let idp = idp_of_issuer(sp, response.issuer())?;
    let provider = sp.provider(&idp)?;
    if !provider.policy.allow_unsolicited {
        // Before any signature is looked at: strangers must not make us compute.
        return Err(Refusal::new(
            &reason::UNSOLICITED,
            format!(
                "the Response has no InResponseTo, allow_unsolicited is off for {}",
                idp.name()
            ),
        ));
    }
    let login = decryption_budget::accept(r, response, &expected(sp, &provider, now), None)?;
    let landing = relay_state
        .and_then(|url| sp.return_targets.check(url))
        .unwrap_or_else(|| sp.login_redirect.clone());
    let (sp, browser) = (Rc::clone(sp), browser(r, sp, now));
    let arrival = Arrival { sp, login, pending: None, landing, browser, now };
    Ok(Answer::Later(errand::start(|_| arrival.establish())))
}

fn browser(r: &Request, sp: &Sp, now: UnixTime) -> Browser {
    Browser {
        sessions: sp.session_keys(r).collect(),
        logins: Logins::after_login(sp.cookies.logins(r), now),
    }
}

/// What this browser knows of a login.
pub enum Known {
    Waiting(PendingLogin),
    /// It has been answered: where it went.
    Answered(String),
    /// It took too long: where it was to go.
    Expired(String),
    Nothing,
}

fn pending_login(r: &Request, sp: &Sp, request_id: &str, now: UnixTime) -> Result<Known, Refusal> {
    let mut known = Known::Nothing;
    for value in sp.cookies.request_values(r, request_id) {
        match PendingLogin::open_cookie(sp.sessions.store.secrets()?, &sp.id, value, now) {
            Ok(pending) if pending.request_id == request_id => {
                return Ok(match pending.answered {
                    true => Known::Answered(pending.return_url),
                    false => Known::Waiting(pending),
                });
            }
            Err(PendingError::Expired(pending)) if pending.request_id == request_id => {
                known = match pending.answered {
                    true => Known::Answered(pending.return_url),
                    false => Known::Expired(pending.return_url),
                };
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(known)
}

/// The IdP that was asked, as it is now.
fn idp_named(sp: &Sp, name: &str) -> Result<Rc<provider::Idp>, Refusal> {
    sp.idp_named(name).and_then(|idp| idp.current()).ok_or_else(|| {
        Refusal::new(
            &reason::IDP_UNKNOWN,
            format!("the login began at saml_idp {}, which is no longer configured", quote(name)),
        )
    })
}

fn expected<'a>(sp: &'a Sp, idp: &'a provider::Idp, now: UnixTime) -> Expected<'a> {
    Expected {
        sp_entity_id: &sp.entity_id,
        url: &sp.endpoints.acs,
        idp,
        decryption_keys: &sp.decryption_keys,
        now,
    }
}
