//! A LogoutRequest by SOAP (Bindings 3.2): nginx itself asks the IdP, while the browser waits.

use std::rc::Rc;

use http_answer::Answer;
use pages::Reply;
use saml::binding::{SOAP_ACTION, SOAP_CONTENT_TYPE};
use saml::logout::LogoutOutcome;
use saml::message::Expected;
use saml::provider;
use saml::reason;
use saml::receive::{Received, receive_soap};
use saml::refusal::Refusal;

use super::incoming::limits;
use super::logged_out::{failed, told};
use crate::clock::now;
use crate::config::Sp;
use crate::event::{Post, Resource};
use crate::sp::Idp;

/// Nobody may keep it (Bindings 3.2.3.2).
const HEADERS: &[(&str, &str)] = &[
    ("Content-Type", SOAP_CONTENT_TYPE),
    ("SOAPAction", SOAP_ACTION),
    ("Accept", "text/xml"),
    ("Cache-Control", "no-cache, no-store"),
    ("Pragma", "no-cache"),
];

/// Sends the LogoutRequest `id` and tells the user what came of it; the session here has ended.
pub async fn ask(
    sp: &Sp,
    idp: &Idp,
    id: &str,
    envelope: String,
    return_url: Option<String>,
) -> Reply {
    match outcome(sp, idp, id, envelope).await {
        Ok(outcome) => told(outcome, return_url),
        Err(refusal) => failed(refusal, id, return_url.as_deref()),
    }
}

/// What it comes to at the IdP that was asked, whatever becomes of it meanwhile.
async fn outcome(sp: &Sp, idp: &Idp, id: &str, envelope: String) -> Result<LogoutOutcome, Refusal> {
    let provider = sp.provider(idp)?;
    let answer = answer(sp, idp.soap_slo(), envelope).await?;
    judge(sp, &provider, id, &answer)
}

/// What the IdP answers.
async fn answer(
    sp: &Sp,
    resource: Option<Rc<Resource>>,
    envelope: String,
) -> Result<Answer, Refusal> {
    let resource = resource.ok_or_else(|| Refusal::internal("the SOAP endpoint has no address"))?;
    let post = Post { headers: HEADERS, body: envelope, max_answer: sp.max_message_size };
    let answer = resource.post(&post).await;
    answer.map_err(|e| Refusal::new(&reason::IDP_UNREACHABLE, format!("logout by SOAP: {e}")))
}

fn judge(
    sp: &Sp,
    idp: &provider::Idp,
    id: &str,
    answer: &Answer,
) -> Result<LogoutOutcome, Refusal> {
    if answer.status != 200 {
        return Err(not_ok(sp, answer));
    }
    let Received::LogoutResponse(response) = receive_soap(&answer.body, &limits(sp))? else {
        let detail = "the answer to the LogoutRequest by SOAP is no LogoutResponse";
        return Err(Refusal::new(&reason::MESSAGE_UNEXPECTED, detail));
    };
    let url = sp.endpoints.sls.as_deref().unwrap_or(&sp.endpoints.acs);
    let decryption_keys = &sp.decryption_keys;
    let expected = Expected { url, sp_entity_id: &sp.entity_id, idp, decryption_keys, now: now() };
    response.accept(&expected, Some(id))
}

/// A fault comes with status 500 and says more (Bindings 3.2.3.3).
fn not_ok(sp: &Sp, answer: &Answer) -> Refusal {
    match receive_soap(&answer.body, &limits(sp)) {
        Err(fault) if fault.code() == reason::SOAP_FAULT.code() => fault,
        _ => {
            let detail = format!("the IdP answered with HTTP status {}", answer.status);
            Refusal::new(&reason::LOGOUT_FAILED, detail)
        }
    }
}
