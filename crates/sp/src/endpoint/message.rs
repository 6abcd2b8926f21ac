//! Messages that come to the ACS or the SLS: read, decoded, told apart by their root. IdPs that know
//! one URL only send all kinds of them there.

use http::Headers;
use pages::{About, Reply};
use saml::artifact::Artifact;
use saml::binding::{
    ArtifactMessage, decode_artifact, decode_post, decode_redirect, is_paos, is_soap,
};
use saml::reason;
use saml::receive::{Received, receive_paos, receive_post, receive_redirect, receive_soap};
use saml::refusal::{Refusal, Sender};

use super::acs::{self, RESUMPTION};
use super::debug_link::{self, DEBUG_LINK};
use super::{logged_out, logout_request, logout_response};
use crate::endpoint_kind::EndpointKind;
use crate::recorded;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::{BodyError, Visit};

pub(super) async fn answer<S: SessionStore>(
    at: EndpointKind,
    visit: &Visit,
    sp: &Sp<S>,
) -> Result<Reply, Refusal> {
    let resumption = visit.head.argument(RESUMPTION).filter(|_| !visit.is_post());
    if let Some(sealed) = resumption {
        return acs::resume(visit, sp, &sealed).await;
    }
    let debug_link = visit.head.argument(DEBUG_LINK).filter(|_| at == EndpointKind::Acs);
    if let Some(sealed) = debug_link {
        return Box::pin(debug_link::answer(visit, sp, &sealed)).await;
    }
    let message = match visit.is_post() {
        true => of_body(at, visit, sp).await,
        false => Ok(of_query(visit, sp)),
    };
    if let Ok(Message { received: Ok(Content::Message(received)), .. }) = &message
        && let Some(answered) = received.in_response_to()
    {
        visit.circumstances.diagnosis.follow(&answered);
    }
    tell_request(visit, sp);
    let Message { received, relay_state } = message?;
    let relay_state = relay_state.as_deref();
    match received {
        Ok(Content::Message(received)) => dispatch(at, visit, sp, received, relay_state).await,
        Ok(Content::Artifact(artifact)) if at == EndpointKind::Acs => {
            acs::resolve(visit, sp, &artifact, relay_state).await
        }
        Ok(Content::Artifact(_)) => {
            let detail = format!("an artifact came to {}, which takes none", at.directive());
            let refusal = Refusal::new(&reason::MESSAGE_UNEXPECTED, detail);
            refuse(visit, sp, relay_state, refusal)
        }
        // The page on which a logout ends.
        Err(refusal) if at == EndpointKind::Sls && is_without_message(visit, &refusal) => {
            logged_out::show(visit, sp, unreadable(visit, sp, refusal)).await
        }
        Err(refusal) => refuse(visit, sp, relay_state, refusal),
    }
}

/// Tells the request, in a story that begins when the client's address says so.
pub(super) fn tell_request<S: SessionStore>(visit: &Visit, sp: &Sp<S>) {
    sp.join_by_address(&visit.circumstances, visit.now);
    recorded::request(&visit.circumstances, &visit.head, || sp.cookie_facts(&visit.head));
}

/// A message, or why it cannot be read, and what came with it.
struct Message {
    received: Result<Content, Refusal>,
    relay_state: Option<String>,
}

/// What stands in the place of the message.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and mostly the large one")]
enum Content {
    Message(Received),
    /// A reference to it (Bindings 3.6).
    Artifact(Artifact),
}

impl Message {
    /// A form or a query in which no message was found, for `refusal`, may hold an artifact.
    fn without(refusal: Refusal, pairs: &[u8]) -> Self {
        let artifact = match refusal.reason() == &reason::MESSAGE_MISSING {
            true => decode_artifact(pairs),
            false => Ok(None),
        };
        match artifact {
            Ok(Some(ArtifactMessage { artifact, relay_state })) => {
                Self { received: Ok(Content::Artifact(artifact)), relay_state }
            }
            Ok(None) => Self { received: Err(refusal), relay_state: relay_state_of(pairs) },
            Err(refusal) => Self { received: Err(refusal), relay_state: relay_state_of(pairs) },
        }
    }
}

/// A form (HTTP-POST, HTTP-POST-SimpleSign), or an envelope (SOAP; PAOS at the ACS, where programs may log
/// in).
async fn of_body<S: SessionStore>(
    at: EndpointKind,
    visit: &Visit,
    sp: &Sp<S>,
) -> Result<Message, Refusal> {
    let limit = body_limit(sp);
    if declared_length(visit).is_some_and(|declared| declared > limit) {
        return Err(unreadable(visit, sp, too_large(sp)));
    }
    let body = match visit.body(limit).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => return Err(unreadable(visit, sp, too_large(sp))),
        Err(BodyError::Unreadable) => {
            let detail = "nginx's temporary file cannot be read back";
            return Err(unreadable(visit, sp, Refusal::new(&reason::BODY_UNREADABLE, detail)));
        }
    };
    let content_type = http::content_type(&visit.head);
    if at == EndpointKind::Acs && sp.takes_paos.get() && is_paos(content_type) {
        return Ok(match receive_paos(&body, &sp.limits()) {
            Ok((response, relay_state)) => {
                let received = Ok(Content::Message(Received::Response(response)));
                Message { received, relay_state }
            }
            Err(refusal) => Message { received: Err(refusal), relay_state: None },
        });
    }
    if is_soap(content_type) {
        let received = receive_soap(&body, &sp.limits()).map(Content::Message).map_err(no_answer);
        let relay_state = received.is_err().then(|| relay_state_of(&body)).flatten();
        return Ok(Message { received, relay_state });
    }
    Ok(match decode_post(content_type, &body, sp.max_message_size) {
        Ok(message) => {
            let relay_state = message.relay_state.clone();
            let received = receive_post(message, &sp.limits()).map(Content::Message);
            Message { received, relay_state }
        }
        Err(refusal) => Message::without(refusal, &body),
    })
}

