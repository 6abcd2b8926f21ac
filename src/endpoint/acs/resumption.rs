//! A Response to a login that this browser does not know (any more). It may be signed in by now, in
//! another tab; its session's cookie does not come with the IdP's cross-site POST, so that the page which
//! says what is wrong looks once more from here.

use std::rc::Rc;

use clock::{Seconds, UnixTime};
use nginx_sys::NGX_LOG_NOTICE;
use ngx::http::Request;
use ngx::ngx_log_error;
use saml::reason;
use saml::refusal::{Refusal, quote};
use session::Resumption;

use super::{Known, go_on};
use crate::clock::now;
use crate::config::Sp;
use crate::context::Context;
use crate::endpoint::Answer;
use crate::errand;
use crate::random;

/// The argument of the ACS that asks for it.
pub const RESUMPTION: &str = "saml_resumption";

/// How long the page may be kept before it looks.
const LIFETIME: Seconds = Seconds(600);

/// Refuses the Response, and remembers where the person wanted to go when anything says it: the cookie of
/// a login that took too long, or a RelayState of ours.
pub fn refuse(
    r: &Request,
    sp: &Sp,
    request_id: &str,
    known: Known,
    relay_state: Option<&str>,
    now: UnixTime,
) -> Refusal {
    let expired = matches!(known, Known::Expired(_));
    let page = match known {
        Known::Expired(page) => Some(page),
        _ => relay_state.and_then(|state| {
            sp.sessions.store.secrets().ok()?.wanted_page(&sp.id, request_id, state)
        }),
    };
    if let (Some(page), Some(context)) = (page, Context::of_or_new(r)) {
        *context.circumstances().start_again.borrow_mut() = Some(sp.absolute(&page));
        let request_id = request_id.to_owned();
        let expires = now + LIFETIME;
        *context.circumstances().resumption.borrow_mut() =
            address(sp, &Resumption { request_id, page, expired, expires });
    }
    refusal(r, sp, request_id, expired)
}

/// Goes to the page when the browser is signed in; else says again what was wrong.
pub fn resume(r: &Request, sp: &Rc<Sp>, sealed: &str) -> Result<Answer, Refusal> {
    let now = now();
    let secrets = sp.sessions.store.secrets()?;
    let Some(resumption) = Resumption::open(secrets, &sp.id, sealed, now) else {
        let detail = format!("the \"{RESUMPTION}\" argument is not ours, or too old");
        return Err(Refusal::new(&reason::ARGUMENT_INVALID, detail));
    };
    let page = sp.absolute(&resumption.page);
    if let Some(context) = Context::of_or_new(r) {
        context.circumstances().set_request_id(&resumption.request_id);
        context.circumstances().start_again.replace(Some(page.clone()));
    }
    let refusal = refusal(r, sp, &resumption.request_id, resumption.expired);
    let tokens: Vec<_> = sp.cookies.session_tokens(r).collect();
    let (sp, log) = (Rc::clone(sp), ngx::log::ngx_cycle_log().as_ptr());
    Ok(Answer::Later(errand::start(|_| async move {
        if sp.find_session(&tokens, now).await?.is_none() {
            return Err(refusal);
        }
        let id = quote(&resumption.request_id);
        ngx_log_error!(
            NGX_LOG_NOTICE,
            log,
            "saml: the browser is signed in although its login {id} was not known, and goes on to its \
             page"
        );
        Ok(go_on(&sp, page))
    })))
}

fn address(sp: &Sp, resumption: &Resumption) -> Option<String> {
    let secrets = sp.sessions.store.secrets().ok()?;
    let sealed = resumption.seal(secrets, &sp.id, random::bytes()).ok()?;
    let separator = if sp.endpoints.acs.contains('?') { '&' } else { '?' };
    Some(format!("{}{separator}{RESUMPTION}={sealed}", sp.endpoints.acs))
}

fn refusal(r: &Request, sp: &Sp, request_id: &str, expired: bool) -> Refusal {
    let id = quote(request_id);
    if expired {
        return Refusal::new(
            &reason::REQUEST_EXPIRED,
            format!("the login {id} took longer than request_lifetime, {} s", sp.request_lifetime),
        );
    }
    Refusal::new(
        &reason::REQUEST_UNKNOWN,
        format!(
            "InResponseTo is {id}, no login of this browser has that ID: it sent {} cookies of logins, \
             base_url is {}, request_lifetime is {} s",
            sp.cookies.requests(r).count(),
            sp.base_url,
            sp.request_lifetime
        ),
    )
}
