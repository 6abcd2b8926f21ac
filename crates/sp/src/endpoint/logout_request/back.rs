//! The way back to the IdP that sent a LogoutRequest.

use pages::{About, LoggedOut, Reply};
use saml::binding::Outgoing;
use saml::logout::{LogoutStatus, OutgoingLogoutResponse};
use saml::provider::{Binding, Idp, LogoutBinding};
use saml::reason;
use saml::refusal::{Blame, Refusal};

use super::super::idp_logout::Ended;
use crate::random;
use crate::recorded;
use crate::sp::Sp;
use crate::visit::Visit;

/// How the request came, and what its answer must name.
pub(super) struct Back {
    pub request_id: String,
    pub came_by: LogoutBinding,
    pub relay_state: Option<String>,
    pub is_browser: bool,
}

impl Back {
    /// Answers what the request came to; `unheard` is why an application may not know of it.
    pub(super) async fn reply<S>(
        self,
        visit: &Visit,
        sp: &Sp<S>,
        idp: &Idp,
        outcome: Result<Ended, Refusal>,
        unheard: Option<Refusal>,
    ) -> Result<Reply, Refusal> {
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
            (Some(refusal), _) => Some(refusal.reason()),
            (None, LogoutStatus::PartialLogout) => Some(&reason::LOGOUT_NOTIFY_FAILED),
            (None, _) => None,
        };
        let http_status = refusal.as_ref().map_or(200, |refusal| refusal.status());
        let answer = self.answer(visit, sp, idp, ended.status, http_status, failure);
        let mut reply = answer.await?;
        if ended.own {
            reply = reply.with_cookie(sp.cookies.clear_session());
        }
        Ok(match refusal.or(unheard) {
            Some(refusal) => reply.because(refusal),
            None => reply,
        })
    }

    async fn answer<S>(
        &self,
        visit: &Visit,
        sp: &Sp<S>,
        idp: &Idp,
        status: LogoutStatus,
        http_status: u16,
        failure: Option<&'static reason::Reason>,
    ) -> Result<Reply, Refusal> {
        let id = random::id();
        let response = OutgoingLogoutResponse {
            id: &id,
            issue_instant: visit.now,
            sp_entity_id: &sp.entity_id,
            in_response_to: &self.request_id,
            status,
            relay_state: self.relay_state.as_deref().unwrap_or_default(),
        };
        let signer = sp.signer();
        let LogoutBinding::Browser(binding) = self.came_by else {
            let envelope = visit.sign(response.draft_soap(idp, signer.as_ref())).await?;
            recorded::logout_posted(visit, "logout_response_sent", "", &envelope);
            return Ok(Reply::soap(http_status, envelope));
        };
        let Some(endpoint) = idp.logout_response_endpoint(binding) else {
            return Ok(plain(failure));
        };
        if endpoint.binding == Binding::Redirect && !self.is_browser {
            // From server to server the status says it; nobody would follow a redirect.
            return Ok(plain(failure));
        }
        let sent = visit.sign(response.draft(idp, endpoint, signer.as_ref())).await?;
        recorded::logout_sent(visit, "logout_response_sent", &id, &sent);
        match sent {
            Outgoing::Redirect(url) => Ok(Reply::redirect(303, url)),
            Outgoing::Post { action, fields } => {
                let html = pages::post_form(About::SignOut, &action, &fields, false);
                Ok(Reply::frameable_html(http_status, html))
            }
        }
    }
}

/// For who reads only the status: whatever is short of Success must not look like it.
fn plain(failure: Option<&'static reason::Reason>) -> Reply {
    match failure {
        None => Reply::frameable_html(200, pages::logged_out(LoggedOut::Here, None)),
        Some(reason) => {
            let json = format!("{{\"error\":\"{}\"}}\n", reason.code());
            Reply::json(reason.status(), json)
        }
    }
}
