//! From a login that was accepted to a session and its cookie.

use std::collections::HashMap;

use clock::UnixTime;
use http::browser;
use pages::Reply;
use saml::binding::is_paos;
use saml::reason;
use saml::refusal::{Refusal, quote};
use saml::response::Login;
use session::{
    Claimed, Logins, NONCE_LEN, PendingLogin, PostTicket, PostToken, Session, SessionToken,
    StoreKey,
};

use super::attributes::{check_overage, select};
use crate::event::{Member, SessionEnd, What, WhyEnded};
use crate::identity_token::session_id;
use crate::post_ticket::ticket;
use crate::random;
use crate::recorded;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

/// Claims the assertion, makes the session under a token that nobody has seen before, and sends
/// the browser to its page. `pending` is the AuthnRequest that was answered.
pub(super) async fn establish<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    login: Login,
    pending: Option<PendingLogin>,
    landing: String,
) -> Result<Reply, Refusal> {
    let now = visit.now;
    check_overage(sp.sessions.rules(), &login)?;
    if pending.is_none() {
        check_known(sp, &login, now)?;
    }
    claim(sp, &login, pending.as_ref(), now).await?;
    let assertion_id = login.assertion_id.clone();
    let (token, nonce) = random::pair();
    let token = SessionToken::from_random(token);
    let force_authn = pending.as_ref().is_some_and(|pending| pending.force_authn);
    let mut session = session(visit, sp, login, force_authn);
    let news = select(sp.sessions.rules(), &mut session);
    sp.sessions.create(&token, &session, now).await?;
    // After the session can be found: a logout that came before does not know it, and a later
    // one will.
    if sp.sessions.was_logged_out(&session, now).await? {
        sp.sessions.end_all(&[(token.store_key(&sp.id), session.expires)], now).await?;
        return Err(Refusal::new(
            &reason::ASSERTION_LOGGED_OUT,
            format!("a LogoutRequest came after the assertion {} was issued", quote(&assertion_id)),
        ));
    }
    news.tell(visit, sp);
    let session_id = session_id(&token.store_key(&sp.id));
    recorded::session(visit, &session, &session_id);
    let member = Member { session: &session, session_id: &session_id };
    sp.tell(visit, &session.idp, What::Login(member));
    end_replaced(visit, sp, pending.as_ref()).await?;
    let logins = Logins::after_login(sp.cookies.logins(&visit.head), now);
    let reply = match pending.as_ref().and_then(|pending| pending.post.clone()) {
        Some(post) => send_again(sp, post, token.store_key(&sp.id), &landing)?,
        None => go_on(visit, sp, landing),
    };
    let reply = reply
        .with_cookie(sp.cookies.set_session(&token))
        .with_cookie(sp.cookies.set_logins(logins));
    // A try that succeeds was one all the same: should its session not come back, there is no second one.
    let reply = reply.with_cookies(match &pending {
        Some(pending) if pending.passive => sp.after_passive_try(&visit.head),
        _ => sp.with_passive_tries(),
    });
    match pending {
        Some(pending) => remember_answer(sp, pending, now, nonce, reply),
        None => Ok(reply),
    }
}

/// Whether anybody has used it would be known. An assertion that nobody asked for is good for whoever has it, so what a
/// store has forgotten must not come again.
fn check_known<S: SessionStore>(sp: &Sp<S>, login: &Login, now: UnixTime) -> Result<(), Refusal> {
    let (issued, since) = (login.issue_instant, sp.sessions.claims_since(now));
    if issued >= since {
        return Ok(());
    }
    Err(Refusal::new(
        &reason::ASSERTION_TOO_OLD,
        format!(
            "nobody asked for the assertion {}, which was issued {} s before nginx was started with this zone: \
             whether it has been used is not known",
            quote(&login.assertion_id),
            since - issued,
        ),
    ))
}

/// Claims the assertion, and the request it answers, once for all workers and hosts of the SP: whoever
/// comes second is a replay. The audience of an assertion is an SP by its entityID; another SP with
/// the same store has no say in it.
async fn claim<S: SessionStore>(
    sp: &Sp<S>,
    login: &Login,
    pending: Option<&PendingLogin>,
    now: UnixTime,
) -> Result<(), Refusal> {
    let (issuer, name_id) = (login.idp_entity_id.as_str(), login.name_id.value.as_str());
    // As long as the request, whose claim has no owner of its own.
    let until = pending.map_or(login.replay_until, |of| login.replay_until.max(of.expires));
    // What others have claimed ends by the IdP's clock, which is the same for all hosts: one that is ahead must not
    // forget what is good for the others.
    let then = now.min(login.issue_instant);
    match sp.sessions.claim_assertion(issuer, name_id, &login.assertion_id, until, then).await? {
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
    let Some(PendingLogin { request_id, expires, .. }) = pending else { return Ok(()) };
    if !sp.sessions.claim_request(issuer, request_id, *expires, now).await? {
        return Err(Refusal::new(
            &reason::REQUEST_ANSWERED,
            format!("the login {} was answered before", quote(request_id)),
        ));
    }
    Ok(())
}

/// A login ends the session that the browser had before.
async fn end_replaced<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    pending: Option<&PendingLogin>,
) -> Result<(), Refusal> {
    let end = visit.now + sp.sessions.rules().lifetime;
    let replaced = pending.and_then(|pending| pending.replaces);
    let sessions: Vec<_> =
        sp.session_keys(&visit.head).chain(replaced).map(|key| (key, end)).collect();
    let mut known = sealed_sessions(visit, sp, replaced).await;
    let ended = sp.sessions.end_all(&sessions, visit.now).await?;
    known.extend(ended.into_iter().map(|(key, session)| (key, Some(session))));
    for (key, session) in &known {
        let session = session.as_ref();
        if session.is_some_and(|session| sp.idps.have_ended(session)) {
            continue;
        }
        let (session_id, why, ended) = (session_id(key), WhyEnded::Replaced, visit.now);
        let idp = session.map(|session| session.idp.as_str()).unwrap_or_default();
        let end = SessionEnd { session, session_id: &session_id, why, ended };
        sp.tell(visit, idp, What::SessionEnd(end));
    }
    Ok(())
}

