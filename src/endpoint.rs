//! The locations that answer by themselves.

mod acs;
mod incoming;
mod logged_out;
mod login;
mod logout;
mod logout_request;
mod logout_response;
mod logout_soap;
mod metadata;

use std::rc::Rc;

use http::{Headers, browser};
use nginx_sys::{
    NGX_DONE, NGX_HTTP_GET, NGX_HTTP_HEAD, NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_HTTP_POST,
    NGX_HTTP_SPECIAL_RESPONSE, ngx_http_finalize_request, ngx_http_read_client_request_body,
    ngx_http_request_t, ngx_int_t,
};
use ngx::http::{HttpModuleLocationConf, Request};
use pages::{About, Purpose, Reply};
use saml::reason;
use saml::refusal::{Refusal, quote};

use crate::SamlModule;
use crate::config::{EndpointKind, Sp};
use crate::context::Context;
use crate::errand::{Errand, NextStep, Step};
use crate::guard::enter;
use crate::request::{self, headers};
use crate::respond;
use crate::suspend::{self, Departure, Started};

/// The content handler of an endpoint.
pub fn handler(kind: EndpointKind) -> ContentHandler {
    match kind {
        EndpointKind::Acs | EndpointKind::Sls => handle_message,
        EndpointKind::Login => handle_login,
        EndpointKind::Logout => handle_logout,
        EndpointKind::Metadata => handle_metadata,
    }
}

type ContentHandler = unsafe extern "C" fn(*mut ngx_http_request_t) -> ngx_int_t;

const FAILED: ngx_int_t = NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;

/// What an endpoint does with a request of a method it takes.
type Work = fn(&mut Request, &Rc<Sp>) -> Result<Answer, Refusal>;

/// What an endpoint answers, or does first.
pub enum Answer {
    Now(Reply),
    /// What it comes to, whether or not the client waits for it.
    Later(Errand),
    /// nginx reads the body first.
    WithBody,
}

unsafe extern "C" fn handle_login(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    enter(FAILED, || content(unsafe { Request::from_ngx_http_request(r) }, GET, login::start))
}

unsafe extern "C" fn handle_logout(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    let r = unsafe { Request::from_ngx_http_request(r) };
    enter(FAILED, || content(r, GET_OR_POST, logout::finish))
}

unsafe extern "C" fn handle_metadata(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    enter(FAILED, || content(unsafe { Request::from_ngx_http_request(r) }, GET, metadata::publish))
}

unsafe extern "C" fn handle_message(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    let r = unsafe { Request::from_ngx_http_request(r) };
    let is_post = r.as_ref().method & NGX_HTTP_POST as usize != 0;
    let work = if is_post { incoming::expect_body } else { incoming::consume_query };
    enter(FAILED, || content(r, GET_OR_POST, work))
}

/// nginx has read the body of a POST; may run inside `content`.
unsafe extern "C" fn body_read(r: *mut ngx_http_request_t) {
    // SAFETY: nginx calls the body handler with the request it was set for.
    let request = unsafe { Request::from_ngx_http_request(r) };
    let rc = enter(Some(FAILED), || answer(request, GET_OR_POST, incoming::consume_body));
    finalize(r, rc);
}

/// Runs a content handler, and keeps a request that has to wait. A subrequest has a context of its
/// own: several of one page may wait at once.
fn content(r: &mut Request, takes: Methods, work: Work) -> ngx_int_t {
    if !r.is_main() && Context::of_subrequest(r).is_none() {
        return FAILED;
    }
    answer(r, takes, work).unwrap_or_else(|| {
        // SAFETY: r is live; `finalize` gives this reference back, as after a body was read.
        let main = unsafe { &mut *r.as_ref().main };
        main.set_count(main.count() + 1);
        NGX_DONE as ngx_int_t
    })
}

/// Write handler of a request that waits for its errand. nginx calls it when the errand has a step,
/// and for reasons of its own as well, when there is none to take.
unsafe extern "C" fn resume(r: *mut ngx_http_request_t) {
    // SAFETY: nginx calls a write handler with its live request.
    let request = unsafe { Request::from_ngx_http_request(r) };
    let rc = enter(Some(FAILED), || {
        let step = next_step(request)?;
        proceed(request, step)
    });
    finalize(r, rc);
}

/// Ends a request whose reference count an endpoint holds; `None` = it waits.
fn finalize(r: *mut ngx_http_request_t, rc: Option<ngx_int_t>) {
    if let Some(rc) = rc {
        // SAFETY: `content`, or reading the body, counted one reference; this gives it back.
        unsafe { ngx_http_finalize_request(r, rc) }
    }
}

/// What the errand that this request waits for wants; `None` = it waits on, or for none.
fn next_step(r: &Request) -> Option<NextStep> {
    let mut slot = Context::of(r)?.errand.borrow_mut();
    let step = slot.as_ref()?.take(r)?;
    *slot = None;
    Some(step.flatten())
}

/// Does what an errand wants; `None` = the request waits.
fn proceed(r: &mut Request, step: NextStep) -> Option<ngx_int_t> {
    match step {
        Some((Step::Notify(notice), errand)) => {
            notice.send(r);
            follow(r, errand)
        }
        Some((Step::Done(conclusion), _)) => Some(conclude(r, conclusion.take())),
        None => Some(respond::refuse(r, &Refusal::internal("a panic"), &purpose(r))),
    }
}

