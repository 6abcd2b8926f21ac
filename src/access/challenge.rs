//! A request that a location has not let in, as its SP sees it.

use std::rc::Rc;

use http::{Headers, escape_target};
use nginx_sys::{
    NGX_HTTP_GET, NGX_HTTP_HEAD, NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_HTTP_POST, NGX_LOG_WARN,
    ngx_int_t,
};
use ngx::http::Request;
use ngx::ngx_log_error;
use pages::Purpose;
use saml::reason::Reason;
use saml::refusal::Refusal;
use sp::{Challenge, Idp, Method};

use crate::clock::now;
use crate::context::Context;
use crate::module::{Protection, is_asked_by_proxy};
use crate::request::{SentHeaders, headers};
use crate::sessions::Sessions;
use crate::{respond, stories};

/// What the access phase returns when it cannot go on.
pub const FAILED: ngx_int_t = NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;

/// Refuses a request; who tries again wants the page that they wanted.
pub fn refuse(r: &mut Request, protection: &Protection, refusal: &Refusal) -> ngx_int_t {
    let remember = |challenge: Challenge<'_, Sessions, SentHeaders>| challenge.remember();
    match with_challenge(r, protection, None, refusal.reason(), &[], remember) {
        Some(()) => respond::refuse(r, refusal, &Purpose::default()),
        None => FAILED,
    }
}

/// Gives `work` the request as an SP sees it that has not let it in. `None` = out of memory.
pub fn with_challenge<T>(
    r: &Request,
    protection: &Protection,
    idp: Option<Rc<Idp>>,
    reason: &'static Reason,
    variables: &[(String, String)],
    work: impl FnOnce(Challenge<'_, Sessions, SentHeaders>) -> T,
) -> Option<T> {
    let context = Context::of_or_new(r)?;
    stories::enable(r, context.circumstances());
    let wanted = wanted(r);
    let challenge = Challenge {
        protection,
        idp,
        reason,
        head: headers(r),
        method: wanted.method,
        target: &escape_target(wanted.target),
        post: None,
        circumstances: context.circumstances(),
        variables,
        warn: &|what| {
            ngx_log_error!(NGX_LOG_WARN, r.log(), "saml: {}", what);
        },
    };
    challenge.record(now());
    Some(work(challenge))
}

/// What a browser wants.
struct Wanted<'r> {
    method: Method,
    target: &'r [u8],
}

fn wanted(r: &Request) -> Wanted<'_> {
    const GET: usize = (NGX_HTTP_GET | NGX_HTTP_HEAD) as usize;
    if is_asked_by_proxy(r) {
        return wanted_of_proxy(headers(r));
    }
    let method = match r.as_ref().method {
        method if method & GET != 0 => Method::Get,
        method if method == NGX_HTTP_POST as usize => Method::Post,
        _ => Method::Other,
    };
    Wanted { method, target: r.as_ref().unparsed_uri.as_bytes() }
}

/// As the proxy says that asks here. Where it does not, a login ends at the first page.
fn wanted_of_proxy(headers: &SentHeaders) -> Wanted<'_> {
    let method = match headers.first("X-Forwarded-Method") {
        None | Some(b"GET" | b"HEAD") => Method::Get,
        Some(b"POST") => Method::Post,
        Some(_) => Method::Other,
    };
    let target = headers.first("X-Forwarded-Uri").filter(|uri| uri.starts_with(b"/"));
    Wanted { method, target: target.unwrap_or(b"/") }
}