/// The sessions of a browser, when somebody keeps records of their end and the store shows them to their browser
/// alone. The one that was there when the login began may come without its cookie: then no more is known than that.
async fn sealed_sessions<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    replaced: Option<StoreKey>,
) -> HashMap<StoreKey, Option<Session>> {
    let mut found = HashMap::new();
    if sp.sessions.can_list() || !visit.server.keeps_records() {
        return found;
    }
    // What cannot be found out must not stop the login.
    for token in sp.cookies.session_tokens(&visit.head) {
        if let Ok(Some(peeked)) = sp.sessions.peek(&token, visit.now).await {
            found.insert(peeked.live.key, Some(peeked.live.session.to_session()));
        }
    }
    if let Some(key) = replaced
        && !found.contains_key(&key)
        && sp.sessions.is_there(&key, visit.now).await.unwrap_or_default()
    {
        found.insert(key, None);
    }
    found
}

/// Keeps the login's cookie as the memory of where it went, for the Back button.
fn remember_answer<S: SessionStore>(
    sp: &Sp<S>,
    pending: PendingLogin,
    now: UnixTime,
    nonce: [u8; NONCE_LEN],
    reply: Reply,
) -> Result<Reply, Refusal> {
    let answered = pending.answered();
    let sealed = answered
        .seal_cookie(sp.sessions.secrets()?, &sp.id, nonce)
        .map_err(|e| Refusal::new(&reason::SEALING_FAILED, e.to_string()))?;
    let left = answered.expires - now;
    Ok(reply.with_cookie(sp.cookies.set_request(&answered.request_id, &sealed, left)))
}

/// Sends the client to its page. A program that has come by PAOS goes there by itself, and 302 is what all of
/// them wait for. In a browser a redirect goes on being the IdP's cross-site request, to which a
/// `SameSite=Strict` cookie does not belong; a page of our own starts anew.
pub(super) fn go_on<S>(visit: &Visit, sp: &Sp<S>, landing: String) -> Reply {
    if is_paos(http::content_type(&visit.head)) {
        return Reply::redirect(302, landing);
    }
    let is_framed = browser::is_framed(&visit.head);
    if sp.keep_fragment && !is_framed && landing.starts_with(&format!("{}/", sp.base_url)) {
        return Reply::html(200, pages::restore_fragment(&landing));
    }
    if sp.cookies.survive_redirects() {
        return Reply::redirect(303, landing);
    }
    match is_framed {
        true => Reply::frameable_html(200, pages::go_on(&landing)),
        false => Reply::html(200, pages::go_on(&landing)),
    }
}

/// The page from which the form goes off that was kept: to where it was sent to first, in this session.
fn send_again<S: SessionStore>(
    sp: &Sp<S>,
    post: PostToken,
    session: StoreKey,
    landing: &str,
) -> Result<Reply, Refusal> {
    let ticket = ticket(sp, post, session, &sp.at_home(landing.to_owned()))?;
    Ok(Reply::html(200, pages::send_again(landing, PostTicket::FIELD, &ticket)))
}

fn session<S: SessionStore>(visit: &Visit, sp: &Sp<S>, login: Login, force_authn: bool) -> Session {
    let (rules, now) = (sp.sessions.rules(), visit.now);
    let end = now + rules.lifetime;
    Session {
        idp: login.idp_entity_id,
        name_id: login.name_id,
        session_index: login.session_index,
        authn_instant: login.authn_instant,
        authn_context: login.authn_context,
        issue_instant: login.issue_instant,
        sp: sp.id,
        force_authn,
        created: now,
        expires: login.session_not_on_or_after.map_or(end, |idp_end| end.min(idp_end)),
        // An IPv4 address in IPv6's clothes is what it is at other sockets.
        address: visit.address.filter(|_| rules.keeps_address).map(|it| it.to_canonical()),
        attributes: login.attributes,
    }
}