/// How long the body is going to be, when the client says so (RFC 9110 8.6).
pub(super) fn declared_length(visit: &Visit) -> Option<usize> {
    std::str::from_utf8(visit.head.first("content-length")?).ok()?.parse().ok()
}

/// What a form or query that cannot be decoded says of the login or logout that it belongs to.
fn relay_state_of(pairs: &[u8]) -> Option<String> {
    let mut fields = form_urlencoded::parse(pairs);
    fields.find(|(name, _)| name == "RelayState").map(|(_, value)| value.into_owned())
}

/// A Fault answers a request, and nobody here asked.
fn no_answer(refusal: Refusal) -> Refusal {
    if refusal.reason() != &reason::SOAP_FAULT {
        return refusal;
    }
    Refusal::new(&reason::MESSAGE_UNEXPECTED, format!("a SOAP Fault: {}", refusal.detail()))
}

/// HTTP-Redirect, by which some IdPs answer a login by default, or HTTP-Artifact.
fn of_query<S>(visit: &Visit, sp: &Sp<S>) -> Message {
    match decode_redirect(visit.head.query(), sp.max_message_size) {
        Ok(message) => {
            let relay_state = message.relay_state.clone();
            let received = receive_redirect(message, &sp.limits()).map(Content::Message);
            Message { received, relay_state }
        }
        Err(refusal) => Message::without(refusal, visit.head.query()),
    }
}

fn is_without_message(visit: &Visit, refusal: &Refusal) -> bool {
    !visit.is_post() && refusal.reason() == &reason::MESSAGE_MISSING
}

/// Refuses what cannot be read, or is no answer to what was asked. When RelayState names a logout of
/// this browser it is the answer to that, and the user is out here all the same.
fn refuse<S: SessionStore>(
    visit: &Visit,
    sp: &Sp<S>,
    relay_state: Option<&str>,
    refusal: Refusal,
) -> Result<Reply, Refusal> {
    match logout_response::named_by(visit, sp, relay_state)? {
        Some(logout) => logout_response::settle(visit, sp, logout, Err(refusal)),
        None => Err(unreadable(visit, sp, refusal)),
    }
}

/// Nothing says who sent it but the browser, which may have a login or logout of ours under way.
fn unreadable<S: SessionStore>(visit: &Visit, sp: &Sp<S>, refusal: Refusal) -> Refusal {
    let (head, now) = (&visit.head, visit.now);
    let logs_out = || sp.pending_logouts(head, now).is_ok_and(|mut all| all.next().is_some());
    if sp.is_logging_in(head, now) || logs_out() {
        visit.circumstances.sender.set(Sender::Known);
    }
    refusal
}

async fn dispatch<S: SessionStore>(
    at: EndpointKind,
    visit: &Visit,
    sp: &Sp<S>,
    received: Received,
    relay_state: Option<&str>,
) -> Result<Reply, Refusal> {
    recorded::received(visit, &received);
    if sp.idp_of(received.issuer()).is_ok() {
        // What is refused from here on is no stranger's.
        visit.circumstances.sender.set(Sender::Known);
    }
    visit.circumstances.about.set(Some(match received {
        Received::Response(_) => About::SignIn,
        Received::LogoutRequest(_) | Received::LogoutResponse(_) => About::SignOut,
    }));
    let url = sp.endpoints.get(at).unwrap_or_else(|| sp.endpoints.acs());
    match received {
        Received::Response(_) if at == EndpointKind::Sls => {
            let acs = sp.endpoints.acs();
            let detail = format!("a Response came to saml_sls, the ACS is {acs}");
            let refusal = Refusal::new(&reason::MESSAGE_UNEXPECTED, detail);
            refuse(visit, sp, relay_state, refusal)
        }
        Received::Response(response) => acs::consume(visit, sp, response, relay_state).await,
        Received::LogoutRequest(request) => {
            logout_request::answer(visit, sp, request, url, relay_state).await
        }
        Received::LogoutResponse(response) => {
            logout_response::conclude(visit, sp, response, url, relay_state)
        }
    }
}

/// Base64 is a third more than the XML, percent-encoding some more; RelayState and strangers' fields
/// have room too.
fn body_limit<S>(sp: &Sp<S>) -> usize {
    sp.max_message_size.saturating_mul(2).saturating_add(16 << 10)
}

fn too_large<S>(sp: &Sp<S>) -> Refusal {
    Refusal::new(
        &reason::MESSAGE_TOO_LARGE,
        format!("the form is larger than max_message_size {} allows", sp.max_message_size),
    )
}
