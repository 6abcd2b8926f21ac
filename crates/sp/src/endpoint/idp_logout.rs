//! What an IdP says of its users' end: sessions end, applications hear of it, and it is remembered. It says so by a
//! LogoutRequest, or by a security event.

use std::collections::HashSet;

use saml::logout::{LogoutRequest, LogoutStatus};
use saml::refusal::{Refusal, quote};
use session::{Authentications, LoggedOut, Session, StoreKey, join};

use crate::event::{Outcome, SecurityEvent, What};
use crate::notice::Heard;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

/// By what the IdP says it.
#[derive(Clone, Copy)]
pub(super) enum Cause<'a> {
    /// A LogoutRequest.
    Request,
    /// A security event; its outcome is filled in.
    Event(SecurityEvent<'a>),
}

/// What a logout came to.
#[derive(Clone, Copy)]
pub(super) struct Ended {
    pub status: LogoutStatus,
    /// The browser that brought the request had one of the sessions.
    pub own: bool,
    /// The request was answered before.
    pub is_repeated: bool,
    /// The answer is worth remembering.
    pub leaves_trace: bool,
}

/// All that a request is to do: the sessions end, the applications hear of it, and what it came to is
/// remembered.
pub(super) async fn log_out<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    idp: &str,
    request: &LogoutRequest,
    cause: Cause<'_>,
) -> Result<(Ended, Heard), Refusal> {
    request.few_sessions()?;
    let ended = end_sessions(visit, sp, idp, request, cause).await?;
    if ended.is_repeated {
        return Ok((ended, Ok(())));
    }
    if !sp.logout_notify.is_empty() {
        // Before the applications are told, which may take long: the same request meanwhile, or after
        // this worker has died, ends no later session.
        remember(visit, sp, request, ended, false).await?;
        let heard = sp.notify(visit, named_by(visit, sp, idp, request), "").await;
        if heard.is_err() {
            return Ok((Ended { status: LogoutStatus::PartialLogout, ..ended }, heard));
        }
    }
    remember(visit, sp, request, ended, true).await?;
    Ok((ended, Ok(())))
}

/// Whom the applications are told of: all that the IdP says.
fn named_by<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    idp: &str,
    request: &LogoutRequest,
) -> Session {
    Session {
        idp: idp.to_owned(),
        name_id: request.name_id.clone(),
        session_index: (!request.session_indexes.is_empty())
            .then(|| join(&request.session_indexes, &sp.sessions.rules().separator).into_owned()),
        sp: sp.id,
        created: visit.now,
        expires: visit.now,
        ..Session::default()
    }
}

async fn end_sessions<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    idp: &str,
    request: &LogoutRequest,
    cause: Cause<'_>,
) -> Result<Ended, Refusal> {
    let (sessions, now) = (&sp.sessions, visit.now);
    if let Some(is_complete) = sessions.answer_to(request, now).await? {
        // The same request again, perhaps by somebody else: the same answer, and nothing more.
        let status = if is_complete { LogoutStatus::Success } else { LogoutStatus::PartialLogout };
        return Ok(Ended { status, own: false, is_repeated: true, leaves_trace: false });
    }
    let name_id = request.name_id.value.as_str();
    let logged_out = LoggedOut {
        name_id_format: request.name_id.format.as_deref(),
        session_indexes: &request.session_indexes,
    };
    // Anybody's word of somebody who is not here leaves nothing behind.
    let leaves_trace = request.signed || {
        let end = sessions.of_name_id(idp, name_id, now).await?.expires();
        end.is_some_and(|end| now < end)
    };
    if leaves_trace {
        // The tombstone first: a login that is not in the set yet will see it.
        sessions.bury(request, now).await?;
    }
    let set = sessions.of_name_id(idp, name_id, now).await?;
    let mut members = set.covered_by(&logged_out, now);
    if sessions.rules().several_origins {
        // Many an IdP knows one session of each SP, and names the one it opened last.
        members.extend(set.of_authentications(&Authentications::of(&members), now));
    }
    let ending: Vec<_> = members.iter().map(|member| (member.key, member.expires)).collect();
    sessions.end_all(&ending, now).await?;
    let keys: HashSet<StoreKey> = members.iter().map(|member| member.key).collect();
    if !keys.is_empty() {
        sessions.forget(idp, name_id, &keys, now).await?;
    }
    visit.server.note(&format!(
        "{} logged out {} sessions of one user at saml_sp \"{}\"",
        quote(idp),
        keys.len(),
        sp.name
    ));
    match cause {
        Cause::Request if keys.is_empty() => {}
        Cause::Request => {
            let what = What::LogoutByIdp { name_id, entity_id: idp, sessions: keys.len() };
            sp.tell(visit, idp, what);
        }
        Cause::Event(told) => {
            let (name_id, sessions) = (Some(name_id), Some(keys.len()));
            let event = SecurityEvent { outcome: Outcome::Ended, name_id, sessions, ..told };
            sp.tell(visit, idp, What::SecurityEvent(event));
        }
    }
    let own = sp.session_keys(&visit.head).any(|key| keys.contains(&key));
    Ok(Ended { status: LogoutStatus::Success, own, is_repeated: false, leaves_trace })
}

/// Remembers what the request came to, for when it comes again.
async fn remember<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    request: &LogoutRequest,
    ended: Ended,
    is_complete: bool,
) -> Result<(), Refusal> {
    if !ended.leaves_trace {
        return Ok(());
    }
    sp.sessions.remember_answer(request, is_complete, visit.now).await
}
