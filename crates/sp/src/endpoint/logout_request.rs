//! An IdP's LogoutRequest (Profiles 4.4.3.3): the sessions that it names end, then it is answered.

mod back;

use http::browser;
use pages::Reply;
use saml::logout::ReceivedLogoutRequest;
use saml::message::Expected;
use saml::provider::LogoutBinding;
use saml::refusal::Refusal;

use self::back::Back;
use super::idp_logout::{Cause, log_out};
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

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
    let is_slow = sp.decrypts_slowly(request.holds_ciphertext());
    let accept = move |expected: &Expected<'_>| request.accept(expected);
    // What is large lies aside: it would be a part of every visit.
    let request = Box::pin(sp.judge(visit, &provider, url, visit.now, is_slow, accept)).await?;
    let back = Back {
        request_id: request.id.clone(),
        came_by,
        relay_state: relay_state.map(str::to_owned),
        is_browser: came_by == LogoutBinding::REDIRECT || browser::is_browser(&visit.head),
    };
    let outcome = log_out(visit, sp, &provider.entity_id, &request, Cause::Request).await;
    // As the IdP is by now.
    let provider = idp.current().unwrap_or(provider);
    let (outcome, unheard) = match outcome {
        Ok((ended, heard)) => (Ok(ended), heard.err()),
        Err(refusal) => (Err(refusal), None),
    };
    Box::pin(back.reply(visit, sp, &provider, outcome, unheard)).await
}
