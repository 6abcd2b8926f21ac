//! A LogoutRequest by SOAP (Bindings 3.2): the server itself asks the IdP, while the browser waits.

use http::Answer;
use pages::Reply;
use saml::binding::{SOAP_ACTION, SOAP_CONTENT_TYPE};
use saml::logout::LogoutOutcome;
use saml::reason;
use saml::receive::{Received, receive_soap};
use saml::refusal::Refusal;

use super::logged_out::{at_once, failed};
use crate::back_channel::Post;
use crate::endpoint_kind::EndpointKind;
use crate::idp::Idp;
use crate::sp::Sp;
use crate::visit::Visit;

/// Nobody may keep it (Bindings 3.2.3.2).
const HEADERS: &[(&str, &str)] = &[
    ("Content-Type", SOAP_CONTENT_TYPE),
    ("SOAPAction", SOAP_ACTION),
    ("Accept", "text/xml"),
    ("Cache-Control", "no-cache, no-store"),
    ("Pragma", "no-cache"),
];

/// Sends the LogoutRequest `id` and tells the user what came of it; the session here has ended.
pub(super) async fn ask<S>(
    visit: &Visit,
    sp: &Sp<S>,
    idp: &Idp,
    id: &str,
    envelope: String,
    return_url: Option<String>,
) -> Reply {
    let outcome = match post(sp, idp, envelope).await {
        Ok(answer) => judge(visit, sp, idp, id, &answer),
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok(outcome) => at_once(outcome, return_url),
        Err(refusal) => failed(refusal, id, return_url.as_deref()),
    }
}

/// What the IdP answers.
async fn post<S>(sp: &Sp<S>, idp: &Idp, envelope: String) -> Result<Answer, Refusal> {
    let back_channel = idp.soap_slo();
    let back_channel =
        back_channel.ok_or_else(|| Refusal::internal("the SOAP endpoint has no address"))?;
    let post = Post { headers: HEADERS, body: envelope, max_answer: sp.max_message_size };
    let answer = back_channel.post(post).await;
    answer.map_err(|e| Refusal::new(&reason::IDP_UNREACHABLE, format!("logout by SOAP: {e}")))
}

fn judge<S>(
    visit: &Visit,
    sp: &Sp<S>,
    idp: &Idp,
    id: &str,
    answer: &Answer,
) -> Result<LogoutOutcome, Refusal> {
    if answer.status != 200 {
        return Err(not_ok(sp, answer));
    }
    let Received::LogoutResponse(response) = receive_soap(&answer.body, &sp.limits())? else {
        let detail = "the answer to the LogoutRequest by SOAP is no LogoutResponse";
        return Err(Refusal::new(&reason::MESSAGE_UNEXPECTED, detail));
    };
    let url = sp.endpoints.get(EndpointKind::Sls).unwrap_or_else(|| sp.endpoints.acs());
    let current = idp.current().ok_or_else(|| sp.idps.awaited())?;
    response.accept(&sp.expected(&current, url, visit.server.now()), Some(id))
}

/// A fault comes with status 500 and says more (Bindings 3.2.3.3).
fn not_ok<S>(sp: &Sp<S>, answer: &Answer) -> Refusal {
    match receive_soap(&answer.body, &sp.limits()) {
        Err(fault) if fault.reason() == &reason::SOAP_FAULT => fault,
        _ => {
            let detail = format!("the IdP answered with HTTP status {}", answer.status);
            Refusal::new(&reason::LOGOUT_FAILED, detail)
        }
    }
}
