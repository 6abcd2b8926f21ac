//! An IdP's LogoutRequest (Profiles 4.4.3.3): the sessions that it names end, then it is answered.

mod back;
mod ended;

use std::collections::HashSet;

use http::browser;
use pages::Reply;
use saml::logout::{LogoutRequest, LogoutStatus, ReceivedLogoutRequest};
use saml::provider::LogoutBinding;
use saml::refusal::{Refusal, quote};
use session::{Authentications, LoggedOut, Session, StoreKey, join};

use self::back::Back;
use self::ended::Ended;
use crate::event::What;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::{Heard, Visit};

/// Judges the request, ends the sessions, answers. An IdP that hangs up early still means it.
pub(super) async fn answer<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    request: ReceivedLogoutRequest,
    url: &str,
    relay_state: Option<&str>,
) -> Result<Reply, Refusal> {
    let (idp, provider) = sp.idp_of(request.issuer())?;
    sp.note_idp(visit, &provider.entity_id);
    let came_by = request.came_by();
    let request = request.accept(&sp.expected(visit, &provider, url, visit.now))?;
    let back = Back {
        request_id: request.id.clone(),
        came_by,
        relay_state: relay_state.map(str::to_owned),
        is_browser: came_by == LogoutBinding::REDIRECT || browser::is_browser(&visit.head),
    };
    let outcome = log_out(visit, sp, &provider.entity_id, &request).await;
    // As the IdP is by now.
    let provider = idp.current().unwrap_or(provider);
    match outcome {
        Ok((ended, heard)) => back.reply(visit, sp, &provider, Ok(ended), heard.err()),
        Err(refusal) => back.reply(visit, sp, &provider, Err(refusal), None),
    }
}

/// All that a request is to do: the sessions end, the application hears of it, and what it came to is
/// remembered.
async fn log_out<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    idp: &str,
    request: &LogoutRequest,
) -> Result<(Ended, Heard), Refusal> {
    request.few_sessions()?;
    let ended = end_sessions(visit, sp, idp, request).await?;
    if ended.is_repeated {
        return Ok((ended, Ok(())));
    }
    if sp.logout_notify.is_some() {
        // Before the application is asked, which may take long: the same request meanwhile, or after
        // this worker has died, ends no later session.
        remember(visit, sp, request, ended, false).await?;
        let heard = sp.notify(visit, named_by(visit, sp, idp, request)).await;
        if heard.is_err() {
            return Ok((Ended { status: LogoutStatus::PartialLogout, ..ended }, heard));
        }
    }
    remember(visit, sp, request, ended, true).await?;
    Ok((ended, Ok(())))
}

/// Whom the application is told of: all that the IdP says.
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
    if !keys.is_empty() {
        let what = What::LogoutByIdp { name_id, entity_id: idp, sessions: keys.len() };
        sp.tell(visit, idp, what);
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
