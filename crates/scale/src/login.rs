//! A login and a logout, as far as the store hears of them: what `crates/sp/src/endpoint/acs/arrival.rs` and
//! `idp_logout.rs` there ask it for, in their order. That it is the same, `tests/test_scale.py` counts at an nginx.

use std::collections::HashSet;
use std::rc::Rc;

use clock::Seconds;
use futures_channel::oneshot;
use saml::logout::LogoutRequest;
use saml::refusal::Refusal;
use session::{Claimed, LoggedOut, StoreKey};
use sp::{LiveSession, SessionStore};

use crate::clock::now;
use crate::farm::{IDP, Person};
use crate::sessions::{AtHand, Sessions};

/// How long what was used is remembered: `max_assertion_age` with `clock_skew`, and `request_lifetime`.
const REPLAY: Seconds = Seconds(660);

/// A Response was accepted; `false` = it had been used before.
///
/// # Errors
/// The store does not answer: nobody is let in.
pub async fn log_in(sessions: &Rc<Sessions>, person: &Person, id: &str) -> Result<bool, Refusal> {
    let (now, name_id) = (now(), person.session.name_id.value.as_str());
    let assertion = format!("_{id}-assertion");
    let until = now + REPLAY;
    if sessions.claim_assertion(IDP, name_id, &assertion, until, now).await? != Claimed::First {
        return Ok(false);
    }
    if !sessions.claim_request(IDP, &format!("_{id}"), until, now).await? {
        return Ok(false);
    }
    Sessions::create(sessions, &person.token, &person.session, now).await?;
    Sessions::was_logged_out(sessions, &person.session, now).await.map(|was| !was)
}

/// A LogoutRequest was accepted. Gives how many sessions ended.
///
/// # Errors
/// The store does not answer: the IdP hears so, and may try again.
pub async fn log_out(sessions: &Rc<Sessions>, request: &LogoutRequest) -> Result<usize, Refusal> {
    let (now, name_id) = (now(), request.name_id.value.as_str());
    if Sessions::answer_to(sessions, request, now).await?.is_some() {
        return Ok(0);
    }
    Sessions::bury(sessions, request, now).await?;
    let set = sessions.of_name_id(IDP, name_id, now).await?;
    let logged_out = LoggedOut {
        name_id_format: request.name_id.format.as_deref(),
        session_indexes: &request.session_indexes,
    };
    let members = set.covered_by(&logged_out, now);
    let ending: Vec<_> = members.iter().map(|member| (member.key, member.expires)).collect();
    Sessions::end_all(sessions, &ending, now).await?;
    let keys: HashSet<StoreKey> = members.iter().map(|member| member.key).collect();
    if !keys.is_empty() {
        sessions.forget(IDP, name_id, &keys, now).await?;
    }
    Sessions::remember_answer(sessions, request, true, now).await?;
    Ok(keys.len())
}

/// That of an IdP which ends all sessions of a person.
pub fn logout_request(person: &Person, id: &str) -> LogoutRequest {
    let now = now();
    LogoutRequest {
        id: format!("_{id}-logout"),
        issuer: IDP.into(),
        name_id: person.session.name_id.clone(),
        session_indexes: person.session.session_index.iter().cloned().collect(),
        issue_instant: now,
        not_on_or_after: now + Seconds(300),
        replay_until: now + Seconds(360),
        tombstone_until: now + REPLAY,
        signed: true,
    }
}

/// A request with the person's cookie; `true` = it is let in.
///
/// # Errors
/// The store does not answer.
pub async fn visit(sessions: &Rc<Sessions>, person: &Person) -> Result<bool, Refusal> {
    let now = now();
    // What operators have ordered, as each request asks (`Sp::heed`).
    let _ = sessions.news(now);
    match sessions.at_hand(&person.token.to_text(), now) {
        AtHand::Known(known) => return Ok(known.is_some()),
        AtHand::Ask(Some(live)) if is_still(sessions, &live).await => return Ok(true),
        AtHand::Ask(_) => {}
    }
    Ok(Sessions::find(sessions, &person.token, now).await?.is_some())
}

/// Do its nodes say that what the worker has decoded is still what it was?
async fn is_still(sessions: &Rc<Sessions>, live: &Rc<LiveSession>) -> bool {
    let (tell, told) = oneshot::channel();
    let tell = Box::new(|is_same| {
        // Nobody else has it.
        let _ = tell.send(is_same);
    });
    sessions.check(live, tell);
    told.await == Ok(true) && sessions.admits_still(live, now())
}
