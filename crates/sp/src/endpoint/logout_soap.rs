//! A LogoutRequest by SOAP (Bindings 3.2): the server itself asks the IdP, while the browser waits.

use pages::Reply;
use saml::logout::LogoutOutcome;
use saml::reason;
use saml::receive::{Received, receive_soap};
use saml::refusal::Refusal;

use super::logged_out::{at_once, failed};
use super::logout_origin::address;
use super::soap;
use crate::endpoint_kind::EndpointKind;
use crate::idp::Idp;
use crate::recorded;
use crate::sp::Sp;
use crate::visit::Visit;

/// Posts the LogoutRequest `id`, in its envelope, to the URL and tells the user what came of it; the session here has ended.
pub(super) async fn ask<S>(
    visit: &Visit,
    sp: &Sp<S>,
    idp: &Idp,
    id: &str,
    (url, envelope): (String, String),
    return_url: Option<String>,
) -> Reply {
    let channel = idp.back_channels().logout.as_ref();
    let outcome = match soap::post(sp, channel, url, envelope, &reason::LOGOUT_FAILED).await {
        Ok(answer) => judge(visit, sp, idp, id, &answer),
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok(outcome) => at_once(outcome, return_url),
        Err(refusal) => failed(refusal, id, return_url.as_deref()),
    }
}

fn judge<S>(
    visit: &Visit,
    sp: &Sp<S>,
    idp: &Idp,
    id: &str,
    answer: &[u8],
) -> Result<LogoutOutcome, Refusal> {
    let current = idp.current().ok_or_else(|| sp.idps.awaited())?;
    let Received::LogoutResponse(response) = receive_soap(answer, &sp.limits())? else {
        let detail = "the answer to the LogoutRequest by SOAP is no LogoutResponse";
        return Err(Refusal::new(&reason::MESSAGE_UNEXPECTED, detail));
    };
    recorded::fetched(visit, "logout_response", &current.entity_id);
    let url = sp.endpoints.get(EndpointKind::Sls).unwrap_or_else(|| sp.endpoints.acs());
    let url = address(sp, url, &response);
    response.accept(&sp.expected(visit, &current, &url, visit.server.now()), Some(id))
}
