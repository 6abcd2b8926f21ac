//! A login and a logout, as far as the store hears of them: what `crates/sp/src/endpoint/acs/arrival.rs` and
//! `idp_logout.rs` there ask it for, in their order. That it is the same, `tests/test_scale.py` counts at an nginx.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use clock::{Seconds, UnixTime};
use futures_channel::oneshot;
use saml::logout::LogoutRequest;
use saml::reason;
use saml::refusal::Refusal;
use session::{Claimed, LoggedOut, Orders, SessionToken, StoreKey};
use sp::{Found, LiveSession, SessionStore};

use crate::clock::now;
use crate::farm::{IDP, Person};
use crate::sessions::{AtHand, Sessions};

/// How long what was used is remembered: `max_assertion_age` with `clock_skew`, and `request_lifetime`.
pub const REPLAY: Seconds = Seconds(660);

/// A Response whose rules all hold.
pub struct Arrival<'a> {
    /// The ID of its assertion.
    pub assertion: &'a str,
    /// That of the request which it answers; `None` = of none.
    pub request: Option<&'a str>,
    /// Until when it would be accepted.
    pub until: UnixTime,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// Its browser has a session.
    LoggedIn,
    /// The assertion has been used, or the request answered.
    Replayed,
    /// The IdP has logged its user out since.
    LoggedOut,
}

/// A Response was accepted.
///
/// # Errors
/// The store does not answer: nobody is let in.
pub async fn arrive(
    sessions: &Rc<Sessions>,
    person: &Person,
    arrival: &Arrival<'_>,
) -> Result<Arrived, Refusal> {
    let (now, session) = (now(), &person.session);
    let (name_id, until) = (session.name_id.value.as_str(), arrival.until);
    let claimed = sessions.claim_assertion(IDP, name_id, arrival.assertion, until, now).await?;
    if claimed != Claimed::First {
        return Ok(Arrived::Replayed);
    }
    if let Some(request) = arrival.request
        && !sessions.claim_request(IDP, request, until, now).await?
    {
        return Ok(Arrived::Replayed);
    }
    match Sessions::create(sessions, &person.token, session, now).await {
        Err(refusal) if refusal.reason() == &reason::ASSERTION_LOGGED_OUT => {
            return Ok(Arrived::LoggedOut);
        }
        created => created?,
    }
    if Sessions::was_logged_out(sessions, session, now).await? {
        let key = person.token.store_key(&session.sp);
        Sessions::end_all(sessions, &[(key, session.expires)], now).await?;
        return Ok(Arrived::LoggedOut);
    }
    Ok(Arrived::LoggedIn)
}

/// The same of one that comes now, and answers a request; `false` = nobody was logged in.
///
/// # Errors
/// As [`arrive`].
pub async fn log_in(sessions: &Rc<Sessions>, person: &Person, id: &str) -> Result<bool, Refusal> {
    let (assertion, request) = (format!("_{id}-assertion"), format!("_{id}"));
    let until = now() + REPLAY;
    let arrival = Arrival { assertion: &assertion, request: Some(&request), until };
    Ok(arrive(sessions, person, &arrival).await? == Arrived::LoggedIn)
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
    Ok(admitted(sessions, &person.token, &Heeded::default()).await?.is_some())
}

/// What operators have ordered, as a worker has heard of it.
pub type Heeded = RefCell<Rc<Orders>>;

/// The session that lets a request in.
///
/// # Errors
/// The store does not answer.
pub async fn admitted(sessions: &Rc<Sessions>, token: &SessionToken, heeded: &Heeded) -> Found {
    heed(sessions, heeded);
    let found = look_up(sessions, token).await?;
    heed(sessions, heeded);
    let have_ended = |live: &Rc<LiveSession>| {
        heeded.borrow().have_ended(live.session.idp(), live.session.created)
    };
    Ok(found.filter(|live| !have_ended(live)))
}

/// As each request does (`Sp::heed`).
fn heed(sessions: &Rc<Sessions>, heeded: &Heeded) {
    if let Some(orders) = sessions.news(now()) {
        heeded.replace(orders);
    }
}

async fn look_up(sessions: &Rc<Sessions>, token: &SessionToken) -> Found {
    match sessions.at_hand(&token.to_text(), now()) {
        AtHand::Known(known) => return Ok(known),
        AtHand::Ask(Some(live)) if is_still(sessions, &live).await => return Ok(Some(live)),
        AtHand::Ask(_) => {}
    }
    Sessions::find(sessions, token, now()).await
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::farm::{Farm, Plan};

    /// In a zone another worker may store it between the end of a session and its way out of the set.
    #[test]
    fn what_begins_while_a_logout_takes_it_out_of_the_set_ends_too() {
        let mut farm = Farm::new(Plan { hosts: 1, nodes: 0, ..Plan::default() });
        let (one, other, person) =
            (Rc::clone(&farm.workers[0]), Rc::clone(&farm.workers[1]), farm.person());
        farm.world.run(async move {
            let (name_id, key) =
                (&person.session.name_id.value, person.token.store_key(&person.session.sp));
            let ends = [(key, person.session.expires)];
            Sessions::end_all(&other, &ends, now()).await.expect("the zone is there");
            assert!(log_in(&one, &person, "a").await.expect("the zone has room"));
            assert!(visit(&other, &person).await.expect("the zone is there"));
            let ended = HashSet::from([key]);
            other.forget(IDP, name_id, &ended, now()).await.expect("the zone is there");
            assert!(!visit(&one, &person).await.expect("the zone is there"));
            assert!(!visit(&other, &person).await.expect("the zone is there"));
        });
    }
}
