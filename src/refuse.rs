//! A refusal as people and programs see it: a log line, `$saml_error`, a page or JSON.

use nginx_sys::{NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_LOG_ERR, NGX_LOG_WARN, ngx_int_t};
use ngx::http::Request;
use ngx::ngx_log_error;
use saml::reason;
use saml::refusal::{Blame, Refusal};

use crate::context::Context;
use crate::page;
use crate::reply::Reply;
use crate::request;

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
    let Some(context) = Context::of_or_new(r) else {
        return NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t;
    };
    context.error.set(Some(refusal.code()));
    let request_id = context.request_id().to_owned();
    log(r, refusal, &request_id);
    let status = status(refusal);
    let reply = if request::accepts_html(r) {
        let html = page::refusal(refusal.code(), refusal.meaning(), &request_id);
        Reply::html(status, html)
    } else {
        Reply::json(status, json(refusal.code(), &request_id, None))
    };
    let reply = match status {
        503 => reply.with_header("Retry-After", "10".into()),
        _ => reply,
    };
    finish(reply.replaceable()).send(r)
}

fn log(r: &Request, refusal: &Refusal, request_id: &str) {
    let level = match refusal.blame() {
        Blame::Client => NGX_LOG_WARN,
        Blame::Idp | Blame::Sp | Blame::Server => NGX_LOG_ERR,
    };
    ngx_log_error!(level, r.log(), "saml: {}, request id: {}", refusal, request_id);
}

/// The one place where blame becomes a status.
fn status(refusal: &Refusal) -> u16 {
    let code = refusal.code();
    if code == reason::METHOD_NOT_ALLOWED.code() {
        return 405;
    }
    if code == reason::MESSAGE_TOO_LARGE.code() || code == reason::XML_TOO_LARGE.code() {
        return 413;
    }
    if code == reason::FORM_CONTENT_TYPE.code() {
        return 415;
    }
    match refusal.blame() {
        Blame::Client => 400,
        Blame::Idp => 403,
        Blame::Sp => 500,
        Blame::Server => 503,
    }
}

/// The refusal for programs.
pub fn json(code: &str, request_id: &str, login_url: Option<&str>) -> String {
    let login_url = login_url.map(|url| format!(",\"login_url\":\"{url}\"")).unwrap_or_default();
    // The code and the ID are of our own alphabet; the URL was made of a checked origin and path.
    format!("{{\"error\":\"{code}\",\"request_id\":\"{request_id}\"{login_url}}}\n")
}
