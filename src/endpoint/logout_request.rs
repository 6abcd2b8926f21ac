//! An IdP's LogoutRequest (Profiles 4.4.3.3): the sessions that it names end, then it is answered.

use std::collections::HashSet;
use std::rc::Rc;

use clock::UnixTime;
use http::browser;
use nginx_sys::NGX_LOG_NOTICE;
use ngx::http::Request;
use ngx::log::ngx_cycle_log;
use ngx::ngx_log_error;
use pages::Reply;
use saml::binding::Outgoing;
use saml::logout::{LogoutRequest, LogoutStatus, OutgoingLogoutResponse, ReceivedLogoutRequest};
use saml::message::Expected;
use saml::provider::{self, Binding, LogoutBinding};
use saml::reason;
use saml::refusal::{Blame, Refusal, quote};
use session::{LoggedOut, Session, StoreKey, join};

use super::Answer;
use super::incoming::idp_of_issuer;
use crate::clock::now;
use crate::config::Sp;
use crate::errand::{self, Bell};
use crate::notice::Heard;
use crate::random;
use crate::request::headers;

/// Judges the request, ends the sessions, answers.
pub fn answer(
    r: &Request,
    sp: &Rc<Sp>,
    request: ReceivedLogoutRequest,
    url: &str,
    relay_state: Option<&str>,
) -> Result<Answer, Refusal> {
    let now = now();
    let idp = idp_of_issuer(sp, request.issuer())?;
    let provider = sp.provider(&idp)?;
    let came_by = request.came_by();
    let decryption_keys = &sp.decryption_keys;
    let expected =
        Expected { url, sp_entity_id: &sp.entity_id, idp: &provider, decryption_keys, now };
    let request = request.accept(&expected)?;
    let back = Back {
        sp: Rc::clone(sp),
        idp: idp.name().to_owned(),
        request_id: request.id.clone(),
        came_by,
        relay_state: relay_state.map(str::to_owned),
        is_browser: came_by == LogoutBinding::REDIRECT || browser::is_browser(headers(r)),
    };
    let own = sp.session_keys(r).collect();
    let (sp, idp) = (Rc::clone(sp), provider.entity_id.clone());
    // An IdP that hangs up early still means it.
    Ok(Answer::Later(errand::start(move |bell| async move {
        match log_out(&sp, &idp, &request, own, &bell, now).await {
            Ok((ended, heard)) => back.reply(Ok(ended), heard.err(), now),
            Err(refusal) => back.reply(Err(refusal), None, now),
        }
    })))
}

/// All that a request is to do: the sessions end, the application hears of it, and what it came to is
/// remembered.
async fn log_out(
    sp: &Rc<Sp>,
    idp: &str,
    request: &LogoutRequest,
    own: HashSet<StoreKey>,
    bell: &Bell,
    now: UnixTime,
) -> Result<(Ended, Heard), Refusal> {
    request.few_sessions()?;
    let ended = end_sessions(sp, idp, request, own, now).await?;
    if ended.is_repeated {
        return Ok((ended, Ok(())));
    }
    if sp.logout_notify.is_some() {
        // Before the application is asked, which may take long: the same request meanwhile, or after
        // this worker has died, ends no later session.
        remember(sp, request, ended, false, now).await?;
        let heard = bell.notify(sp, told(sp, idp.to_owned(), request, now)).await;
        if heard.is_err() {
            return Ok((Ended { status: LogoutStatus::PartialLogout, ..ended }, heard));
        }
    }
    remember(sp, request, ended, true, now).await?;
    Ok((ended, Ok(())))
}

/// Whom the application is told of: all that the IdP says.
fn told(sp: &Sp, idp: String, request: &LogoutRequest, now: UnixTime) -> Session {
    Session {
        idp,
        name_id: request.name_id.clone(),
        session_index: (!request.session_indexes.is_empty())
            .then(|| join(&request.session_indexes, &sp.sessions.rules.separator).into_owned()),
        sp: sp.id,
        created: now,
        expires: now,
        ..Session::default()
    }
}

/// What a logout came to.
#[derive(Clone, Copy)]
struct Ended {
    status: LogoutStatus,
    /// The browser that brought the request had one of the sessions.
    own: bool,
    /// The request was answered before.
    is_repeated: bool,
    /// The answer is worth remembering.
    leaves_trace: bool,
}

