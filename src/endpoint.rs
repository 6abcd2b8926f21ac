//! The locations that answer by themselves: runs the endpoint of a request, and does for it what
//! only the request can do.

use std::rc::Rc;

use nginx_sys::{
    NGX_DONE, NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_HTTP_SPECIAL_RESPONSE, ngx_http_finalize_request,
    ngx_http_read_client_request_body, ngx_http_request_t, ngx_int_t,
};
use ngx::http::{HttpModuleLocationConf, HttpModuleMainConf, Request};
use pages::{About, Purpose, Reply};
use saml::refusal::Refusal;
use sp::{Answer, EndpointKind, LiveSession, Sites, Visit, Wish};

use crate::clock::now;
use crate::context::{Context, Waiting};
use crate::entry::enter;
use crate::errand::{Conclusion, Errand, PendingBody, Step};
use crate::module::{SamlModule, Sp};
use crate::{audit, notice, request, respond, server_variable, stories};

const FAILED: ngx_int_t = NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;

/// The content handler of every endpoint, as the command table has it.
pub unsafe extern "C" fn handle(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx calls content handlers with a live request.
    let r = unsafe { Request::from_ngx_http_request(r) };
    enter(FAILED, || begin(r).unwrap_or(FAILED))
}

/// Begins the visit. `None` = out of memory.
fn begin(r: &mut Request) -> Option<ngx_int_t> {
    let (kind, sp) = match endpoint_here(r) {
        Ok(here) => here?,
        Err(refusal) => return Some(respond::refuse_host(r, &refusal)),
    };
    // A subrequest has a context of its own: several of one page may wait at once.
    if !r.is_main() {
        Context::of_subrequest(r)?;
    }
    stories::enable(r, Context::of_or_new(r)?.circumstances());
    let variables = variables(r, kind, &sp);
    sp.heed(now());
    run(r, variables, |visit| sp::answer(kind, visit, sp))
}

/// Begins work that answers `r`, and keeps a request that has to wait. `None` = out of memory.
pub fn run<F>(
    r: &mut Request,
    variables: Vec<(String, String)>,
    work: impl FnOnce(Visit) -> F,
) -> Option<ngx_int_t>
where
    F: Future<Output = Result<Reply, Refusal>> + 'static,
{
    let context = Context::of_or_new(r)?;
    let circumstances = Rc::clone(context.circumstances());
    let (head, client, address) = (request::head(r), request::client(r), request::address(r));
    let errand = Errand::start(address, audit::values(r), |server| {
        work(Visit { head, address, client, now: now(), variables, circumstances, server })
    });
    context.special().waiting.replace(Some(Waiting::Errand(errand)));
    Some(go_on(r).unwrap_or_else(|| {
        // SAFETY: r is live; `finalize` gives this reference back, as after a body was read.
        let main = unsafe { &mut *r.as_ref().main };
        main.set_count(main.count() + 1);
        NGX_DONE as ngx_int_t
    }))
}

/// The endpoint that the location of `r` is, and its SP at the origin where `r` is.
fn endpoint_here(r: &Request) -> Result<Option<(EndpointKind, Rc<Sp>)>, Refusal> {
    let Some(conf) = SamlModule::location_conf(r) else { return Ok(None) };
    Ok(conf.endpoint_at(r)?.map(|(kind, sp)| (kind, Rc::clone(sp))))
}

/// What a login may tell the IdP: where one begins, or goes on after an answer.
fn variables(r: &Request, kind: EndpointKind, sp: &Sp) -> Vec<(String, String)> {
    if !matches!(kind, EndpointKind::Login | EndpointKind::Discovery | EndpointKind::Acs) {
        return Vec::new();
    }
    server_variable::values(r, sp.variables())
}

