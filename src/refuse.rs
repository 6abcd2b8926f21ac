//! A refusal as people and programs see it: a log line, `$saml_error`, a page or JSON.

use http::{accepts_html, content_type};
use nginx_sys::{NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_LOG_ERR, NGX_LOG_WARN, ngx_int_t};
use ngx::http::Request;
use ngx::ngx_log_error;
use pages::json;
use saml::binding::{is_soap, soap_fault};
use saml::reason;
use saml::refusal::Refusal;

use crate::context::{About, Context};
use crate::endpoint;
use crate::reply::Reply;
use crate::request::headers;

/// Logs the refusal with its details and answers without them.
pub fn refuse(r: &mut Request, refusal: &Refusal) -> ngx_int_t {
    refuse_with(r, refusal, |reply| reply)
}

/// As [`refuse`], with something added to the answer.
pub fn refuse_with(
    r: &mut Request,
    refusal: &Refusal,
    finish: impl FnOnce(Reply) -> Reply,
) -> ngx_int_t {
    let Some(request_id) = note(r, refusal) else {
        return NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;
    };
    let status = refusal.status();
    let reply = if is_soap(content_type(headers(r))) && endpoint::kind_of(r).is_some() {
        // Bindings 3.2.3.3: a fault goes with a status of the server's.
        Reply::soap(status.max(500), soap_fault(refusal))
    } else if accepts_html(headers(r)) {
        Reply::html(status, html(r, refusal, &request_id))
    } else {
        Reply::json(status, json::refusal(refusal.code(), &request_id, None))
    };
    let reply = match status {
        503 => reply.with_header("Retry-After", "10".into()),
        _ => reply,
    };
    finish(reply.replaceable()).send(r)
}

/// The refusal for people, by what they were about to do.
fn html(r: &Request, refusal: &Refusal, request_id: &str) -> String {
    let (code, meaning) = (refusal.code(), refusal.meaning());
    let is = |reason: &saml::refusal::Reason| code == reason.code();
    match endpoint::about(r) {
        About::SignIn => sign_in_refused(r, refusal, request_id),
        About::SignOut if is(&reason::LOGOUT_CROSS_SITE) => {
            pages::ask_to_sign_out(code, request_id)
        }
        About::SignOut if is(&reason::MESSAGE_MISSING) => pages::no_sign_out(code, request_id),
        About::SignOut => pages::sign_out_refused(code, meaning, request_id),
    }
}

fn sign_in_refused(r: &Request, refusal: &Refusal, request_id: &str) -> String {
    let context = Context::of(r);
    let resumption = context.and_then(|context| context.resumption.borrow().clone());
    let start_again = context.and_then(|context| context.start_again.borrow().clone());
    let start_again = start_again
        .or_else(|| endpoint::sp_of(r).map(|sp| sp.login_redirect.clone()))
        .unwrap_or_else(|| "/".to_owned());
    pages::refusal(
        refusal.code(),
        refusal.meaning(),
        request_id,
        &start_again,
        resumption.as_deref(),
    )
}

/// A refusal where no body may be sent: in a subrequest.
pub fn refuse_subrequest(r: &Request, refusal: &Refusal) -> ngx_int_t {
    note(r, refusal);
    ngx_int_t::try_from(refusal.status()).unwrap_or(NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t)
}

/// Sets `$saml_error` and logs; returns the request id, or `None` without memory.
pub fn note(r: &Request, refusal: &Refusal) -> Option<String> {
    let context = Context::of_or_new(r)?;
    context.error.set(Some(refusal.code()));
    log(r, refusal, context);
    Some(context.request_id().to_owned())
}

fn log(r: &Request, refusal: &Refusal, context: &Context) {
    let is_error = refusal.is_error(context.sender.get());
    let level = if is_error { NGX_LOG_ERR } else { NGX_LOG_WARN };
    ngx_log_error!(level, r.log(), "saml: {}, request id: {}", refusal, context.request_id());
}
