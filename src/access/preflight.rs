//! CORS preflights (Fetch 4.8). They carry no cookies, so they never have a session; but whoever
//! sends a request may call it one.

use nginx_sys::{NGX_HTTP_OPTIONS, ngx_int_t};
use ngx::http::Request;

use crate::config::{Preflight, Protection};
use crate::reply::Reply;
use crate::request;

/// What no browser's preflight has: who says who they are wants to be taken for it, and some
/// applications believe another method than the request line's.
const FOREIGN: [&str; 6] = [
    "cookie",
    "authorization",
    "upgrade",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
];

/// Longest list of headers that is repeated in an answer, bytes.
const MAX_HEADERS: usize = 1024;

/// Seconds that a browser may remember the answer.
const MAX_AGE: &str = "600";

/// What is done about a preflight.
pub enum Verdict {
    /// It is none, or to be treated like anything else.
    Ordinary,
    /// Let it go to the application.
    Pass,
    Answered(ngx_int_t),
}

/// Judges one request by `auth_saml_preflight`.
pub fn judge(r: &mut Request, protection: &Protection) -> Verdict {
    if protection.preflight == Preflight::Off || !is_preflight(r) {
        return Verdict::Ordinary;
    }
    if protection.preflight == Preflight::Pass {
        return Verdict::Pass;
    }
    match permission(r, protection) {
        Some(reply) => Verdict::Answered(reply.send(r)),
        None => Verdict::Ordinary,
    }
}

/// Lets scripts of an origin in `auth_saml_cors_origin` read an answer of this module.
pub fn share(r: &Request, protection: &Protection, reply: Reply) -> Reply {
    match known_origin(r, protection) {
        Some(origin) => shared(reply, origin),
        None => reply,
    }
}

fn is_preflight(r: &Request) -> bool {
    let headers_in = &r.as_ref().headers_in;
    r.as_ref().method == NGX_HTTP_OPTIONS as usize
        && headers_in.content_length_n <= 0
        && headers_in.chunked() == 0
        && request::header(r, "origin").is_some()
        && request::header(r, "access-control-request-method").is_some()
        && FOREIGN.iter().all(|name| request::header(r, name).is_none())
}

/// Leave to send the request that was asked for: whether it is let in is asked when it comes.
fn permission(r: &Request, protection: &Protection) -> Option<Reply> {
    let origin = known_origin(r, protection)?;
    let method = request::header(r, "access-control-request-method").and_then(token)?;
    let mut reply = shared(Reply::no_content(), origin)
        .with_header("Access-Control-Allow-Methods", method)
        .with_header("Access-Control-Max-Age", MAX_AGE.to_owned());
    if let Some(names) = request::header(r, "access-control-request-headers") {
        reply = reply.with_header("Access-Control-Allow-Headers", header_names(names)?);
    }
    Some(reply)
}

fn shared(reply: Reply, origin: String) -> Reply {
    reply
        .with_header("Access-Control-Allow-Origin", origin)
        .with_header("Access-Control-Allow-Credentials", "true".to_owned())
        .with_header("Vary", "Origin".to_owned())
}

fn known_origin(r: &Request, protection: &Protection) -> Option<String> {
    let origin = std::str::from_utf8(request::header(r, "origin")?).ok()?;
    protection.cors_origins.iter().find(|known| *known == origin).cloned()
}

/// `token` of RFC 9110 5.6.2.
fn token(text: &[u8]) -> Option<String> {
    let is_token = !text.is_empty() && text.len() <= 64 && text.iter().all(|&b| is_token_byte(b));
    is_token.then(|| String::from_utf8_lossy(text).into_owned())
}

fn header_names(list: &[u8]) -> Option<String> {
    let is_list = list.len() <= MAX_HEADERS
        && list.iter().all(|&b| is_token_byte(b) || matches!(b, b',' | b' ' | b'\t'));
    is_list.then(|| String::from_utf8_lossy(list).into_owned())
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
