//! `saml_acs`: the Assertion Consumer Service. A Response comes in, a session goes out.

mod arrival;
mod artifact;
mod attributes;
mod context;
mod failed;
mod known;
mod resumption;

use pages::{Reply, SignInService};
use saml::reason;
use saml::refusal::{Refusal, Sender, quote};
use saml::response::{Asked, Login, ReceivedResponse};
use session::PendingLogin;

use self::arrival::{establish, go_on};
pub(super) use self::artifact::resolve;
use self::known::Known;
pub(super) use self::resumption::{RESUMPTION, resume};
use crate::decryption_budget;
use crate::idp_choice;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

/// Consumes a Response.
pub(super) async fn consume<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    response: ReceivedResponse,
    relay_state: Option<&str>,
) -> Result<Reply, Refusal> {
    let request_id = match response.in_response_to() {
        None => failed::request_id(visit, sp, &response, relay_state)?,
        known => known,
    };
    match request_id {
        Some(request_id) => answered(visit, sp, response, &request_id, relay_state).await,
        None => unsolicited(visit, sp, response, relay_state).await,
    }
}

/// The Response answers an AuthnRequest: one of this browser's?
async fn answered<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    response: ReceivedResponse,
    request_id: &str,
    relay_state: Option<&str>,
) -> Result<Reply, Refusal> {
    // First, so that a refusal joins the line of the redirect.
    visit.circumstances.set_request_id(request_id);
    let mut pending = match Known::of(visit, sp, request_id)? {
        Known::Waiting(pending) => pending,
        // The Back button posts the form again. This browser's own cookie says where that login
        // went; whether there still is a session is asked there.
        Known::Answered(url) => return Ok(go_on(visit, sp, sp.absolute(&url))),
        known => return Err(resumption::refuse(visit, sp, request_id, known, relay_state)),
    };
    pending.return_url = sp.absolute(&pending.return_url);
    if let Some(current) = sp.idps.called(&pending.idp).and_then(|idp| idp.current()) {
        sp.note_idp(visit, &current.entity_id);
    }
    visit.circumstances.sender.set(Sender::Known);
    let start_again = idp_choice::start_again(sp, &pending.return_url);
    visit.circumstances.start_again.replace(Some(start_again));
    visit.circumstances.verdict.set(response.verdict());
    visit.circumstances.sign_in_service.replace(sp.idps.called(&pending.idp).map(|idp| {
        let (ui, sp_entity_id) = (idp.ui(), sp.entity_id.clone());
        SignInService { ui, sp_entity_id, now: visit.now }
    }));
    if pending.passive && failed::is_lost_in_frame(visit, sp) {
        return Ok(failed::in_frame(visit, sp, &pending));
    }
    // What is large lies aside: it would be a part of every visit.
    match Box::pin(accept_answer(visit, sp, response, &pending)).await {
        Ok(login) => {
            let landing = pending.return_url.clone();
            establish(visit, sp, login, Some(pending), landing).await
        }
        Err(refusal) if refusal.reason() == &reason::NO_AUTHN_CONTEXT => {
            let next = Box::pin(context::ask_for_next(visit, sp, &pending)).await;
            next.unwrap_or_else(|| failed::end(visit, sp, &pending, refusal))
        }
        Err(refusal) => failed::end(visit, sp, &pending, refusal),
    }
}

async fn accept_answer<S>(
    visit: &Visit,
    sp: &Sp<S>,
    response: ReceivedResponse,
    pending: &PendingLogin,
) -> Result<Login, Refusal> {
    let idp = sp.idp_named(&pending.idp)?;
    let (id, authn_context) = (pending.request_id.clone(), pending.authn_context.clone());
    let (issue_instant, force_authn) = (pending.issue_instant, pending.force_authn);
    decryption_budget::accept(visit, sp, &idp, response, move |response, expected| {
        let authn_context = authn_context.as_ref();
        let asked = Asked { id: &id, issue_instant, force_authn, authn_context };
        response.accept(expected, Some(asked))
    })
    .await
}

/// An IdP-initiated login (Profiles 4.1.5): its RelayState may name a page of ours.
async fn unsolicited<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    response: ReceivedResponse,
    relay_state: Option<&str>,
) -> Result<Reply, Refusal> {
    let login = Box::pin(accept_unsolicited(visit, sp, response)).await?;
    let landing = relay_state
        .and_then(|url| sp.return_targets.check(url))
        .unwrap_or_else(|| sp.login_redirect.clone());
    establish(visit, sp, login, None, landing).await
}

async fn accept_unsolicited<S>(
    visit: &Visit,
    sp: &Sp<S>,
    response: ReceivedResponse,
) -> Result<Login, Refusal> {
    let (idp, provider) = sp.idp_of(response.issuer())?;
    sp.note_idp(visit, &provider.entity_id);
    idp.check_enabled()?;
    if !provider.policy.allow_unsolicited {
        // Before any signature is looked at: strangers must not make us compute.
        return Err(Refusal::new(
            &reason::UNSOLICITED,
            format!(
                "the Response has no InResponseTo, allow_unsolicited is off for {}",
                quote(idp.name())
            ),
        ));
    }
    decryption_budget::accept(visit, sp, &provider, response, |response, expected| {
        response.accept(expected, None)
    })
    .await
}