fn conclude(r: &mut Request, outcome: Result<Reply, Refusal>) -> ngx_int_t {
    match outcome {
        Ok(reply) => respond::send(r, &reply),
        Err(refusal) => respond::refuse(r, &refusal, &purpose(r)),
    }
}

/// HTTP methods, for nginx and for people.
struct Methods {
    mask: u32,
    names: &'static str,
}

const GET: Methods = Methods { mask: NGX_HTTP_GET | NGX_HTTP_HEAD, names: "GET, HEAD" };
/// Of what has an effect, which a HEAD must not have (RFC 9110 9.2.1).
const GET_OR_POST: Methods = Methods { mask: NGX_HTTP_GET | NGX_HTTP_POST, names: "GET, POST" };

/// Does an endpoint's work, and turns its refusal into an answer; `None` = the request waits.
fn answer(r: &mut Request, takes: Methods, work: Work) -> Option<ngx_int_t> {
    let Some(sp) = sp_of(r) else { return Some(FAILED) };
    if r.as_ref().method & takes.mask as usize == 0 {
        let method = quote(&r.as_ref().method_name.to_string());
        let detail = format!("the method is {method}, the endpoint takes {}", takes.names);
        let refusal = Refusal::new(&reason::METHOD_NOT_ALLOWED, detail);
        let allow = |reply: Reply| reply.with_header("Allow", takes.names.into());
        return Some(respond::refuse_with(r, &refusal, &purpose(r), allow));
    }
    match only_in_earnest(r).and_then(|()| work(r, &sp)) {
        Ok(Answer::Now(reply)) => Some(respond::send(r, &reply)),
        Ok(Answer::Later(errand)) => follow(r, errand),
        Ok(Answer::WithBody) => Some(read_body(r)),
        Err(refusal) => Some(respond::refuse(r, &refusal, &purpose(r))),
    }
}

/// What a browser does ahead of a person, who may never go there, begins and ends nothing.
fn only_in_earnest(r: &Request) -> Result<(), Refusal> {
    if kind_of(r) == Some(EndpointKind::Metadata) || !browser::is_speculative(headers(r)) {
        return Ok(());
    }
    let detail = "the browser prefetches or prerenders (Sec-Purpose, Purpose or X-Moz)";
    Err(Refusal::new(&reason::REQUEST_SPECULATIVE, detail))
}

/// Waits for the errand's next step.
fn follow(r: &mut Request, errand: Errand) -> Option<ngx_int_t> {
    let Some(context) = Context::of_or_new(r) else { return Some(FAILED) };
    match suspend::start(r, Departure::IsIgnored, errand.next()) {
        Started::Done(step) => proceed(r, step.flatten()),
        Started::Waiting(suspension) => {
            *context.errand.borrow_mut() = Some(suspension);
            r.as_mut().write_event_handler = Some(resume);
            None
        }
    }
}

fn read_body(r: &mut Request) -> ngx_int_t {
    // SAFETY: r is live; the call counts a reference that `body_read` gives back.
    let rc = unsafe { ngx_http_read_client_request_body(r.as_mut(), Some(body_read)) };
    if rc >= NGX_HTTP_SPECIAL_RESPONSE as ngx_int_t { rc } else { NGX_DONE as ngx_int_t }
}

/// The SP whose endpoint answers `r`.
pub fn sp_of(r: &Request) -> Option<Rc<Sp>> {
    SamlModule::location_conf(r)?.location().endpoint.as_ref().map(|(_, sp)| Rc::clone(sp))
}

/// Which endpoint answers `r`; `None` = none of ours.
pub fn kind_of(r: &Request) -> Option<EndpointKind> {
    SamlModule::location_conf(r)?.location().endpoint.as_ref().map(|(kind, _)| *kind)
}

/// What the endpoint that answers `r` is for.
fn purpose(r: &Request) -> Purpose {
    let about = match kind_of(r) {
        Some(EndpointKind::Sls | EndpointKind::Logout) => About::SignOut,
        Some(EndpointKind::Acs | EndpointKind::Login | EndpointKind::Metadata) | None => {
            About::SignIn
        }
    };
    let start_again = sp_of(r).map_or("/".to_owned(), |sp| sp.login_redirect.clone());
    Purpose { about, takes_soap: kind_of(r).is_some(), start_again }
}

/// Images, scripts and other parts of a page (Fetch 2.2.5) begin and end nothing: no person asked for
/// them. Of frames, `frames` do.
fn refuse_embedded(r: &Request, frames: Frames) -> Result<(), Refusal> {
    let is_part = match (browser::is_framed(headers(r)), frames) {
        (true, Frames::Any) => false,
        (true, Frames::OfAPerson) => headers(r).first("sec-fetch-user") != Some(b"?1"),
        (false, _) => browser::is_subresource(headers(r)),
    };
    if !is_part {
        return Ok(());
    }
    let destination = headers(r).first("sec-fetch-dest").unwrap_or_default();
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
fn return_argument(r: &Request, sp: &Sp) -> Result<Option<String>, Refusal> {
    let Some(url) = request::argument(r, "return") else { return Ok(None) };
    sp.return_targets.check(&url).map(Some).ok_or_else(|| {
        Refusal::new(
            &reason::RETURN_URL_REFUSED,
            format!("the \"return\" argument is {}, this SP is {}", quote(&url), sp.base_url),
        )
    })
}
