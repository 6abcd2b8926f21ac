//! The locations that answer by themselves. Each is one async function that reads from top to
//! bottom: from a visit to a reply, or to the refusal that says why not.

mod acs;
mod logged_out;
mod login;
mod logout;
mod logout_request;
mod logout_response;
mod logout_soap;
mod message;
mod metadata;

use std::rc::Rc;

use http::{Headers, browser};
use pages::Reply;
use saml::reason;
use saml::refusal::{Refusal, quote};

use crate::endpoint_kind::EndpointKind;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

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
    match kind {
        EndpointKind::Acs | EndpointKind::Sls => message::answer(kind, &visit, &sp).await,
        EndpointKind::Login => login::answer(&visit, &sp),
        EndpointKind::Logout => logout::answer(&visit, &sp).await,
        EndpointKind::Metadata => metadata::answer(&visit, &sp),
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

/// Images, scripts and other parts of a page (Fetch 2.2.5) begin and end nothing: no person asked for
/// them. Of frames, `frames` do.
fn refuse_embedded(head: &impl Headers, frames: Frames) -> Result<(), Refusal> {
    let is_part = match (browser::is_framed(head), frames) {
        (true, Frames::Any) => false,
        (true, Frames::OfAPerson) => head.first("sec-fetch-user") != Some(b"?1"),
        (false, _) => browser::is_subresource(head),
    };
    if !is_part {
        return Ok(());
    }
    let destination = head.first("sec-fetch-dest").unwrap_or_default();
    let destination = quote(&String::from_utf8_lossy(destination));
    let detail = format!("Sec-Fetch-Dest is {destination}, no person's navigation and no fetch()");
    Err(Refusal::new(&reason::REQUEST_EMBEDDED, detail))
}

/// The frames in which something may begin or end.
enum Frames {
    Any,
    /// Those that a person has just clicked in.
    OfAPerson,
}

/// The `return` argument, checked and made absolute (the SP's origin or a host in `return_hosts`, and
/// no handler).
fn return_argument<S>(visit: &Visit, sp: &Sp<S>) -> Result<Option<String>, Refusal> {
    let Some(url) = visit.head.argument("return") else { return Ok(None) };
    sp.return_targets.check(&url).map(Some).ok_or_else(|| {
        Refusal::new(
            &reason::RETURN_URL_REFUSED,
            format!("the \"return\" argument is {}, this SP is {}", quote(&url), sp.base_url),
        )
    })
}
