//! Messages from server to server (Bindings 3.2): this host posts, and reads what the IdP answers.

use std::rc::Rc;

use http::Answer;
use saml::binding::{SOAP_ACTION, SOAP_CONTENT_TYPE};
use saml::reason::{self, Reason};
use saml::receive::receive_soap;
use saml::refusal::Refusal;

use crate::back_channel::{BackChannel, Post};
use crate::sp::Sp;

/// Nobody may keep it (Bindings 3.2.3.2).
const HEADERS: &[(&str, &str)] = &[
    ("Content-Type", SOAP_CONTENT_TYPE),
    ("SOAPAction", SOAP_ACTION),
    ("Accept", "text/xml"),
    ("Cache-Control", "no-cache, no-store"),
    ("Pragma", "no-cache"),
];

/// Posts the envelope to `url`; the body of what the IdP answers.
///
/// # Errors
/// `idp_unreachable`; `soap_fault` or `otherwise` when the answer is no 200.
pub(super) async fn post<S>(
    sp: &Sp<S>,
    back_channel: Option<&Rc<dyn BackChannel>>,
    url: String,
    envelope: String,
    otherwise: &'static Reason,
) -> Result<Vec<u8>, Refusal> {
    let unreachable = |why: String| Refusal::new(&reason::IDP_UNREACHABLE, why);
    let back_channel = back_channel
        .ok_or_else(|| unreachable(format!("no way was prepared to {url}; reload nginx")))?;
    let post = Post {
        url,
        headers: HEADERS,
        authorization: None,
        body: envelope,
        max_answer: sp.max_message_size,
    };
    let answer = back_channel.post(post).await.map_err(unreachable)?;
    match answer.status {
        200 => Ok(answer.body),
        _ => Err(not_ok(sp, &answer, otherwise)),
    }
}

/// A fault comes with status 500 and says more (Bindings 3.2.3.3).
fn not_ok<S>(sp: &Sp<S>, answer: &Answer, otherwise: &'static Reason) -> Refusal {
    match receive_soap(&answer.body, &sp.limits()) {
        Err(fault) if fault.reason() == &reason::SOAP_FAULT => fault,
        _ => {
            let detail = format!("the IdP answered with HTTP status {}", answer.status);
            Refusal::new(otherwise, detail)
        }
    }
}