async fn end_sessions(
    sp: &Sp,
    idp: &str,
    request: &LogoutRequest,
    own: HashSet<StoreKey>,
    now: UnixTime,
) -> Result<Ended, Refusal> {
    let sessions = &sp.sessions;
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
    let name = sessions.set_name(idp, name_id);
    // Anybody's word of somebody who is not here leaves nothing behind.
    let leaves_trace = request.signed || {
        let end = sessions.store.session_set(&name, now).await?.expires();
        end.is_some_and(|end| now < end)
    };
    if leaves_trace {
        // The tombstone first: a login that is not in the set yet will see it.
        sessions.bury(request, now).await?;
    }
    let members = sessions.store.session_set(&name, now).await?.covered_by(&logged_out, now);
    let ending: Vec<_> = members.iter().map(|member| (member.key, member.expires)).collect();
    sessions.end_all(&ending, now).await?;
    let keys: HashSet<StoreKey> = members.iter().map(|member| member.key).collect();
    if !keys.is_empty() {
        sessions.store.remove_from_session_set(&name, &keys, now).await?;
    }
    ngx_log_error!(
        NGX_LOG_NOTICE,
        ngx_cycle_log().as_ptr(),
        "saml: {} logged out {} sessions of one user at saml_sp \"{}\"",
        quote(idp),
        keys.len(),
        sp.name
    );
    let own = !keys.is_disjoint(&own);
    Ok(Ended { status: LogoutStatus::Success, own, is_repeated: false, leaves_trace })
}

/// Remembers what the request came to, for when it comes again.
async fn remember(
    sp: &Sp,
    request: &LogoutRequest,
    ended: Ended,
    is_complete: bool,
    now: UnixTime,
) -> Result<(), Refusal> {
    if !ended.leaves_trace {
        return Ok(());
    }
    sp.sessions.remember_answer(request, is_complete, now).await
}

/// The way back to the IdP.
struct Back {
    sp: Rc<Sp>,
    /// The name of its `saml_idp` block.
    idp: String,
    request_id: String,
    came_by: LogoutBinding,
    relay_state: Option<String>,
    is_browser: bool,
}

impl Back {
    fn reply(
        self,
        outcome: Result<Ended, Refusal>,
        unheard: Option<Refusal>,
        now: UnixTime,
    ) -> Result<Reply, Refusal> {
        let idp = self.sp.idp_named(&self.idp).and_then(|idp| idp.current());
        let idp = idp.ok_or_else(|| Refusal::internal("the IdP has left the configuration"))?;
        let (ended, refusal) = match outcome {
            Ok(ended) => (ended, None),
            // A failure is told, so that the IdP tries again, or does not when that is in vain.
            Err(refusal) => {
                let status = match refusal.blame() {
                    Blame::Idp => LogoutStatus::Requester,
                    _ => LogoutStatus::Responder,
                };
                let (own, is_repeated, leaves_trace) = (false, false, false);
                (Ended { status, own, is_repeated, leaves_trace }, Some(refusal))
            }
        };
        let failure = match (&refusal, ended.status) {
            (Some(refusal), _) => Some((refusal.status(), refusal.code())),
            (None, LogoutStatus::PartialLogout) => Some((503, reason::LOGOUT_NOTIFY_FAILED.code())),
            (None, _) => None,
        };
        let http_status = refusal.as_ref().map_or(200, Refusal::status);
        let mut reply = self.answer(&idp, ended.status, http_status, failure, now)?;
        if ended.own {
            reply = reply.with_cookie(self.sp.cookies.clear_session());
        }
        Ok(match refusal.or(unheard) {
            Some(refusal) => reply.because(refusal),
            None => reply,
        })
    }

    fn answer(
        &self,
        idp: &provider::Idp,
        status: LogoutStatus,
        http_status: u16,
        failure: Option<(u16, &str)>,
        now: UnixTime,
    ) -> Result<Reply, Refusal> {
        let id = random::id();
        let response = OutgoingLogoutResponse {
            id: &id,
            issue_instant: now,
            sp_entity_id: &self.sp.entity_id,
            in_response_to: &self.request_id,
            status,
            relay_state: self.relay_state.as_deref().unwrap_or_default(),
        };
        let signer = self.sp.signer();
        let failed = |e: saml::binding::SendError| Refusal::new(&reason::SIGNING_FAILED, e.0);
        let LogoutBinding::Browser(binding) = self.came_by else {
            let envelope = response.to_soap(idp, signer.as_ref()).map_err(failed)?;
            return Ok(Reply::soap(http_status, envelope));
        };
        let Some(endpoint) = idp.logout_response_endpoint(binding) else {
            return Ok(plain(failure));
        };
        if endpoint.binding == Binding::Redirect && !self.is_browser {
            // From server to server the status says it; nobody would follow a redirect.
            return Ok(plain(failure));
        }
        match response.send(idp, &endpoint, signer.as_ref()).map_err(failed)? {
            Outgoing::Redirect(url) => Ok(Reply::redirect(303, url)),
            Outgoing::Post { action, fields } => {
                let html = pages::post_form("Signing out", &action, &fields);
                Ok(Reply::frameable_html(http_status, html))
            }
        }
    }
}

/// For who reads only the status: whatever is short of Success must not look like it.
fn plain(failure: Option<(u16, &str)>) -> Reply {
    match failure {
        None => Reply::frameable_html(200, pages::logged_out(pages::LoggedOut::Here, None)),
        Some((status, code)) => Reply::json(status, format!("{{\"error\":\"{code}\"}}\n")),
    }
}