/// Does what the errand wants until it is done; `None` = the request waits.
fn go_on(r: &mut Request) -> Option<ngx_int_t> {
    loop {
        match next_step(r) {
            None => {
                r.as_mut().write_event_handler = Some(resume);
                return None;
            }
            Some(Step::Wish(Wish::Body { limit, tell })) => {
                let body = PendingBody { limit, tell };
                Context::of(r)?.with_errand(|errand| errand.expect_body(body));
                return Some(read_body(r));
            }
            Some(Step::Wish(Wish::Notify { uri, session, tell })) => {
                let context = Context::of(r)?;
                let number = context.with_errand(|errand| errand.expect_answer(tell))?;
                notify(r, &uri, session, number);
            }
            Some(Step::Done(conclusion)) => return Some(conclude(r, conclusion)),
        }
    }
}

/// What the errand wants next; from here on the request waits for it where there is nothing yet.
fn next_step(r: &Request) -> Option<Step> {
    match &*Context::of(r)?.known_special()?.waiting.borrow() {
        Some(Waiting::Errand(errand)) => errand.next(r),
        _ => None,
    }
}

fn notify(r: &mut Request, uri: &str, live: Rc<LiveSession>, number: usize) {
    // The location may be of no SP.
    let all = SamlModule::main_conf(r).map(|main| main.sps.as_slice()).unwrap_or_default();
    let mut all = all.iter().flat_map(Sites::iter);
    let sp = all.find(|sp| sp.id == *live.session.sp()).cloned();
    let sent = sp.and_then(|sp| notice::send(r, &sp, uri, live, number));
    if sent.is_none()
        && let Some(context) = Context::of(r)
    {
        notice::answer(context, number, Answer::None);
    }
}

fn conclude(r: &mut Request, conclusion: Conclusion) -> ngx_int_t {
    let special = Context::of(r).and_then(Context::known_special);
    drop(special.and_then(|special| special.waiting.take()));
    match conclusion.take() {
        Ok(reply) => respond::send(r, &reply),
        Err(refusal) => respond::refuse(r, &refusal, &purpose(r)),
    }
}

/// What the location is for, when no message says it.
fn purpose(r: &Request) -> Purpose {
    match endpoint_here(r).ok().flatten() {
        Some((kind, sp)) => Purpose {
            about: kind.about(),
            takes_soap: true,
            start_again: sp.login_redirect.clone(),
        },
        None => Purpose { about: About::Operate, ..Purpose::default() },
    }
}

/// Write handler of a request that waits for its errand. nginx calls it when the errand has a step,
/// and for reasons of its own as well, when there is none to take.
unsafe extern "C" fn resume(r: *mut ngx_http_request_t) {
    // SAFETY: nginx calls a write handler with its live request.
    let request = unsafe { Request::from_ngx_http_request(r) };
    finalize(r, enter(Some(FAILED), || go_on(request)));
}

fn read_body(r: &mut Request) -> ngx_int_t {
    // SAFETY: r is live; the call counts a reference that `body_read` gives back.
    let rc = unsafe { ngx_http_read_client_request_body(r.as_mut(), Some(body_read)) };
    if rc >= NGX_HTTP_SPECIAL_RESPONSE as ngx_int_t { rc } else { NGX_DONE as ngx_int_t }
}

/// nginx has read the body; may run inside `read_body`.
unsafe extern "C" fn body_read(r: *mut ngx_http_request_t) {
    // SAFETY: nginx calls the body handler with the request it was set for.
    let request = unsafe { Request::from_ngx_http_request(r) };
    let rc = enter(Some(FAILED), || {
        let pending = Context::of(request).and_then(|c| c.with_errand(Errand::take_body).flatten());
        if let Some(PendingBody { limit, tell }) = pending {
            // The errand goes on inside.
            drop(tell.send(request::body(request, limit)));
        }
        go_on(request)
    });
    finalize(r, rc);
}

/// Ends a request whose reference count an endpoint holds; `None` = it waits.
fn finalize(r: *mut ngx_http_request_t, rc: Option<ngx_int_t>) {
    if let Some(rc) = rc {
        // SAFETY: `begin`, or reading the body, counted one reference; this gives it back.
        unsafe { ngx_http_finalize_request(r, rc) }
    }
}
