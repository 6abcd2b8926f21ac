//! The locations that answer by themselves. Each is one async function that reads from top to
//! bottom: from a visit to a reply, or to the refusal that says why not.

mod acs;
mod debug_link;
mod discovery;
mod embedded;
mod events;
mod idp_logout;
mod jwks;
mod logged_out;
mod login;
mod logout;
mod logout_origin;
mod logout_request;
mod logout_response;
mod logout_soap;
mod message;
mod metadata;
mod return_argument;
mod session;
mod soap;

use std::rc::Rc;

use http::browser;
use pages::Reply;
use saml::reason;
use saml::refusal::{Refusal, quote};

use crate::endpoint_kind::EndpointKind;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

pub(crate) use self::debug_link::DEBUG_LINK;
pub(crate) use self::events::{PolledToken, error_code, hear};

/// Answers a visit to an endpoint.
///
/// # Errors
/// Why nothing was done, or not all of it.
pub async fn answer<S: SessionStore>(
    kind: EndpointKind,
    visit: Visit,
    sp: Rc<Sp<S>>,
) -> Result<Reply, Refusal> {
    refuse_method(kind, &visit)?;
    refuse_speculative(kind, &visit)?;
    record(kind, &visit, &sp);
    match kind {
        EndpointKind::Acs | EndpointKind::Sls => message::answer(kind, &visit, &sp).await,
        // What is large lies aside: it would be a part of every visit.
        EndpointKind::Login => Box::pin(login::answer(&visit, &sp)).await,
        EndpointKind::Discovery => Box::pin(discovery::answer(&visit, &sp)).await,
        EndpointKind::Logout => logout::answer(&visit, &sp).await,
        EndpointKind::Session => session::answer(&visit, &sp).await,
        EndpointKind::Metadata => metadata::answer(&visit, &sp),
        EndpointKind::Jwks => Ok(jwks::answer(&sp)),
        EndpointKind::Events => events::answer(&visit, &sp).await,
    }
}

/// Goes on in a story, or begins one, for who looks for a mistake. Which story a message belongs to it says itself.
fn record<S: SessionStore>(kind: EndpointKind, visit: &Visit, sp: &Sp<S>) {
    let is_told = match kind {
        EndpointKind::Acs | EndpointKind::Sls => false,
        EndpointKind::Login | EndpointKind::Discovery | EndpointKind::Logout => true,
        // They are no steps of a login.
        EndpointKind::Session
        | EndpointKind::Metadata
        | EndpointKind::Jwks
        | EndpointKind::Events => return,
    };
    sp.join_by_cookie(&visit.circumstances, &visit.head, visit.now, |_| true);
    if is_told {
        message::tell_request(visit, sp);
    }
}

fn refuse_method(kind: EndpointKind, visit: &Visit) -> Result<(), Refusal> {
    let allowed = kind.methods();
    let method = visit.head.method();
    if allowed.contains(&method) {
        return Ok(());
    }
    let allowed = allowed.join(", ");
    let detail = format!("the method is {}, the endpoint takes {allowed}", quote(method));
    visit.circumstances.allow.replace(Some(allowed));
    Err(Refusal::new(&reason::METHOD_NOT_ALLOWED, detail))
}

/// What a browser does ahead of a person, who may never go there, begins and ends nothing.
fn refuse_speculative(kind: EndpointKind, visit: &Visit) -> Result<(), Refusal> {
    if !kind.has_effect() || !browser::is_speculative(&visit.head) {
        return Ok(());
    }
    let detail = "the browser prefetches or prerenders (Sec-Purpose, Purpose or X-Moz)";
    Err(Refusal::new(&reason::REQUEST_SPECULATIVE, detail))
}
