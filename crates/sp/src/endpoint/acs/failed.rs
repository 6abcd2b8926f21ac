//! A login that ends without a session because the IdP says so, or because the browser would not keep it.

use http::{Headers, browser};
use pages::Reply;
use saml::reason;
use saml::refusal::Refusal;
use saml::response::ReceivedResponse;
use session::PendingLogin;

use super::arrival::go_on;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

/// For the administrator of an application that renews its session in a frame.
const IN_FRAME: &str = "a passive login ended in a frame, where the browser would not keep its session; let it \
     happen in a window, or set \"cookie_same_site none\"";

/// The login that an error is about which does not say it: Keycloak leaves InResponseTo out of its errors.
/// RelayState names it then, which the IdP and this browser alone know. Who is signed in by a Response is never
/// found so.
///
/// # Errors
/// The store has no secret yet.
pub(super) fn request_id<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    response: &ReceivedResponse,
    relay_state: Option<&str>,
) -> Result<Option<String>, Refusal> {
    let Some(relay_state) = relay_state.filter(|_| response.says_failure()) else {
        return Ok(None);
    };
    for (login, has_expired) in sp.logins(&visit.head, visit.now)? {
        let is_open = !login.answered && !has_expired;
        if is_open && sp.is_named_by(&login, relay_state)? {
            return Ok(Some(login.request_id));
        }
    }
    Ok(None)
}

/// Who was asked about silently goes on without a session when the IdP says that it signs nobody in, for
/// whatever reason: they have asked for nothing. What breaks a rule is refused all the same.
///
/// # Errors
/// That, and what the IdP says of a login that somebody has asked for.
pub(super) fn end<S>(
    visit: &Visit,
    sp: &Sp<S>,
    pending: &PendingLogin,
    refusal: Refusal,
) -> Result<Reply, Refusal> {
    let reason = refusal.reason();
    if !pending.passive {
        return Err(refusal);
    }
    if reason == &reason::NO_PASSIVE {
        return Ok(without_session(visit, sp, pending));
    }
    if [&reason::STATUS_NOT_SUCCESS, &reason::NO_AUTHN_CONTEXT].contains(&reason) {
        return Ok(without_session(visit, sp, pending).because(refusal));
    }
    Err(refusal)
}

/// Would the browser drop the session's cookie? It does where the IdP, another site, sends it here in a frame
/// (RFC 6265bis 5.7), and then the session of before must not end.
pub(super) fn is_lost_in_frame<S>(visit: &Visit, sp: &Sp<S>) -> bool {
    browser::is_framed(&visit.head)
        && visit.head.first("sec-fetch-site") == Some(b"cross-site")
        && !sp.cookies.reach_frames()
}

/// A passive login that would be lost so: as if the IdP knew nobody.
pub(super) fn in_frame<S>(visit: &Visit, sp: &Sp<S>, pending: &PendingLogin) -> Reply {
    visit.server.note(IN_FRAME);
    without_session(visit, sp, pending)
}

fn without_session<S>(visit: &Visit, sp: &Sp<S>, pending: &PendingLogin) -> Reply {
    let cookie = sp.cookies.clear_request(&sp.cookies.request_name(&pending.request_id));
    let reply = go_on(visit, sp, pending.return_url.clone()).with_cookie(cookie);
    reply.with_cookies(sp.after_passive_try(&visit.head))
}
