//! From a login that was accepted to a session and its cookie.

use std::rc::Rc;

use clock::UnixTime;
use pages::Reply;
use saml::reason;
use saml::refusal::{Refusal, quote};
use saml::response::Login;
use session::{Claimed, Logins, PendingLogin, Session, SessionToken, StoreKey};

use crate::config::Sp;
use crate::random;

/// A login that the IdP's Response proves, and what is left to do about it.
pub struct Arrival {
    pub sp: Rc<Sp>,
    pub login: Login,
    /// The AuthnRequest that was answered.
    pub pending: Option<PendingLogin>,
    /// Where the browser goes.
    pub landing: String,
    pub browser: Browser,
    pub now: UnixTime,
}

/// What the browser brought along.
pub struct Browser {
    /// The sessions it had.
    pub sessions: Vec<StoreKey>,
    /// Its loop guard, with this login counted.
    pub logins: Logins,
}

impl Arrival {
    /// Claims the assertion, makes the session under a token that nobody has seen before, and sends
    /// the browser on its way.
    pub async fn establish(self) -> Result<Reply, Refusal> {
        let Arrival { sp, login, pending, landing, browser, now } = self;
        claim(&sp, &login, pending.as_ref(), now).await?;
        let token = SessionToken::from_random(random::bytes());
        let assertion_id = login.assertion_id.clone();
        let session = session(&sp, login, now);
        sp.sessions.create(&token, &session, now).await?;
        // After the session can be found: a logout that came before does not know it, and a later
        // one will.
        if sp.sessions.was_logged_out(&session, now).await? {
            sp.sessions.end(token.store_key(&sp.id), session.expires, now).await?;
            return Err(Refusal::new(
                &reason::ASSERTION_LOGGED_OUT,
                format!(
                    "a LogoutRequest came after the assertion {} was issued",
                    quote(&assertion_id)
                ),
            ));
        }
        end_replaced(&sp, pending.as_ref(), &browser, now).await?;
        let reply = go_on(&sp, landing)
            .with_cookie(sp.cookies.set_session(&token))
            .with_cookie(sp.cookies.set_logins(browser.logins));
        match pending {
            Some(pending) => remember_answer(&sp, pending, now, reply),
            None => Ok(reply),
        }
    }
}

/// Claims the assertion, and the request it answers, once for all workers and hosts of the SP: whoever
/// comes second is a replay. The audience of an assertion is an SP by its entityID; another SP with
/// the same store has no say in it.
async fn claim(
    sp: &Sp,
    login: &Login,
    pending: Option<&PendingLogin>,
    now: UnixTime,
) -> Result<(), Refusal> {
    let (issuer, name_id) = (login.idp_entity_id.as_str(), login.name_id.value.as_str());
    // As long as the request, whose claim has no owner of its own.
    let request_until = pending.map_or(UnixTime::MIN, |pending| pending.expires);
    let until = login.replay_until.max(request_until);
    match sp.sessions.claim(issuer, name_id, &login.assertion_id, until, now).await? {
        Claimed::First => {}
        Claimed::Again => {
            return Err(Refusal::new(
                &reason::ASSERTION_REPLAYED,
                format!("the assertion {} was used before", quote(&login.assertion_id)),
            ));
        }
        Claimed::TooMany => {
            return Err(Refusal::new(
                &reason::LOGINS_TOO_MANY,
                format!(
                    "the NameID {} of {} has used as many assertions as one may that are remembered",
                    quote(name_id),
                    quote(issuer)
                ),
            ));
        }
    }
    let Some(pending) = pending else { return Ok(()) };
    let store = &sp.sessions.store;
    let request = ["request", &sp.entity_id, issuer, &pending.request_id];
    if !store.claim(&request, pending.expires, now).await? {
        return Err(Refusal::new(
            &reason::REQUEST_ANSWERED,
            format!("the login {} was answered before", quote(&pending.request_id)),
        ));
    }
    Ok(())
}

/// A login ends the session that the browser had before.
async fn end_replaced(
    sp: &Sp,
    pending: Option<&PendingLogin>,
    browser: &Browser,
    now: UnixTime,
) -> Result<(), Refusal> {
    let end = now + sp.sessions.rules.lifetime;
    let replaced = pending.and_then(|pending| pending.replaces);
    let sessions: Vec<_> =
        browser.sessions.iter().copied().chain(replaced).map(|key| (key, end)).collect();
    sp.sessions.end_all(&sessions, now).await
}

/// Keeps the login's cookie as the memory of where it went, for the Back button.
fn remember_answer(
    sp: &Sp,
    pending: PendingLogin,
    now: UnixTime,
    reply: Reply,
) -> Result<Reply, Refusal> {
    let answered = pending.answered();
    let sealed = answered
        .seal_cookie(sp.sessions.store.secrets()?, &sp.id, random::bytes())
        .map_err(|e| Refusal::new(&reason::SEALING_FAILED, e.to_string()))?;
    let left = answered.expires - now;
    Ok(reply.with_cookie(sp.cookies.set_request(&answered.request_id, &sealed, left)))
}

/// Sends the browser to its page. A redirect goes on being the IdP's cross-site request, to which a
/// `SameSite=Strict` cookie does not belong; a page of our own starts anew.
pub fn go_on(sp: &Sp, landing: String) -> Reply {
    if sp.cookies.survive_redirects() {
        return Reply::redirect(303, landing);
    }
    Reply::html(200, pages::go_on(&landing))
}

fn session(sp: &Sp, login: Login, now: UnixTime) -> Session {
    let end = now + sp.sessions.rules.lifetime;
    Session {
        idp: login.idp_entity_id,
        name_id: login.name_id,
        session_index: login.session_index,
        authn_instant: login.authn_instant,
        authn_context: login.authn_context,
        issue_instant: login.issue_instant,
        sp: sp.id,
        created: now,
        expires: login.session_not_on_or_after.map_or(end, |idp_end| end.min(idp_end)),
        attributes: login.attributes,
    }
}
