//! CORS preflights (Fetch 4.8) by `auth_saml_preflight`.

use http::cors;
use nginx_sys::{NGX_HTTP_OPTIONS, ngx_int_t};
use ngx::http::Request;
use pages::Reply;

use crate::config::{Preflight, Protection};
use crate::request::headers;
use crate::respond;

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
    match cors::permission(headers(r), &protection.cors_origins) {
        Some(fields) => {
            Verdict::Answered(respond::send(r, &Reply::no_content().with_headers(fields)))
        }
        None => Verdict::Ordinary,
    }
}

/// Lets scripts of an origin in `auth_saml_cors_origin` read an answer of this module.
pub fn share(r: &Request, protection: &Protection, reply: Reply) -> Reply {
    match cors::sharing(headers(r), &protection.cors_origins) {
        Some(fields) => reply.with_headers(fields),
        None => reply,
    }
}

fn is_preflight(r: &Request) -> bool {
    let headers_in = &r.as_ref().headers_in;
    r.as_ref().method == NGX_HTTP_OPTIONS as usize
        && headers_in.content_length_n <= 0
        && headers_in.chunked() == 0
        && cors::is_preflight(headers(r))
}
