//! A Response to a login that this browser does not know (any more). It may be signed in by now, in
//! another tab; its session's cookie does not come with the IdP's cross-site POST, so that the page which
//! says what is wrong looks once more from here.

use clock::Seconds;
use pages::Reply;
use saml::reason;
use saml::refusal::{Refusal, quote};
use session::Resumption;

use super::arrival::go_on;
use super::known::Known;
use crate::random;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

/// The argument of the ACS that asks for it.
pub(crate) const RESUMPTION: &str = "saml_resumption";

/// How long the page may be kept before it looks.
const LIFETIME: Seconds = Seconds(600);

/// Refuses the Response, and remembers where the person wanted to go when anything says it: the cookie of
/// a login that took too long, or a RelayState of ours.
pub(super) fn refuse<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    request_id: &str,
    known: Known,
    relay_state: Option<&str>,
) -> Refusal {
    let expired = matches!(known, Known::Expired(_));
    let page = match known {
        Known::Expired(page) => Some(page),
        _ => relay_state
            .and_then(|state| sp.sessions.secrets().ok()?.wanted_page(&sp.id, request_id, state)),
    };
    if let Some(page) = page {
        visit.circumstances.start_again.replace(Some(sp.absolute(&page)));
        let request_id = request_id.to_owned();
        let expires = visit.now + LIFETIME;
        let address = address(sp, &Resumption { request_id, page, expired, expires });
        visit.circumstances.resumption.replace(address);
    }
    refusal(visit, sp, request_id, expired)
}

/// Goes to the page when the browser is signed in; else says again what was wrong.
pub(in crate::endpoint) async fn resume<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    sealed: &str,
) -> Result<Reply, Refusal> {
    let secrets = sp.sessions.secrets()?;
    let Some(resumption) = Resumption::open(secrets, &sp.id, sealed, visit.now) else {
        let detail = format!("the \"{RESUMPTION}\" argument is not ours, or too old");
        return Err(Refusal::new(&reason::ARGUMENT_INVALID, detail));
    };
    let page = sp.absolute(&resumption.page);
    visit.circumstances.set_request_id(&resumption.request_id);
    visit.circumstances.start_again.replace(Some(page.clone()));
    if sp.session_of(visit).await?.is_none() {
        return Err(refusal(visit, sp, &resumption.request_id, resumption.expired));
    }
    let id = quote(&resumption.request_id);
    visit.server.note(&format!(
        "the browser is signed in although its login {id} was not known, and goes on to its page"
    ));
    Ok(go_on(visit, sp, page))
}

fn address<S: SessionStore>(sp: &Sp<S>, resumption: &Resumption) -> Option<String> {
    let secrets = sp.sessions.secrets().ok()?;
    let sealed = resumption.seal(secrets, &sp.id, random::bytes()).ok()?;
    let acs = sp.endpoints.acs();
    let separator = if acs.contains('?') { '&' } else { '?' };
    Some(format!("{acs}{separator}{RESUMPTION}={sealed}"))
}

fn refusal<S>(visit: &Visit, sp: &Sp<S>, request_id: &str, expired: bool) -> Refusal {
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
            sp.cookies.requests(&visit.head).count(),
            sp.base_url,
            sp.request_lifetime
        ),
    )
}
